#include "engine/reconciler/reconciler.h"

#include <future>
#include <list>

#include "base/log.h"
#include "domain/job/place.h"
#include "domain/workspace/places.h"

namespace lazurite::reconciler {
namespace {

constexpr Duration kTick{std::chrono::seconds(1)};
constexpr int kActiveMax = 100'000;

void Complain(const std::string& job, const Status& why) {
  Log(LogLevel::kWarning, "reconciler: a job could not be looked at",
      {{"job", job}, {"error", why.text()}});
}

}  // namespace

Reconciler::Reconciler(ReconcilerOptions options) : options_(std::move(options)) {}

Reconciler::~Reconciler() { Stop(); }

Status Reconciler::Start() {
  TRY(doorbell_.Open(DoorbellFile(options_.home)));
  thread_ = std::thread([this] { Run(); });
  return {};
}

void Reconciler::Stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  if (!thread_.joinable()) return;
  Wake();
  thread_.join();
}

void Reconciler::Wake() { doorbell_.Wake(); }

std::string Reconciler::Explain(const std::string& job) const {
  const std::lock_guard lock(mutex_);
  const auto found = troubles_.find(job);
  return found != troubles_.end() ? found->second : "";
}

void Reconciler::TellTrouble(const std::string& job, const Status& how) {
  if (!how.ok()) Complain(job, how);
  const std::lock_guard lock(mutex_);
  if (how.ok()) {
    troubles_.erase(job);
  } else if (how.code() == Code::kNoSpace) {
    troubles_[job] =
        "the disk of the home is full: what became of the job is recorded as soon as "
        "there is room (" +
        how.text() + ")";
  } else {
    troubles_[job] = "what became of the job cannot be recorded yet: " + how.text();
  }
}

void Reconciler::Run() {
  while (true) {
    const Instant now = options_.clock->Steady();
    if (!looked_at_all_ || now - *looked_at_all_ >= kTick) {
      LookAtAll();
      looked_at_all_ = now;
    }
    const Doorbell::Heard heard = doorbell_.Listen(kTick);
    if (heard.is_woken) looked_at_all_.reset();
    {
      const std::lock_guard lock(mutex_);
      if (is_stopping_) return;
    }
    LookAtThese(heard.jobs);
  }
}

void Reconciler::LookAtAll() {
  std::set<std::string> names;
  const Status read = options_.database->ReadNow([&](Transaction& transaction) {
    names.clear();
    ASSIGN_OR_RETURN(const std::vector<Job> jobs, store_.Placed(transaction, kActiveMax));
    for (const Job& job : jobs) names.insert(job.name);
    return Status();
  });
  if (!read.ok()) {
    Log(LogLevel::kError, "reconciler: reading active jobs failed", {{"error", read.text()}});
    return;
  }
  // What was ended by others.
  std::erase_if(memories_, [&names](const auto& entry) { return !names.contains(entry.first); });
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(troubles_, [&names](const auto& entry) { return !names.contains(entry.first); });
  }
  LookAtThese(names);
}

Result<std::vector<Job>> Reconciler::LoadPlaced(const std::set<std::string>& names) const {
  std::vector<Job> jobs;
  if (names.empty()) return jobs;
  TRY(options_.database->ReadNow([&](Transaction& transaction) {
    jobs.clear();
    for (const std::string& name : names) {
      ASSIGN_OR_RETURN(std::optional<Job> job, store_.Find(transaction, name));
      if (job && HasPlace(*job)) jobs.push_back(*std::move(job));
    }
    return Status();
  }));
  return jobs;
}

// Before any file is read: what a runner wrote before it went is then surely seen.
std::vector<Seen> Reconciler::Poll(const std::vector<Job>& jobs) const {
  std::vector<AttemptRef> attempts;
  for (const Job& job : jobs) attempts.push_back({job.name, job.attempt});
  Result<std::vector<Seen>> seen = options_.backend->Poll(attempts);
  if (seen.ok() && seen->size() == jobs.size()) return std::move(seen).value();
  const std::string why = seen.ok() ? "the backend left out some attempts" : seen.status().text();
  return std::vector<Seen>(jobs.size(), Seen{Seen::State::kUnknown, "", why});
}

Reconciler::Memory& Reconciler::MemoryOf(const Job& job) {
  Memory& memory = memories_[job.name];
  const std::string life = LifeOf(job);
  if (memory.life == life && memory.attempt == job.attempt) return memory;
  memory = Memory();
  memory.life = life;
  memory.attempt = job.attempt;
  return memory;
}

Status Reconciler::LookAt(const std::string& name) {
  ASSIGN_OR_RETURN(std::vector<Job> jobs, LoadPlaced({name}));
  if (jobs.empty()) return {};
  const std::vector<Seen> seen = Poll(jobs);
  ASSIGN_OR_RETURN(const std::optional<News> news, Gather(std::move(jobs.front()), seen.front()));
  if (!news) return {};
  bool has_ended = false;
  TRY(options_.database->WriteNow(
      [&](Transaction& transaction) { return Take(transaction, *news, has_ended); }));
  Remember(*news, has_ended);
  return {};
}

void Reconciler::LookAtThese(const std::set<std::string>& names) {
  struct Taking {
    News news;
    bool has_ended = false;
    std::promise<Status> done{};
  };
  Result<std::vector<Job>> jobs = LoadPlaced(names);
  if (!jobs.ok()) return Complain(*names.begin(), jobs.status());
  if (jobs->empty()) return;
  const std::vector<Seen> seen = Poll(*jobs);
  // Works that wait together share a commit.
  std::list<Taking> takings;
  for (size_t i = 0; i < jobs->size(); ++i) {
    const std::string name = (*jobs)[i].name;
    Result<std::optional<News>> news = Gather(std::move((*jobs)[i]), seen[i]);
    if (!news.ok() || !news.value()) {
      TellTrouble(name, news.status());
      continue;
    }
    Taking& taking = takings.emplace_back(Taking{*std::move(news).value()});
    options_.database->Write(
        [this, &taking](Transaction& transaction) {
          return Take(transaction, taking.news, taking.has_ended);
        },
        [&taking](Status status) { taking.done.set_value(std::move(status)); });
  }
  for (Taking& taking : takings) {
    const Status taken = taking.done.get_future().get();
    TellTrouble(taking.news.job.name, taken);
    if (taken.ok()) Remember(taking.news, taking.has_ended);
  }
}

void Reconciler::Remember(const News& news, bool has_ended) {
  if (has_ended) {
    memories_.erase(news.job.name);
    return;
  }
  MemoryOf(news.job).events_end = news.events_end;
}

}  // namespace lazurite::reconciler
