// Says on standard error what a job is doing while its log is followed.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "app/cli/context.h"
#include "app/cli/server.h"

namespace lazurite::cli {

// Looks at the job on a thread of its own, more and more seldom (at most every kPauseMax), and says
// each new state, note, and the reason why it waits. Failures are silent: the log's follower tells.
class JobWatch {
 public:
  static constexpr Duration kPauseMin{100};
  static constexpr Duration kPauseMax{1000};

  JobWatch(const Context& context, std::string job);
  ~JobWatch();  // stops it
  JobWatch(const JobWatch&) = delete;
  JobWatch& operator=(const JobWatch&) = delete;

 private:
  void Run();
  void Tell(const Json& job);
  bool Sleep(Duration duration);  // false if it is to stop

  const Context& context_;
  const std::string job_;
  std::atomic<bool> is_stopped_ = false;
  std::string reason_;
  std::string state_;
  size_t notes_ = 0;
  std::thread thread_;
};

}  // namespace lazurite::cli
