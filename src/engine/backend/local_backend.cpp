#include "engine/backend/local_backend.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/text.h"
#include "domain/attempt/attempt.h"
#include "domain/attempt/process.h"
#include "domain/compute/machine.h"
#include "engine/backend/nursery.h"
#include "engine/backend/reaper.h"
#include "engine/backend/spawn.h"
#include "engine/backend/sweep.h"

namespace lazurite::backend {
namespace {

std::string NameOf(const AttemptRef& attempt) {
  return attempt.job + "/" + std::to_string(attempt.attempt);
}

class LocalBackend final : public ComputeBackend {
 public:
  explicit LocalBackend(LocalBackendOptions options)
      : options_(std::move(options)), nursery_(options_.program) {}

  std::vector<std::optional<Refusal>> Submit(std::span<const AttemptRef> attempts) override;
  Result<std::vector<Seen>> Poll(std::span<const AttemptRef> attempts) override;
  Status Cancel(std::span<const AttemptRef> attempts) override;
  Status Sweep(std::span<const AttemptRef> attempts) override;
  Result<std::string> Explain(const AttemptRef& attempt) override;
  Result<std::vector<NodeView>> Capacity() override;

 private:
  AttemptChannel ChannelOf(const AttemptRef& attempt) const {
    return AttemptChannel(AttemptChannel::FolderOf(options_.home, attempt.job, attempt.attempt));
  }
  Status SubmitOne(const AttemptRef& attempt);
  bool StartInNursery(const std::string& folder);
  Result<Seen> LookAt(const AttemptRef& attempt) const;

  const LocalBackendOptions options_;
  Nursery nursery_;
  Reaper reaper_;
};

std::vector<std::optional<Refusal>> LocalBackend::Submit(std::span<const AttemptRef> attempts) {
  std::vector<std::optional<Refusal>> refusals;
  for (const AttemptRef& attempt : attempts) {
    Status submitted = SubmitOne(attempt);
    if (submitted.ok()) {
      refusals.emplace_back();
    } else {
      const bool is_retryable = submitted.code() == Code::kUnavailable;
      refusals.push_back(Refusal{std::move(submitted).With(NameOf(attempt)), is_retryable});
    }
  }
  return refusals;
}

Status LocalBackend::SubmitOne(const AttemptRef& attempt) {
  const AttemptChannel channel = ChannelOf(attempt);
  if (!Exists(channel.Path("spec.json"))) return NotFound("the attempt has no spec.json");
  ASSIGN_OR_RETURN(const AttemptChannel::RunnerView view, channel.LookAtRunner());
  // Started earlier, by us or by a server before us. Two starts at the same moment are told apart
  // by the lock: the second runner ends at once.
  if (view.state != AttemptChannel::Runner::kNever) return {};
  if (options_.has_nursery && StartInNursery(channel.folder())) return {};
  ASSIGN_OR_RETURN(const pid_t pid, SpawnRunner(options_.program, channel.folder()));
  reaper_.Take(pid);
  return {};
}

bool LocalBackend::StartInNursery(const std::string& folder) {
  const Result<pid_t> pid = nursery_.Start(folder);
  if (const pid_t process = nursery_.TakeProcess(); process > 0) reaper_.Take(process);
  return pid.ok();
}

Result<std::vector<Seen>> LocalBackend::Poll(std::span<const AttemptRef> attempts) {
  std::vector<Seen> seen;
  for (const AttemptRef& attempt : attempts) {
    Result<Seen> one = LookAt(attempt);
    // What cannot be read is unknown, never gone.
    if (!one.ok()) one = Seen{Seen::State::kUnknown, "", one.status().text()};
    seen.push_back(std::move(one).value());
  }
  return seen;
}

Result<Seen> LocalBackend::LookAt(const AttemptRef& attempt) const {
  using Runner = AttemptChannel::Runner;
  ASSIGN_OR_RETURN(const AttemptChannel::RunnerView view, ChannelOf(attempt).LookAtRunner());
  Seen seen;
  if (view.identity.pid > 0) seen.native_id = std::to_string(view.identity.pid);
  switch (view.state) {
    case Runner::kNever:
      seen.state = Seen::State::kWaiting;
      seen.reason = "the runner has not started yet";
      break;
    case Runner::kAlive:
      seen.state = Seen::State::kRunning;
      seen.reason = "runs on this machine under process " + seen.native_id;
      break;
    case Runner::kGone:
      seen.state = Seen::State::kGone;
      seen.reason = "the runner (process " + seen.native_id + ") has ended";
      break;
    case Runner::kRebooted:
      seen.state = Seen::State::kGone;
      seen.reason = "the machine was restarted";
      break;
  }
  return seen;
}

Status LocalBackend::Cancel(std::span<const AttemptRef> attempts) {
  Status result;
  for (const AttemptRef& attempt : attempts) {
    const AttemptChannel channel = ChannelOf(attempt);
    // Either of them is enough: the file cannot be written on a full disk, and the signal reaches
    // no runner that is just starting.
    Status asked = channel.AskCancel();
    if (!asked.ok()) result = std::move(asked).With(NameOf(attempt));
    const Result<AttemptChannel::RunnerView> view = channel.LookAtRunner();
    if (!view.ok() || view->state != AttemptChannel::Runner::kAlive) continue;
    if (view->identity.pid > 0) {
      SignalProcess(view->identity.pid, view->identity.start_time, SIGTERM);
    }
  }
  return result;
}

Status LocalBackend::Sweep(std::span<const AttemptRef> attempts) {
  std::vector<Remains> remains;
  for (const AttemptRef& attempt : attempts) {
    const AttemptChannel channel = ChannelOf(attempt);
    ASSIGN_OR_RETURN(const AttemptChannel::RunnerView view, channel.LookAtRunner());
    if (view.state == AttemptChannel::Runner::kAlive) {
      return FailedPrecondition(NameOf(attempt) + ": its runner lives; cancel it instead");
    }
    remains.push_back({channel.folder(), view.identity});
  }
  return KillRemains(remains);
}

Result<std::string> LocalBackend::Explain(const AttemptRef& attempt) {
  ASSIGN_OR_RETURN(const Seen seen, LookAt(attempt));
  return seen.reason;
}

Result<std::vector<NodeView>> LocalBackend::Capacity() {
  const MachineFacts facts = LookAtMachine();
  NodeView node;
  char name[256] = "localhost";
  if (gethostname(name, sizeof name - 1) == 0) name[sizeof name - 1] = '\0';
  node.name = name;
  node.cpus = node.cpus_free = facts.cores;
  node.memory_bytes = facts.memory_bytes;
  // What programs can have without swapping, as the kernel reckons it.
  const Result<std::string> text = ReadFile("/proc/meminfo");
  const size_t at = text.ok() ? text.value().find("MemAvailable:") : std::string::npos;
  if (at != std::string::npos) {
    const int64_t kib = std::strtoll(text.value().c_str() + at + 13, nullptr, 10);
    node.memory_free_bytes = std::min(facts.memory_bytes, kib * 1024);
  }
  node.gpus = node.gpus_free = facts.gpus;
  return std::vector<NodeView>{std::move(node)};
}

}  // namespace

std::unique_ptr<ComputeBackend> MakeLocalBackend(LocalBackendOptions options) {
  return std::make_unique<LocalBackend>(std::move(options));
}

}  // namespace lazurite::backend
