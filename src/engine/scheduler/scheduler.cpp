#include "engine/scheduler/scheduler.h"

#include "base/log.h"
#include "domain/run/job_end.h"
#include "domain/workspace/resource_id.h"
#include "domain/workspace/resource_store.h"
#include "spec/job_reader.h"
#include "storage/sql/changes.h"

namespace lazurite::scheduler {
namespace {

// The scheduler looks at so many jobs from the front of the queue at a time; more could not start
// in one tick anyway.
constexpr size_t kLookAheadMax = 256;
constexpr int kActiveJobsMax = 1'000'000;
constexpr int kChangesPerReadMax = 10'000;
constexpr std::chrono::seconds kTick{1};

Ask AskOf(const Job& job) {
  Ask ask{.job = job.name, .compute = job.compute, .instances = 1, .gpus = 0};
  const Result<JobSpec> spec = spec::ReadJobSpec(job.properties);
  if (spec.ok()) {
    ask.instances = spec->instance_count;
    ask.gpus = spec->gpus_per_instance * spec->instance_count;
  }
  return ask;
}

std::vector<std::string> TextsOf(const Json* array) {
  std::vector<std::string> texts;
  if (array == nullptr || !array->is_array()) return texts;
  for (const Json& item : array->array()) {
    if (item.is_string()) texts.push_back(item.string());
  }
  return texts;
}

Held HeldBy(const Job& job) {
  const Json* placement = job.detail.Find("placement");
  Held held{.ask = AskOf(job), .slots = 1, .gpus = {}};
  if (placement == nullptr) return held;
  held.slots = static_cast<int>(placement->GetInt("slots", 1));
  held.gpus = TextsOf(placement->Find("gpus"));
  return held;
}

Json PlacementJson(const Placed& placed) {
  Json json = Json::MakeObject();
  json["slots"] = placed.slots;
  json["cpus"] = placed.cpus;
  Json gpus = Json::MakeArray();
  for (const std::string& gpu : placed.gpus) gpus.Push(gpu);
  json["gpus"] = std::move(gpus);
  return json;
}

}  // namespace

Scheduler::Scheduler(SchedulerOptions options) : options_(std::move(options)) {}

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
  return mirror_.With([&](const Mirror& mirror) -> std::string {
    const auto found = mirror.queued.find(job);
    if (found == mirror.queued.end()) return "";
    const auto place = mirror.queue.find(found->second);
    const auto position = static_cast<size_t>(std::distance(mirror.queue.begin(), place));
    return scheduler::Explain(ClusterOf(mirror, options_.machine), QueueOf(mirror, position + 1),
                              position);
  });
}

Cluster Scheduler::Snapshot() const {
  return mirror_.With([&](const Mirror& mirror) { return ClusterOf(mirror, options_.machine); });
}

size_t Scheduler::Waiting() const {
  return mirror_.With([](const Mirror& mirror) { return mirror.queue.size(); });
}

Cluster Scheduler::ClusterOf(const Mirror& mirror, const Machine& machine) {
  Cluster cluster{.machine = machine, .shares = mirror.shares, .running = {}};
  for (const auto& [job, held] : mirror.running) cluster.running.push_back(held);
  return cluster;
}

std::vector<Ask> Scheduler::QueueOf(const Mirror& mirror, size_t limit) {
  std::vector<Ask> queue;
  for (const auto& [key, ask] : mirror.queue) {
    if (queue.size() == limit) break;
    queue.push_back(ask);
  }
  return queue;
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
  if (!refused_.empty()) StartAgain(std::exchange(refused_, {}));
  // A job that could not be started gives its place to the next one.
  while (!IsStopping() && PlaceSome()) {
    if (!Refresh().ok()) return;
  }
}

void Scheduler::Leave(Mirror& mirror, const std::string& job) {
  const auto place = mirror.queued.find(job);
  if (place != mirror.queued.end()) {
    mirror.queue.erase(place->second);
    mirror.queued.erase(place);
  }
  mirror.running.erase(job);
}

