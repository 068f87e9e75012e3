// The event loop: io threads, timers, and small pools for work that blocks.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/net/task.h"
#include "base/status.h"

namespace lazurite {

// Owns an Asio io_context. Asio is seen only by the sources of this folder.
class Loop final : public Executor {
 public:
  Loop();
  ~Loop() override;

  void Post(std::function<void()> work) override;
  void Dispatch(std::function<void()> work) override;
  // Runs on this thread until Stop; may be called by several threads.
  void Run();
  void Stop();  // safe from any thread

  // Waits at least `duration`.
  Task<void> Sleep(Duration duration);
  // Calls `work` on the loop after `duration`, unless the returned handle is destroyed before.
  std::shared_ptr<void> After(Duration duration, std::function<void()> work);
  // Runs `work` on a thread of the blocking pool and goes on on the loop: for slow disks, hashing,
  // directory walks.
  Task<void> Blocking(std::function<void()> work);
  // The same on threads of their own, for what is soon done and waited for by somebody who looks:
  // the next bytes of a log, a list of files. Slow work cannot hold it up.
  Task<void> Briefly(std::function<void()> work);

  // Resolves when `fd` is readable (inotify, pidfd, sockets of libraries). kCancelled if the loop
  // stops.
  Task<Status> Readable(int fd);

  // Calls `handler` on the loop for SIGTERM and SIGINT, each time one comes.
  void OnTermination(std::function<void(int signal)> handler);

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace lazurite
