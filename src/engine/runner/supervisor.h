// Watches the job's processes until none is left, and says how it ended.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "domain/attempt/attempt.h"
#include "domain/attempt/process.h"
#include "engine/runner/disk_watch.h"
#include "engine/runner/limits.h"
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
  std::string note;  // for the job's page, or ""
  ResourceUse usage;
  std::vector<ResourceUse> rank_usage;
};

// Takes and counts everything that ends below this process, which must be a subreaper: ranks and
// whatever they left behind.
class Supervisor final {
 public:
  static constexpr Duration kKillMax{std::chrono::seconds(30)};

  struct Options {
    std::vector<Watched> processes;
    std::optional<Duration> timeout;
    Duration grace{};
    // MPI: the file in which ranks say that they failed; else "".
    std::string failures;
    // Not all of the job could be started: what runs is to be ended.
    bool is_broken = false;
    const Limits* limits = nullptr;
    DiskWatch* disk = nullptr;  // looks as long as processes run, and when they have ended
    // How signals are sent.
    bool (*signal)(pid_t pid, int64_t start_time, int signal) = SignalProcess;
    // What is still there so long after the first SIGKILL is left behind: it hangs in the kernel.
    Duration kill_max = kKillMax;
  };
  Supervisor(Signals& signals, Options options);

  // Returns when no process of the job is left, or what is left cannot be ended.
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
  bool HasRunOut() const;
  void DecideOutOfMemory(int rank);
  void EndByWish();
  void TakeMpiFailure();
  bool HaveAllEnded() const;
  void EndAll(int signal);
  void EndLeftovers();
  void Kill();
  bool IsHopeless() const;
  std::optional<Duration> TimeLeft() const;
  std::optional<Duration> UntilNextLook() const;

  Signals& signals_;
  const Options options_;
  std::vector<Process> processes_;
  Outcome outcome_;
  bool is_ending_ = false;  // others are being ended, for the reason in outcome_
  bool is_killing_ = false;
  int64_t kills_before_;  // by the kernel, for want of memory
  std::optional<Clock::time_point> killing_since_;
  Clock::time_point deadline_;  // of the timeout, then of the grace
};

}  // namespace lazurite::runner