void Scheduler::Enter(Mirror& mirror, const Job& job) {
  Leave(mirror, job.name);
  if (IsTerminal(job.state) || job.state == JobState::kNotStarted) return;
  if (job.attempt > 0) {
    mirror.running[job.name] = HeldBy(job);
    return;
  }
  // What runs without an attempt (a run that plain MLflow made) has no place and wants none.
  if (job.state != JobState::kQueued) return;
  const QueueKey key{job.priority, job.sequence};
  mirror.queue[key] = AskOf(job);
  mirror.queued[job.name] = key;
}

Status Scheduler::LoadShares(Transaction& transaction, Mirror& mirror) const {
  ASSIGN_OR_RETURN(const std::vector<Resource> computes,
                   ResourceStore().List(transaction, ResourceKind::kCompute, kDefaultWorkspace));
  mirror.shares.clear();
  for (const Resource& compute : computes) {
    const Json* nodes = compute.properties.At("properties.scaleSettings.maxNodeCount");
    if (nodes != nullptr && nodes->is_int()) {
      mirror.shares[compute.name] = static_cast<int>(std::max<int64_t>(1, nodes->int_value()));
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
    for (const Job& job : jobs) Enter(fresh, job);
    return LoadShares(transaction, fresh);
  }));
  mirror_.With([&](Mirror& mirror) { mirror = std::move(fresh); });
  return {};
}

Status Scheduler::Refresh() {
  const int64_t seen = mirror_.With([](const Mirror& mirror) { return mirror.seq; });
  Changes changes;
  std::map<std::string, std::optional<Job>> changed;
  Mirror shares;
  TRY(options_.database->ReadNow([&](Transaction& transaction) {
    changed.clear();
    ASSIGN_OR_RETURN(changes, ReadChanges(transaction, seen, kChangesPerReadMax));
    bool has_other = false;
    for (const auto& [kind, object] : changes.objects) {
      if (kind == "job") {
        ASSIGN_OR_RETURN(changed[object], store_.Find(transaction, object));
      } else {
        has_other |= kind == "compute";
      }
    }
    return has_other ? LoadShares(transaction, shares) : Status();
  }));
  // Rows that were pruned before they were seen: everything is read again.
  if (changes.has_gap) return LoadAll();
  const bool has_shares = changes.Has("compute");
  mirror_.With([&](Mirror& mirror) {
    for (const auto& [name, job] : changed) {
      if (job) {
        Enter(mirror, *job);
      } else {
        Leave(mirror, name);
      }
    }
    if (has_shares) mirror.shares = std::move(shares.shares);
    mirror.seq = changes.seq;
  });
  return {};
}

// True if the queue has become shorter by it.
bool Scheduler::PlaceSome() {
  const std::vector<Placed> placed = mirror_.With([&](const Mirror& mirror) {
    return Place(ClusterOf(mirror, options_.machine), QueueOf(mirror, kLookAheadMax));
  });
  if (placed.empty()) return false;
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
      ++job->attempt;
      job->detail["placement"] = PlacementJson(one);
      Result<AttemptSpec> spec = options_.build_attempt(transaction, *job, one);
      if (spec.ok()) {
        built.push_back({std::move(*job), std::move(*spec)});
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
      // It may have been cancelled or edited since it was read.
      ASSIGN_OR_RETURN(std::optional<Job> job, store_.Find(transaction, one.job.name));
      if (!job || job->state != JobState::kQueued) continue;
      job->attempt = one.job.attempt;
      job->detail = one.job.detail;
      job->reason = "";
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
  const Status read = options_.database->ReadNow([&](Transaction& transaction) {
    starts.clear();
    failures.clear();
    ASSIGN_OR_RETURN(std::vector<Job> jobs,
                     store_.Active(transaction, JobState::kPreparing, kActiveJobsMax));
    for (Job& job : jobs) {
      if (only && !only->contains(job.name)) continue;
      const AttemptChannel channel(AttemptChannel::FolderOf(options_.home, job.name, job.attempt));
      const auto runner = channel.LookAtRunner();
      if (runner.ok() && runner->state != AttemptChannel::Runner::kNever) continue;
      const Held held = HeldBy(job);
      Result<AttemptSpec> spec = options_.build_attempt(
          transaction, job,
          {.job = job.name, .slots = held.slots, .gpus = held.gpus, .cpus = held.slots});
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
  StartAttempts(starts);
}

}  // namespace lazurite::scheduler
