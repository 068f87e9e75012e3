#include "engine/scheduler/scheduler.h"

#include <algorithm>

#include "base/log.h"
#include "domain/job/notes.h"
#include "domain/job/place.h"
#include "domain/run/job_end.h"
#include "domain/workspace/resource_id.h"
#include "domain/workspace/resource_store.h"
#include "engine/scheduler/asks.h"
#include "engine/scheduler/ledger.h"
#include "storage/sql/changes.h"

namespace lazurite::scheduler {
namespace {

constexpr int kActiveJobsMax = 1'000'000;
constexpr int kChangesPerReadMax = 10'000;
constexpr std::chrono::seconds kTick{1};

// What was asked to end is asked again after that time.
constexpr Duration kEndAgain{std::chrono::seconds(5)};
// Others may take what was chosen, so many times.
constexpr int kChoicesMax = 5;

}  // namespace

Scheduler::Scheduler(SchedulerOptions options)
    : options_(std::move(options)), surroundings_(options_.surroundings) {
  mirror_.With([this](Mirror& mirror) { mirror.machine = surroundings_.machine(); });
}

Scheduler::~Scheduler() { Stop(); }

void Scheduler::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Scheduler::Stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Scheduler::Wake() {
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
  }
  wake_.notify_all();
}

std::string Scheduler::Explain(const std::string& job) const {
  Cluster cluster;
  std::vector<Ask> queue;
  size_t position = 0;
  mirror_.With([&](const Mirror& mirror) {
    const auto found = mirror.queued.find(job);
    if (found == mirror.queued.end()) return;
    const auto place = mirror.queue.find(found->second);
    for (auto it = mirror.queue.begin(); it != place && position < kLookAheadMax; ++it) ++position;
    cluster = ClusterOf(mirror);
    queue = mirror.Front(std::min(position + 1, kLookAheadMax));
  });
  if (queue.empty()) return "";
  if (position < queue.size()) return scheduler::Explain(cluster, queue, position);
  return "waits behind " + std::to_string(position) + " jobs or more in the queue";
}

Cluster Scheduler::Snapshot() const {
  return mirror_.With([&](const Mirror& mirror) { return ClusterOf(mirror); });
}

std::vector<Scheduler::Waiter> Scheduler::Waiters() const {
  Cluster cluster;
  std::vector<Ask> queue;
  mirror_.With([&](const Mirror& mirror) {
    cluster = ClusterOf(mirror);
    queue = mirror.Front(kLookAheadMax);
  });
  std::vector<std::string> why = ExplainAll(cluster, queue);
  std::vector<Waiter> waiters;
  for (size_t i = 0; i < queue.size(); ++i) {
    waiters.push_back({std::move(queue[i]), std::move(why[i])});
  }
  return waiters;
}

size_t Scheduler::Waiting() const {
  return mirror_.With([](const Mirror& mirror) { return mirror.queue.size(); });
}

Cluster Scheduler::ClusterOf(const Mirror& mirror) const {
  return {.machine = mirror.machine,
          .computes = mirror.computes,
          .running = mirror.Running(),
          .running_per_user_max = options_.running_per_user_max,
          .now = options_.clock->Now()};
}

void Scheduler::Run() {
  // Without the whole queue in memory nothing is placed.
  while (true) {
    const Status loaded = LoadAll();
    if (loaded.ok()) break;
    Log(LogLevel::kError, "scheduler: loading the queue failed", {{"error", loaded.text()}});
    if (!WaitForWork()) return;
  }
  StartAgain(std::nullopt);
  do {
    Tick();
  } while (WaitForWork());
}

// False when it is time to stop.
bool Scheduler::WaitForWork() {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, kTick, [this] { return is_woken_ || is_stopping_; });
  is_woken_ = false;
  return !is_stopping_;
}

bool Scheduler::IsStopping() {
  const std::lock_guard lock(mutex_);
  return is_stopping_;
}

void Scheduler::Tick() {
  const Status refreshed = Refresh();
  if (!refreshed.ok()) {
    Log(LogLevel::kError, "scheduler: reading changes failed", {{"error", refreshed.text()}});
    return;
  }
  LookAround();
  if (!refused_.empty()) StartAgain(std::exchange(refused_, {}));
  // A job that could not be started gives its place to the next one.
  while (!IsStopping() && PlaceSome()) {
    if (!Refresh().ok()) return;
    GiveBack();
  }
  PreemptSome();
}

// Forgets the attempts that have ended.
void Scheduler::GiveBack() {
  std::set<AttemptKey> attempts;
  mirror_.With([&](const Mirror& mirror) {
    for (const auto& [job, held] : mirror.running) attempts.emplace(job, held.ask.attempt);
  });
  surroundings_.KeepOnly(attempts);
  std::erase_if(asked_to_end_, [&](const auto& entry) { return !attempts.contains(entry.first); });
}

