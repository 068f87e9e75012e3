#include "engine/reconciler/reconciler.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <future>
#include <list>

#include "base/log.h"
#include "base/socket_path.h"
#include "base/text.h"
#include "domain/run/job_end.h"

namespace lazurite::reconciler {
namespace {

constexpr Duration kTick{std::chrono::seconds(1)};
// A runner that has not taken its lock after this time has not started.
constexpr Duration kStartMax{std::chrono::seconds(30)};
// A cancel is asked for again if nothing came of it.
constexpr Duration kCancelAgain{std::chrono::seconds(5)};
constexpr int kRingsPerWakeMax = 4096;
constexpr int kActiveMax = 100'000;
constexpr size_t kNotesMax = 50;
// What a lost runner left and cannot be ended holds up the job for so many looks.
constexpr int kSweepTriesMax = 30;
constexpr std::string_view kUnreadableEvents =
    "some of what the runner told (nodes/0/events.jsonl) could not be read and was skipped";

Result<Fd> BindDoorbell(const std::string& path) {
  ASSIGN_OR_RETURN(const SocketPath address, SocketPath::Of(path));
  unlink(path.c_str());
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return ErrnoStatus("making a socket", errno);
  if (bind(socket.get(), address.get(), SocketPath::size()) != 0) {
    return ErrnoStatus("listening on " + path, errno);
  }
  return socket;
}

JobEvent EndOf(const ExitRecord& exit) {
  if (exit.succeeded()) return JobEvent::kCompleted;
  if (exit.cause == "canceled") return JobEvent::kStopped;
  return JobEvent::kFailed;
}

std::string SentenceOf(const ExitRecord& exit) {
  if (!exit.message.empty()) return exit.message;
  if (exit.cause == "exited") return "exit code " + std::to_string(exit.code.value_or(0));
  if (exit.signal) {
    return "ended by signal " + std::to_string(*exit.signal) + " (" +
           std::string(strsignal(*exit.signal)) + ")";
  }
  return exit.cause;
}

Json UsageJson(const ExitRecord& exit) {
  const Json whole = exit.ToJson();
  Json usage = Json::MakeObject();
  for (const char* name : {"usage", "rank_usage", "log_bytes", "signal", "rank"}) {
    if (const Json* part = whole.Find(name)) usage[name] = *part;
  }
  return usage;
}

// What goes wrong for want of something that can come back; the rest goes wrong again each time.
bool IsWorthWaiting(const Status& status) {
  return status.code() == Code::kUnavailable || status.code() == Code::kResourceExhausted ||
         status.code() == Code::kNoSpace;
}

// Also if there are so many notes that no other one is taken.
bool HasNote(const Job& job, std::string_view text) {
  const Json* notes = job.detail.Find("notes");
  if (notes == nullptr || !notes->is_array()) return false;
  if (notes->array().size() >= kNotesMax) return true;
  return std::any_of(notes->array().begin(), notes->array().end(),
                     [&](const Json& note) { return note.is_string() && note.string() == text; });
}

void AddNote(Job& job, std::string_view text) {
  Json& notes = job.detail["notes"];
  if (!notes.is_array() || notes.array().size() < kNotesMax) notes.Push(text);
}

bool IsPlaced(const Job& job) { return job.attempt > 0 && !IsTerminal(job.state); }

}  // namespace

Reconciler::Reconciler(ReconcilerOptions options) : options_(std::move(options)) {}

Reconciler::~Reconciler() { Stop(); }

Status Reconciler::Start() {
  ASSIGN_OR_RETURN(doorbell_, BindDoorbell(options_.home + "/run/doorbell.sock"));
  wake_ = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_.valid()) return ErrnoStatus("making an eventfd", errno);
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

void Reconciler::Wake() {
  const uint64_t one = 1;
  // A full counter means that a wake-up is pending already.
  if (write(wake_.get(), &one, sizeof one) < 0) return;
}

// Waits for rings; the names of the jobs they were for. Forgets none: what is not named is looked
// at in the next tick.
std::set<std::string> Reconciler::Listen() {
  std::array<pollfd, 2> waiting = {{{.fd = doorbell_.get(), .events = POLLIN, .revents = 0},
                                    {.fd = wake_.get(), .events = POLLIN, .revents = 0}}};
  poll(waiting.data(), waiting.size(), static_cast<int>(kTick.count()));
  std::set<std::string> jobs;
  std::array<char, 512> buffer;
  for (int i = 0; i < kRingsPerWakeMax; ++i) {
    const ssize_t count = recv(doorbell_.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) break;
    const std::string_view text(buffer.data(), static_cast<size_t>(count));
    jobs.emplace(text.substr(0, text.find('/')));
  }
  uint64_t wakes = 0;
  if (read(wake_.get(), &wakes, sizeof wakes) > 0) looked_at_all_.reset();
  return jobs;
}

void Reconciler::Run() {
  while (true) {
    const Instant now = options_.clock->Steady();
    if (!looked_at_all_ || now - *looked_at_all_ >= kTick) {
      LookAtAll();
      looked_at_all_ = now;
    }
    const std::set<std::string> jobs = Listen();
    {
      const std::lock_guard lock(mutex_);
      if (is_stopping_) return;
    }
    LookAtThese(jobs);
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
  // What was ended by others: a job of the same name must not inherit it.
  const auto is_over = [&names](const auto& entry) { return !names.contains(entry.first); };
  std::erase_if(cancels_asked_, is_over);
  std::erase_if(never_seen_since_, is_over);
  std::erase_if(sweeps_failed_, is_over);
  std::erase_if(notes_, is_over);
  LookAtThese(names);
}

Status Reconciler::LookAt(const std::string& name) {
  ASSIGN_OR_RETURN(const std::optional<News> news, Gather(name));
  if (!news) return {};
  bool has_ended = false;
  TRY(options_.database->WriteNow(
      [&](Transaction& transaction) { return Take(transaction, *news, has_ended); }));
  if (has_ended) Forget(name);
  return {};
}

void Reconciler::LookAtThese(const std::set<std::string>& jobs) {
  struct Taking {
    std::string name;
    News news;
    bool has_ended = false;
    std::promise<Status> done;
  };
  const auto complain = [](const std::string& job, const Status& why) {
    Log(LogLevel::kWarning, "reconciler: a job could not be looked at",
        {{"job", job}, {"error", why.text()}});
  };
  // Works that wait together share a commit.
  std::list<Taking> takings;
  for (const std::string& name : jobs) {
    Result<std::optional<News>> news = Gather(name);
    if (!news.ok()) complain(name, news.status());
    if (!news.ok() || !news.value()) continue;
    Taking& taking = takings.emplace_back(Taking{name, *std::move(news).value(), false, {}});
    options_.database->Write(
        [this, &taking](Transaction& transaction) {
          return Take(transaction, taking.news, taking.has_ended);
        },
        [&taking](Status status) { taking.done.set_value(std::move(status)); });
  }
  for (Taking& taking : takings) {
    const Status taken = taking.done.get_future().get();
    if (!taken.ok()) {
      complain(taking.name, taken);
    } else if (taking.has_ended) {
      Forget(taking.name);
    }
  }
}

void Reconciler::Forget(const std::string& job) {
  cancels_asked_.erase(job);
  never_seen_since_.erase(job);
  sweeps_failed_.erase(job);
  notes_.erase(job);
}

Result<std::optional<Reconciler::News>> Reconciler::Gather(const std::string& name) {
  std::optional<Job> job;
  TRY(options_.database->ReadNow([&](Transaction& transaction) {
    ASSIGN_OR_RETURN(job, store_.Find(transaction, name));
    return Status();
  }));
  if (!job || !IsPlaced(*job)) return std::optional<News>();
  const AttemptChannel channel(AttemptChannel::FolderOf(options_.home, name, job->attempt));
  if (job->state == JobState::kCancelRequested) AskBackendToCancel(*job);
  News news;
  // The runner is looked at before its files: what it wrote before it went is then surely seen.
  TRY(JudgeRunner(*job, channel, news));
  TRY(GatherFiles(*job, channel, news));
  // Before the end is recorded: should the server die in between, the next one does it again.
  if (news.exit || news.verdict) TRY(ReplaySpool(*job, channel));
  if (const auto notes = notes_.find(name); notes != notes_.end()) {
    news.notes.insert(news.notes.end(), notes->second.begin(), notes->second.end());
  }
  if (news.events.empty() && news.notes.empty() && !news.exit && !news.verdict) {
    return std::optional<News>();
  }
  news.job = std::move(*job);
  return std::optional<News>(std::move(news));
}

// What can never be read holds up nothing.
Status Reconciler::GatherFiles(const Job& job, const AttemptChannel& channel, News& news) {
  bool has_unreadable = false;
  Result<std::vector<AttemptEvent>> events = channel.ReadEvents(job.event_seq, &has_unreadable);
  if (!events.ok() && IsWorthWaiting(events.status())) return events.status();
  if (events.ok()) news.events = std::move(events).value();
  if ((has_unreadable || !events.ok()) && !HasNote(job, kUnreadableEvents)) {
    news.notes.emplace_back(kUnreadableEvents);
  }
  Result<std::optional<ExitRecord>> exit = channel.ReadExit();
  // Unreadable as it is, the job goes on as long as its runner lives.
  if (!exit.ok()) return IsWorthWaiting(exit.status()) ? exit.status() : Status();
  news.exit = std::move(exit).value();
  if (news.exit) news.verdict.reset();
  return {};
}

Status Reconciler::ReplaySpool(const Job& job, const AttemptChannel& channel) {
  std::vector<std::string>& notes = notes_[job.name];
  Status replayed = options_.replay_spool(job, channel, notes);
  if (replayed.ok()) return {};
  if (IsWorthWaiting(replayed)) return replayed;
  notes.push_back("logging calls of the job that were kept could not be taken in: " +
                  replayed.text());
  return {};
}

Status Reconciler::Take(Transaction& transaction, const News& news, bool& has_ended) {
  has_ended = false;
  ASSIGN_OR_RETURN(Job fresh, store_.Get(transaction, news.job.name));
  const bool is_same = fresh.sequence == news.job.sequence && fresh.attempt == news.job.attempt;
  if (!is_same || !IsPlaced(fresh)) return {};
  for (const std::string& note : news.notes) {
    if (!HasNote(fresh, note)) AddNote(fresh, note);
  }
  if (!news.notes.empty()) TRY(store_.Save(transaction, fresh));
  TRY(TakeEvents(transaction, fresh, news.events));
  if (news.exit) TRY(TakeExit(transaction, fresh, *news.exit));
  if (news.verdict) TRY(TakeVerdict(transaction, fresh, *news.verdict));
  has_ended = IsTerminal(fresh.state);
  return {};
}

Status Reconciler::TakeEvents(Transaction& transaction, Job& job,
                              const std::vector<AttemptEvent>& events) {
  bool is_unsaved = false;
  for (const AttemptEvent& event : events) {
    if (event.seq <= job.event_seq) continue;
    job.event_seq = event.seq;
    is_unsaved = true;
    std::optional<JobEvent> move;
    if (event.event == "inputs_ready") move = JobEvent::kInputsReady;
    if (event.event == "ranks_started") {
      move = JobEvent::kRanksStarted;
      job.started = event.time;
    }
    if (event.event == "ranks_ended") move = JobEvent::kRanksEnded;
    if (event.event == "environment_ready") job.detail["environment"] = event.detail;
    if (event.event == "note") {
      AddNote(job, event.detail.GetString("text"));
    }
    // A cancelled job goes on telling; its state waits for the end.
    if (!move || !Next(job.state, *move).ok()) continue;
    TRY(store_.Move(transaction, job, *move, "", event.time));
    is_unsaved = false;
    if (*move == JobEvent::kRanksStarted) TRY(options_.on_running(transaction, job));
  }
  return is_unsaved ? store_.Save(transaction, job) : Status();
}

Status Reconciler::TakeExit(Transaction& transaction, Job& job, const ExitRecord& exit) {
  job.exit_code = exit.code;
  if (exit.started) job.started = exit.started;
  job.detail["result"] = UsageJson(exit);
  const Time now = options_.clock->Now();
  const JobEvent event = EndOf(exit);
  if (event == JobEvent::kCompleted) TRY(options_.on_completed(transaction, job));
  return EndJob(transaction, job,
                {.event = event,
                 .cause = exit.cause,
                 .sentence = exit.succeeded() ? "" : SentenceOf(exit),
                 .ended = exit.ended.value_or(now),
                 .now = now});
}

Status Reconciler::TakeVerdict(Transaction& transaction, Job& job, const Verdict& verdict) {
  return EndJob(transaction, job,
                {.event = JobEvent::kGone,
                 .cause = verdict.cause,
                 .sentence = verdict.message,
                 .ended = verdict.time,
                 .now = options_.clock->Now()});
}

// Writes the verdict of an attempt whose runner is gone without an exit.json that can be read,
// after ending what it left.
Status Reconciler::JudgeRunner(const Job& job, const AttemptChannel& channel, News& news) {
  ASSIGN_OR_RETURN(const AttemptChannel::RunnerView view, channel.LookAtRunner());
  Verdict verdict{.cause = "runner_lost", .message = "", .time = options_.clock->Now()};
  switch (view.state) {
    case AttemptChannel::Runner::kAlive:
      return {};
    case AttemptChannel::Runner::kNever: {
      const Instant now = options_.clock->Steady();
      const Instant since = never_seen_since_.try_emplace(job.name, now).first->second;
      if (now - since < kStartMax) return {};
      verdict.message = "the runner did not start within 30 s";
      break;
    }
    case AttemptChannel::Runner::kGone:
      verdict.message = "the runner (pid " + std::to_string(view.identity.pid) +
                        ") ended without a word; it was killed or crashed";
      break;
    case AttemptChannel::Runner::kRebooted:
      verdict.cause = "machine_restarted";
      verdict.message = "the machine was restarted while the job ran";
      break;
  }
  const Result<std::optional<ExitRecord>> exit = channel.ReadExit();
  if (exit.ok() && *exit) return {};
  if (!exit.ok()) {
    if (IsWorthWaiting(exit.status())) return exit.status();
    verdict.cause = "runner_lost";
    verdict.message = "how the job ended cannot be read: " + exit.status().text();
  }
  const Result<std::optional<Verdict>> earlier = channel.ReadVerdict();
  if (!earlier.ok() && IsWorthWaiting(earlier.status())) return earlier.status();
  news.verdict = verdict;
  if (earlier.ok() && *earlier) {
    news.verdict = *earlier;
    return {};
  }
  TRY(Sweep(job));
  return channel.WriteVerdict(verdict);
}

// Ends what a lost runner has left; what cannot be ended is told, and given up after a while.
Status Reconciler::Sweep(const Job& job) {
  const AttemptRef ref{job.name, job.attempt};
  Status swept = options_.backend->Sweep({&ref, 1});
  if (swept.ok()) return {};
  if (++sweeps_failed_[job.name] < kSweepTriesMax) return swept;
  notes_[job.name].push_back("not all that the job started could be ended: " + swept.text());
  return {};
}

// A cancel that fails is asked for again; what the attempt says is read meanwhile.
void Reconciler::AskBackendToCancel(const Job& job) {
  const Instant now = options_.clock->Steady();
  const auto asked = cancels_asked_.find(job.name);
  if (asked != cancels_asked_.end() && now - asked->second < kCancelAgain) return;
  cancels_asked_[job.name] = now;
  const AttemptRef ref{job.name, job.attempt};
  const Status canceled = options_.backend->Cancel({&ref, 1});
  if (canceled.ok()) return;
  Log(LogLevel::kWarning, "reconciler: asking for a cancel failed",
      {{"job", job.name}, {"error", canceled.text()}});
}

}  // namespace lazurite::reconciler
