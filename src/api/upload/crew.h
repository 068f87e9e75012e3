// Threads that store the loads of a body while more come in.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "api/upload/cutter.h"
#include "base/status.h"

namespace lazurite::upload {

class Crew {
 public:
  static constexpr size_t kThreadsMax = 4;
  // Loads that wait beyond so many hold the sender back.
  static constexpr size_t kWaitingMax = 6;

  // Threads come as loads do. `work` is called by several at once, until one fails.
  explicit Crew(std::function<Status(Load&)> work);
  ~Crew() { End(); }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // False if the queue is full: wait for WhenRoom.
  bool Add(Load load);
  // Calls `done` once there is room, or the work has failed; from any thread, also inside the call.
  void WhenRoom(std::function<void(bool)> done);
  // Lets the threads work through what is there and ends them. Blocks. Loads added afterwards are
  // dropped.
  void End();
  // What went wrong first.
  Status status() const;

 private:
  void Run();
  bool IsFull() const { return waiting_.size() > kWaitingMax && status_.ok() && !is_ending_; }

  const std::function<Status(Load&)> work_;
  const size_t threads_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Load> waiting_;
  size_t idle_ = 0;
  bool is_ending_ = false;
  Status status_;
  std::function<void(bool)> waiter_;
  std::mutex joining_;
  std::vector<std::thread> threads_;
};

}  // namespace lazurite::upload