// Gives back what the jobs that ended held, and sees what others hold.
void Scheduler::LookAround() {
  GiveBack();
  std::vector<Held> running;
  bool has_gpu_ask = false;
  mirror_.With([&](const Mirror& mirror) {
    running = mirror.Running();
    const Cluster cluster{.machine = mirror.machine, .computes = mirror.computes, .running = {}};
    size_t seen = 0;
    for (const auto& [key, ask] : mirror.queue) {
      if (has_gpu_ask || ++seen > kLookAheadMax) break;
      has_gpu_ask = WantsGpus(cluster, ask);
    }
  });
  surroundings_.Look(running, has_gpu_ask);
  mirror_.With([&](Mirror& mirror) { mirror.machine = surroundings_.machine(); });
}

Status Scheduler::LoadComputes(Transaction& transaction, Mirror& mirror) {
  ASSIGN_OR_RETURN(const std::vector<Resource> workspaces,
                   ResourceStore().List(transaction, ResourceKind::kWorkspace, ""));
  std::set<std::string> names{std::string(kDefaultWorkspace)};
  for (const Resource& workspace : workspaces) names.insert(workspace.name);
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(const std::vector<Resource> computes,
                     ResourceStore().List(transaction, ResourceKind::kCompute, name));
    for (const Resource& compute : computes) {
      mirror.computes[ComputeKey(name, compute.name)] = ShapeOf(compute.properties);
    }
  }
  return {};
}

Status Scheduler::LoadAll() {
  Mirror fresh;
  TRY(options_.database->ReadNow([&](Transaction& transaction) {
    fresh = Mirror();
    ASSIGN_OR_RETURN(fresh.seq, NewestChange(transaction));
    ASSIGN_OR_RETURN(const std::vector<Job> jobs,
                     store_.Active(transaction, std::nullopt, kActiveJobsMax));
    TRY(LoadComputes(transaction, fresh));
    for (const Job& job : jobs) fresh.Enter(job);
    return Status();
  }));
  fresh.machine = surroundings_.machine();
  // The old one goes when the lock is free again.
  mirror_.With([&](Mirror& mirror) { std::swap(mirror, fresh); });
  return {};
}

// All of it: who is not known to run loses what it holds.
Status Scheduler::Refresh() {
  bool is_all = false;
  while (!is_all) TRY(RefreshSome(is_all));
  return {};
}

Status Scheduler::RefreshSome(bool& is_all) {
  const int64_t seen = mirror_.With([](const Mirror& mirror) { return mirror.seq; });
  Changes changes;
  std::map<std::string, std::optional<Job>> changed;
  TRY(options_.database->ReadNow([&](Transaction& transaction) {
    changed.clear();
    ASSIGN_OR_RETURN(changes, ReadChanges(transaction, seen, kChangesPerReadMax));
    for (const auto& [kind, object] : changes.objects) {
      if (kind != "job") continue;
      ASSIGN_OR_RETURN(changed[object], store_.Find(transaction, object));
    }
    return Status();
  }));
  // Rows that were pruned before they were seen: everything is read again. A compute changes what
  // all of its jobs ask for.
  is_all = changes.has_gap || changes.Has("compute") || changes.seq - seen < kChangesPerReadMax;
  if (changes.has_gap || changes.Has("compute")) return LoadAll();
  mirror_.With([&](Mirror& mirror) {
    for (const auto& [name, job] : changed) {
      if (job) {
        mirror.Enter(*job);
      } else {
        mirror.Leave(name);
      }
    }
    mirror.seq = changes.seq;
  });
  return {};
}

// Chooses, and locks what was chosen against others on this machine.
std::vector<Placed> Scheduler::ChoosePlaces() {
  for (int i = 0; i < kChoicesMax; ++i) {
    Cluster cluster;
    std::vector<Ask> queue;
    mirror_.With([&](const Mirror& mirror) {
      cluster = ClusterOf(mirror);
      queue = mirror.Front(kLookAheadMax);
    });
    if (queue.empty()) return {};
    const bool wants_gpus = std::any_of(queue.begin(), queue.end(),
                                        [&](const Ask& ask) { return WantsGpus(cluster, ask); });
    surroundings_.AskGpus(wants_gpus);
    cluster.machine = surroundings_.machine();
    mirror_.With([&](Mirror& mirror) { mirror.machine = cluster.machine; });
    std::vector<Placed> placed = Place(cluster, queue);
    if (surroundings_.Take(placed)) return placed;
    mirror_.With([&](Mirror& mirror) { mirror.machine = surroundings_.machine(); });
  }
  return {};
}

