#include "engine/runner/supervisor.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <cstring>

#include "base/text.h"
#include "domain/attempt/process.h"

namespace lazurite::runner {
namespace {

// How long what a finished job left behind may take to end by itself.
constexpr Duration kLeftoverGrace{std::chrono::seconds(2)};
// While killing: looks again after this time, for what came to be meanwhile.
constexpr Duration kKillAgain{20};
// A rank can go on when the kernel has ended one of its processes: looked for so often.
constexpr Duration kMemoryLookEvery{500};
constexpr int64_t kBlockBytes = 512;  // in which the kernel counts what goes to and from storage
constexpr int kKilledCode = 128 + SIGKILL;  // how a shell says that its child was killed

int64_t KillsForMemory() {
  const Result<std::string> text = ReadFile("/proc/vmstat");
  if (!text.ok()) return 0;
  for (const std::string_view line : Split(text.value(), '\n')) {
    if (line.starts_with("oom_kill ")) return ParseInt(line.substr(9)).value_or(0);
  }
  return 0;
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void Add(const ResourceUse& use, ResourceUse& sum) {
  sum.cpu_s += use.cpu_s;
  sum.rss_max_bytes += use.rss_max_bytes;
  sum.read_bytes += use.read_bytes;
  sum.written_bytes += use.written_bytes;
}

std::string SignalText(int signal) {
  const char* const name = sigabbrev_np(signal);
  return "signal " + std::to_string(signal) + " (SIG" + (name == nullptr ? "?" : name) + ")";
}

std::string EndText(int status) {
  if (WIFSIGNALED(status)) return "was ended by " + SignalText(WTERMSIG(status));
  return "ended with exit code " + std::to_string(WEXITSTATUS(status));
}

// Also true if a shell says so of its child.
bool WasKilled(int status) {
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGKILL;
  return WEXITSTATUS(status) == kKilledCode;
}

bool HasChildren() {
  siginfo_t info{};
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

}  // namespace

Supervisor::Supervisor(Signals& signals, Options options)
    : signals_(signals), options_(std::move(options)), kills_before_(KillsForMemory()) {
  for (const Watched& one : options_.processes) processes_.push_back({one, false, 0, {}});
  if (options_.timeout) deadline_ = Clock::now() + *options_.timeout;
}

Outcome Supervisor::Watch() {
  if (options_.is_broken) Decide("runner", "not all ranks could be started");
  while (true) {
    Reap();
    if (options_.disk != nullptr) options_.disk->Look();
    if (HaveAllEnded() || IsHopeless()) break;
    EndByWish();
    signals_.Wait(UntilNextLook());
  }
  EndLeftovers();
  if (!options_.failures.empty()) TakeMpiFailure();
  for (size_t i = 0; i < processes_.size(); ++i) {
    Process& process = processes_[i];
    if (options_.limits != nullptr) process.usage.memory_peak_bytes = options_.limits->PeakOf(i);
    outcome_.rank_usage.push_back(process.usage);
    Add(process.usage, outcome_.usage);
  }
  if (options_.limits != nullptr) outcome_.usage.memory_peak_bytes = options_.limits->Peak();
  if (outcome_.cause.empty()) outcome_.cause = "exited";
  if (outcome_.cause == "exited" && !outcome_.code) outcome_.code = 0;
  return outcome_;
}

// Takes all children that have ended: ranks, and orphans that came to us.
void Supervisor::Reap() {
  while (true) {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
    rusage used{};
    int status = 0;
    if (wait4(info.si_pid, &status, WNOHANG, &used) != info.si_pid) return;
    const ResourceUse use{Seconds(used.ru_utime) + Seconds(used.ru_stime),
                          int64_t{used.ru_maxrss} * 1024, used.ru_inblock * kBlockBytes,
                          used.ru_oublock * kBlockBytes, 0};
    bool is_rank = false;
    for (Process& process : processes_) {
      if (process.watched.pid != info.si_pid || process.has_ended) continue;
      is_rank = true;
      process.usage = use;
      Ended(process, status);
    }
    if (is_rank) continue;
    // A daemon's memory was not used beside the ranks' for sure; its time and bytes were.
    outcome_.usage.cpu_s += use.cpu_s;
    outcome_.usage.read_bytes += use.read_bytes;
    outcome_.usage.written_bytes += use.written_bytes;
  }
}

void Supervisor::Ended(Process& process, int status) {
  process.has_ended = true;
  process.status = status;
  if (status == 0 || is_ending_) return;
  outcome_.rank = process.watched.rank;
  if (WIFSIGNALED(status)) {
    outcome_.signal = WTERMSIG(status);
  } else {
    outcome_.code = WEXITSTATUS(status);
  }
  const bool is_counted = options_.limits != nullptr && options_.limits->is_counted();
  if (is_counted ? HasRunOut() : WasKilled(status) && HasRunOut()) {
    return DecideOutOfMemory(process.watched.rank);
  }
  const std::string hint =
      options_.limits == nullptr ? "" : options_.limits->Hint(process.usage.rss_max_bytes);
  if (processes_.size() > 1) {
    return Decide("rank_failed", "rank " + std::to_string(process.watched.rank) + " " +
                                     EndText(status) + hint + "; the other ranks were ended");
  }
  Decide(WIFSIGNALED(status) ? "signaled" : "exited", "the command " + EndText(status) + hint);
}

// The kernel has ended something for want of memory: of this job, where its group counts, else of
// somebody.
bool Supervisor::HasRunOut() const {
  if (options_.limits != nullptr && options_.limits->is_counted()) {
    return options_.limits->HasRunOut();
  }
  return KillsForMemory() > kills_before_;
}

// Nothing of it goes on: what is left would wait for what was ended.
void Supervisor::DecideOutOfMemory(int rank) {
  if (options_.limits != nullptr && options_.limits->is_counted()) {
    outcome_.rank = processes_[options_.limits->RankThatRanOut()].watched.rank;
    Decide("out_of_memory", options_.limits->WhatRanOut());
  } else {
    Decide("out_of_memory",
           "the machine ran out of memory and the kernel ended rank " + std::to_string(rank));
  }
  is_killing_ = true;
  Kill();
}

// The job ends now, for this reason.
void Supervisor::Decide(std::string cause, std::string message) {
  outcome_.cause = std::move(cause);
  outcome_.message = std::move(message);
  is_ending_ = true;
  deadline_ = Clock::now() + options_.grace;
  EndAll(SIGTERM);
}

// Looks at what is wished from outside, and at the time.
void Supervisor::EndByWish() {
  const bool is_late = is_ending_ || options_.timeout ? Clock::now() >= deadline_ : false;
  if (!is_ending_) {
    if (signals_.CancelAsked()) return Decide("canceled", "the job was canceled");
    const bool is_watched = options_.limits != nullptr && options_.limits->is_watched();
    if (is_watched && HasRunOut()) return DecideOutOfMemory(0);
    if (is_late) {
      return Decide("timeout",
                    "the job ran longer than its limit of " + FormatElapsed(*options_.timeout));
    }
    // Servers serve the others and never end by themselves.
    const bool is_work_done = std::all_of(
        processes_.begin(), processes_.end(),
        [](const Process& process) { return process.has_ended || process.watched.is_server; });
    if (is_work_done) Decide("exited", "");
    return;
  }
  is_killing_ = is_killing_ || is_late;
  if (is_killing_) Kill();
}

bool Supervisor::HaveAllEnded() const {
  return std::all_of(processes_.begin(), processes_.end(),
                     [](const Process& process) { return process.has_ended; });
}

void Supervisor::EndAll(int signal) {
  for (const ProcessView& process : DescendantsOf(getpid())) {
    if (process.state != 'Z') options_.signal(process.pid, process.start_time, signal);
  }
}

// Whatever still runs when all ranks have ended: background processes, daemons.
void Supervisor::EndLeftovers() {
  if (!HasChildren()) return;
  if (!is_killing_) EndAll(SIGTERM);
  const auto last =
      is_ending_ ? deadline_ : Clock::now() + std::min(options_.grace, kLeftoverGrace);
  while (HasChildren() && !IsHopeless()) {
    if (is_killing_ || Clock::now() >= last) Kill();
    Reap();
    if (HasChildren()) signals_.Wait(kKillAgain);
  }
  if (!HasChildren()) return;
  std::vector<std::string> pids;
  for (const ProcessView& process : DescendantsOf(getpid())) {
    if (process.state != 'Z') pids.push_back(std::to_string(process.pid));
  }
  outcome_.note = "some processes of the job could not be ended within " +
                  FormatElapsed(options_.kill_max) + " and were left: " + Join(pids, ", ");
}

void Supervisor::Kill() {
  if (!killing_since_) killing_since_ = Clock::now();
  EndAll(SIGKILL);
  if (options_.limits != nullptr) options_.limits->Kill();
}

// They were killed long ago and are still there: the kernel does not let them go.
bool Supervisor::IsHopeless() const {
  return killing_since_ && Clock::now() - *killing_since_ >= options_.kill_max;
}

std::optional<Duration> Supervisor::TimeLeft() const {
  if (is_killing_) return kKillAgain;
  const bool is_watched = options_.limits != nullptr && options_.limits->is_watched();
  if (!is_ending_ && !options_.timeout) {
    return is_watched ? std::optional(kMemoryLookEvery) : std::nullopt;
  }
  const auto left = std::max(std::chrono::ceil<Duration>(deadline_ - Clock::now()), Duration(0));
  return is_watched && !is_ending_ ? std::min(left, kMemoryLookEvery) : left;
}

std::optional<Duration> Supervisor::UntilNextLook() const {
  const std::optional<Duration> left = TimeLeft();
  if (options_.disk == nullptr) return left;
  return std::min(left.value_or(DiskWatch::kLookEvery), DiskWatch::kLookEvery);
}

// mpirun says only that something failed; the first rank to fail has written down which it was.
void Supervisor::TakeMpiFailure() {
  if (outcome_.cause != "exited" && outcome_.cause != "signaled") return;
  const Result<std::string> text = ReadFile(options_.failures);
  if (!text.ok()) return;
  const auto parts = Split(std::string_view(text.value()).substr(0, text->find('\n')), ' ');
  if (parts.size() != 2) return;
  outcome_.cause = "rank_failed";
  outcome_.rank = static_cast<int>(ParseInt(parts[0]).value_or(0));
  outcome_.code = static_cast<int>(ParseInt(parts[1]).value_or(1));
  outcome_.signal.reset();
  outcome_.message = "rank " + std::string(parts[0]) + " ended with exit code " +
                     std::string(parts[1]) + "; the other ranks were ended";
}

}  // namespace lazurite::runner
