// Says on standard error what a job is doing while its log is followed.
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "app/cli/context.h"
#include "app/cli/server.h"

namespace lazurite::cli {

// Says each note of a job once, whoever comes with it and how often. For one thread at a time.
class JobNotes {
 public:
  // `live` is GetLiveJob's.
  void Tell(const Terminal& terminal, const Json& live);

 private:
  std::set<std::string> told_;
};

// Looks at the job on a thread of its own, more and more seldom (at most every kPauseMax), and says
// each new state, note, and the reason why it waits. Failures are silent: the log's follower tells.
class JobWatch {
 public:
  static constexpr Duration kPauseMin{100};
  static constexpr Duration kPauseMax{1000};

  // What it has no time to say any more (a short job's log ends before its first look) is for
  // whoever asks how the job ended: `notes` knows what was said.
  JobWatch(const Context& context, std::string job, JobNotes& notes);
  ~JobWatch();  // stops it
  JobWatch(const JobWatch&) = delete;
  JobWatch& operator=(const JobWatch&) = delete;

 private:
  void Run();
  void Tell(const Json& job);
  bool Sleep(Duration duration);  // false if it is to stop

  const Context& context_;
  const std::string job_;
  JobNotes& notes_;
  std::atomic<bool> is_stopped_ = false;
  std::string reason_;
  std::string state_;
  std::thread thread_;
};

}  // namespace lazurite::cli