// True if the queue has become shorter by it.
bool Scheduler::PlaceSome() {
  const std::vector<Placed> placed = ChoosePlaces();
  if (placed.empty()) return false;
  options_.backend->Expect();
  std::vector<Beginning> built;
  std::map<std::string, Status> failures;
  std::vector<Beginning> starts;
  Status moved = BuildPlaced(placed, built, failures);
  if (moved.ok() && !built.empty()) moved = MovePlaced(built, starts);
  if (!moved.ok()) {
    Log(LogLevel::kError, "scheduler: placing failed", {{"error", moved.text()}});
    return false;
  }
  bool is_shorter = !starts.empty();
  for (const auto& [job, why] : failures) is_shorter |= Fail(job, why, "input");
  StartAttempts(starts);
  return is_shorter;
}

Status Scheduler::BuildPlaced(const std::vector<Placed>& placed, std::vector<Beginning>& built,
                              std::map<std::string, Status>& failures) {
  return options_.database->ReadNow([&](Transaction& transaction) {
    built.clear();
    failures.clear();
    for (const Placed& one : placed) {
      ASSIGN_OR_RETURN(std::optional<Job> job, store_.Find(transaction, one.job));
      if (!job || job->state != JobState::kQueued) continue;
      // It has come back since it was chosen.
      if (++job->attempt != one.attempt) continue;
      Json detail = job->detail;
      job->detail["placement"] = PlacementJson(one);
      for (const std::string& note : one.notes) {
        if (!HasNote(*job, note)) AddNote(*job, note);
      }
      Result<AttemptSpec> spec = options_.build_attempt(transaction, *job, one);
      if (spec.ok()) {
        built.push_back({std::move(*job), std::move(*spec), std::move(detail)});
      } else {
        failures.emplace(one.job, spec.status());
      }
    }
    return Status();
  });
}

Status Scheduler::MovePlaced(const std::vector<Beginning>& built, std::vector<Beginning>& starts) {
  const Time now = options_.clock->Now();
  return options_.database->WriteNow([&](Transaction& transaction) {
    starts.clear();
    for (const Beginning& one : built) {
      // It may have been canceled or edited since it was read.
      ASSIGN_OR_RETURN(std::optional<Job> job, store_.Find(transaction, one.job.name));
      if (!job || job->state != JobState::kQueued) continue;
      // What was added since stays: it is built again.
      if (job->detail != one.detail) continue;
      job->attempt = one.job.attempt;
      job->detail = one.job.detail;
      job->reason = "";
      // Of the attempt before, if there was one.
      job->cause = "";
      job->event_seq = 0;
      TRY(store_.Move(transaction, *job, JobEvent::kPlaced, "", now));
      starts.push_back({std::move(*job), one.spec});
    }
    return Status();
  });
}

void Scheduler::StartAttempts(std::vector<Beginning>& starts) {
  std::vector<AttemptRef> refs;
  for (const Beginning& start : starts) {
    const AttemptChannel channel(
        AttemptChannel::FolderOf(options_.home, start.job.name, start.job.attempt));
    const Result<AttemptSecrets> secrets = options_.make_secrets(start.job);
    if (!secrets.ok()) {
      Fail(start.job.name, secrets.status(), "input");
      continue;
    }
    const Status created = channel.Create(start.spec, *secrets);
    if (created.ok()) {
      refs.push_back({start.job.name, start.job.attempt});
    } else {
      Fail(start.job.name, created, "backend");
    }
  }
  const std::vector<std::optional<Refusal>> refusals = options_.backend->Submit(refs);
  for (size_t i = 0; i < refs.size(); ++i) {
    if (!refusals[i]) continue;
    if (refusals[i]->is_retryable) {
      Log(LogLevel::kWarning, "scheduler: a start is tried again",
          {{"job", refs[i].job}, {"why", refusals[i]->why.text()}});
      refused_.insert(refs[i].job);
    } else {
      AttemptChannel(AttemptChannel::FolderOf(options_.home, refs[i].job, refs[i].attempt))
          .DropSecrets();
      Fail(refs[i].job, refusals[i]->why, "backend");
    }
  }
}

bool Scheduler::Fail(const std::string& name, const Status& why, std::string_view cause) {
  const Time now = options_.clock->Now();
  const Status failed = options_.database->WriteNow([&](Transaction& transaction) {
    ASSIGN_OR_RETURN(Job job, store_.Get(transaction, name));
    if (IsTerminal(job.state)) return Status();
    return EndJob(transaction, job,
                  {.event = JobEvent::kFailed,
                   .cause = std::string(cause),
                   .sentence = why.text(),
                   .ended = now,
                   .now = now});
  });
  if (!failed.ok()) {
    Log(LogLevel::kError, "scheduler: a job could not be failed",
        {{"job", name}, {"why", why.text()}, {"error", failed.text()}});
  }
  return failed.ok();
}

