// One log file of a job, followed by byte offset: no byte lost or doubled, also when the server
// goes away and comes back.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "app/cli/context.h"
#include "app/cli/server.h"
#include "base/clock.h"
#include "base/locked.h"

namespace lazurite::cli {

// Says once that the server is away and once that it is back, whoever of several followers notices.
class AwayNotice {
 public:
  explicit AwayNotice(const Terminal& terminal) : terminal_(terminal) {}
  void Away(const std::string& server);
  void Back();

 private:
  const Terminal& terminal_;
  Locked<bool> is_away_{false};
};

class LogFollower {
 public:
  // How long a server may be away before the follower gives up.
  static constexpr Duration kAwayMax{std::chrono::minutes(15)};
  using Sink = std::function<void(std::string_view bytes)>;

  struct File {
    std::string job;
    std::string path;        // "user_logs/std_log.txt"
    int64_t offset = 0;      // where to begin
    bool has_follow = true;  // until the job has ended; else up to the end of the file now
  };
  LogFollower(const Context& context, AwayNotice& notice, File file)
      : context_(context), notice_(notice), file_(std::move(file)) {}

  // Blocks until all bytes are given to `sink`, or until Stop. kUnavailable: the server was away
  // too long; kNotFound: no such job.
  Status Run(const Sink& sink);
  // From any thread.
  void Stop();

 private:
  Status Connect();
  Status ReadOnce(const Sink& sink);
  // True if the job has ended and all of the file is read.
  Result<bool> IsComplete();
  void Sleep(Duration duration);

  const Context& context_;
  AwayNotice& notice_;
  File file_;
  std::atomic<bool> is_stopped_ = false;
  Locked<std::shared_ptr<Server>> server_;
};

// Where the last `lines` lines of the file's first `size` bytes begin.
Result<int64_t> FindTailOffset(Server& server, const std::string& job, const std::string& path,
                               int64_t size, int64_t lines);

std::string LogTarget(const std::string& job, const std::string& path);

}  // namespace lazurite::cli
