#include "engine/backend/local_backend.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>

#include "base/locked.h"
#include "domain/attempt/attempt.h"
#include "domain/attempt/process.h"
#include "engine/backend/group_hurry.h"
#include "engine/backend/nursery.h"
#include "engine/backend/reaper.h"
#include "engine/backend/scope.h"
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
      : options_(std::move(options)),
        nursery_(options_.program, ScopeCommand(ScopePlaces::OfThisUser())) {}

  void Expect() override { hurry_.Expect(); }
  std::vector<std::optional<Refusal>> Submit(std::span<const AttemptRef> attempts) override;
  Result<std::vector<Seen>> Poll(std::span<const AttemptRef> attempts) override;
  Status Cancel(std::span<const AttemptRef> attempts) override;
  Status Sweep(std::span<const AttemptRef> attempts) override;

 private:
  AttemptChannel ChannelOf(const AttemptRef& attempt) const {
    return AttemptChannel(AttemptChannel::FolderOf(options_.home, attempt.job, attempt.attempt));
  }
  Status SubmitOne(const AttemptRef& attempt);
  bool StartInNursery(const std::string& folder);
  Seen BeforeStart(const std::string& name) const;
  Result<Seen> LookAt(const AttemptRef& attempt);

  const LocalBackendOptions options_;
  Nursery nursery_;
  GroupHurry hurry_;
  Reaper reaper_;
  // Of those whose runner was not seen yet: "" if it was started here, else why it could not be.
  Locked<std::map<std::string, std::string>> tries_;
};

std::vector<std::optional<Refusal>> LocalBackend::Submit(std::span<const AttemptRef> attempts) {
  std::vector<std::optional<Refusal>> refusals;
  for (const AttemptRef& attempt : attempts) {
    Status submitted = SubmitOne(attempt);
    tries_.With([&](auto& tries) { tries[NameOf(attempt)] = submitted.text(); });
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
  if (!options_.has_nursery || !StartInNursery(channel.folder())) {
    ASSIGN_OR_RETURN(const pid_t pid, SpawnRunner(options_.program, channel.folder()));
    reaper_.Take(pid);
  }
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

Seen LocalBackend::BeforeStart(const std::string& name) const {
  return tries_.With([&](const auto& tries) -> Seen {
    const auto found = tries.find(name);
    if (found == tries.end()) return {Seen::State::kUnsubmitted, "", "nobody has started it yet"};
    if (!found->second.empty()) return {Seen::State::kUnsubmitted, "", found->second};
    return {Seen::State::kWaiting, "", "the runner has not started yet"};
  });
}

Result<Seen> LocalBackend::LookAt(const AttemptRef& attempt) {
  using Runner = AttemptChannel::Runner;
  ASSIGN_OR_RETURN(const AttemptChannel::RunnerView view, ChannelOf(attempt).LookAtRunner());
  const std::string pid = std::to_string(view.identity.pid);
  if (view.state != Runner::kNever) {
    tries_.With([&](auto& tries) { tries.erase(NameOf(attempt)); });
  }
  switch (view.state) {
    case Runner::kNever:
      return BeforeStart(NameOf(attempt));
    case Runner::kAlive:
      return Seen{Seen::State::kRunning, "", "runs on this machine under process " + pid};
    case Runner::kGone:
      return Seen{Seen::State::kGone, "runner_lost",
                  "the runner (pid " + pid + ") ended without a word; it was killed or crashed"};
    case Runner::kRebooted:
      break;
  }
  return Seen{Seen::State::kGone, "machine_restarted",
              "the machine was restarted while the job ran"};
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
    tries_.With([&](auto& tries) { tries.erase(NameOf(attempt)); });
    remains.push_back({channel.folder(), view.identity, channel.ReadGroups()});
  }
  return KillRemains(remains);
}

}  // namespace

std::unique_ptr<ComputeBackend> MakeLocalBackend(LocalBackendOptions options) {
  return std::make_unique<LocalBackend>(std::move(options));
}

}  // namespace lazurite::backend