void Scheduler::StartAgain(const std::optional<std::set<std::string>>& only) {
  std::vector<Beginning> starts;
  std::map<std::string, Status> failures;
  std::map<std::string, Status> returned;
  const Status read = options_.database->ReadNow([&](Transaction& transaction) {
    starts.clear();
    failures.clear();
    returned.clear();
    ASSIGN_OR_RETURN(std::vector<Job> jobs,
                     store_.Active(transaction, JobState::kPreparing, kActiveJobsMax));
    for (Job& job : jobs) {
      if (only && !only->contains(job.name)) continue;
      const AttemptChannel channel(AttemptChannel::FolderOf(options_.home, job.name, job.attempt));
      const auto runner = channel.LookAtRunner();
      if (runner.ok() && runner->state != AttemptChannel::Runner::kNever) continue;
      Placed placed = PlacedAgain(job);
      if (!placed.gpus.empty() && surroundings_.machine().is_looking) {
        refused_.insert(job.name);
        continue;
      }
      if (Status taken = surroundings_.TakeAgain(placed); !taken.ok()) {
        returned.emplace(job.name, std::move(taken));
        continue;
      }
      Result<AttemptSpec> spec = options_.build_attempt(transaction, job, placed);
      if (spec.ok()) {
        starts.push_back({job, std::move(*spec)});
      } else {
        failures.emplace(job.name, spec.status());
      }
    }
    return Status();
  });
  if (!read.ok()) {
    Log(LogLevel::kError, "scheduler: looking for attempts to start failed",
        {{"error", read.text()}});
    if (only) refused_.insert(only->begin(), only->end());
    return;
  }
  for (const auto& [job, why] : failures) Fail(job, why, "input");
  for (const auto& [job, why] : returned) Return(job, why);
  StartAttempts(starts);
}

// A job that never started and whose GPU is held by others now waits for another one.
void Scheduler::Return(const std::string& name, const Status& why) {
  const Time now = options_.clock->Now();
  const Status returned = options_.database->WriteNow([&](Transaction& transaction) {
    ASSIGN_OR_RETURN(Job job, store_.Get(transaction, name));
    if (job.state != JobState::kPreparing) return Status();
    return ReturnJob(transaction, job, "taken", "it lost its place: " + why.text(), now);
  });
  if (returned.ok()) return;
  Log(LogLevel::kError, "scheduler: a job could not be returned to the queue",
      {{"job", name}, {"error", returned.text()}});
}

// Ends jobs that give way, if the head of the queue gets its place by that.
void Scheduler::PreemptSome() {
  Cluster cluster;
  std::vector<Ask> queue;
  mirror_.With([&](const Mirror& mirror) {
    cluster = ClusterOf(mirror);
    queue = mirror.Front(kLookAheadMax);
  });
  std::map<std::string, int> attempts;
  for (const Held& held : cluster.running) attempts[held.ask.job] = held.ask.attempt;
  for (const Preemption& one : Preempt(cluster, queue)) {
    AskToEnd({one.job, attempts[one.job]}, one.by);
  }
  // A runner that just began may not have heard it.
  for (const auto& [job, attempt] : attempts) {
    const auto asked = asked_to_end_.find({job, attempt});
    if (asked == asked_to_end_.end()) continue;
    if (options_.clock->Steady() - asked->second >= kEndAgain) AskToEnd(asked->first, "");
  }
}

// `by` is "" if it was written down already.
void Scheduler::AskToEnd(const AttemptKey& attempt, const std::string& by) {
  const auto& [name, number] = attempt;
  bool is_to_end = false;
  const Status marked = options_.database->WriteNow([&](Transaction& transaction) {
    is_to_end = false;
    ASSIGN_OR_RETURN(Job job, store_.Get(transaction, name));
    if (job.attempt != number || !HasPlace(job)) return Status();
    if (job.state == JobState::kCancelRequested) return Status();
    is_to_end = !by.empty() || !PreemptedBy(job).empty();
    if (by.empty()) return Status();
    MarkPreempted(job, by);
    TRY(store_.Save(transaction, job));
    return transaction.RecordChange("job", job.name);
  });
  if (marked.ok() && !is_to_end) return;
  const AttemptRef ref{name, number};
  if (marked.ok()) asked_to_end_[attempt] = options_.clock->Steady();
  const Status asked = marked.ok() ? options_.backend->Cancel({&ref, 1}) : marked;
  if (asked.ok()) return;
  Log(LogLevel::kWarning, "scheduler: a job could not be asked to give way",
      {{"job", name}, {"error", asked.text()}});
}

}  // namespace lazurite::scheduler
