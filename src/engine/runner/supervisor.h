// Watches the job's processes until none is left, and says how it ended.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "domain/attempt/attempt.h"
#include "engine/runner/ranks.h"
#include "engine/runner/signals.h"

namespace lazurite::runner {

struct Watched {
  pid_t pid = 0;
  int rank = 0;
  bool is_server = false;
};

// How the job's processes ended.
struct Outcome {
  std::string cause;  // as in ExitRecord
  std::optional<int> code;
  std::optional<int> signal;
  int rank = 0;
  std::string message;
  ResourceUse usage;
  std::vector<ResourceUse> rank_usage;
};

// Takes and counts everything that ends below this process, which must be a subreaper: ranks and
// whatever they left behind.
class Supervisor final {
 public:
  struct Options {
    std::vector<Watched> processes;
    std::optional<Duration> timeout;
    Duration grace{};
    // MPI: the file in which ranks say that they failed; else "".
    std::string failures;
    // Not all of the job could be started: what runs is to be ended.
    bool is_broken = false;
  };
  Supervisor(Signals& signals, Options options);

  // Returns when no process of the job is left.
  Outcome Watch();

 private:
  using Clock = std::chrono::steady_clock;
  struct Process {
    Watched watched;
    bool has_ended = false;
    int status = 0;
    ResourceUse usage;
  };

  void Reap();
  void Ended(Process& process, int status);
  void Decide(std::string cause, std::string message);
  void EndByWish();
  void TakeMpiFailure();
  bool HaveAllEnded() const;
  void EndAll(int signal);
  void EndLeftovers();
  std::optional<Duration> TimeLeft() const;

  Signals& signals_;
  const Options options_;
  std::vector<Process> processes_;
  Outcome outcome_;
  bool is_ending_ = false;  // others are being ended, for the reason in outcome_
  bool is_killing_ = false;
  int64_t kills_before_;        // by the kernel, for want of memory
  Clock::time_point deadline_;  // of the timeout, then of the grace
};

}  // namespace lazurite::runner
