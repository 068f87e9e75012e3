// What an attempt's directory and its backend say: read, never changed, but for the verdict on a
// runner that is gone.
#include "base/log.h"
#include "base/worth_waiting.h"
#include "domain/job/notes.h"
#include "engine/reconciler/reconciler.h"

namespace lazurite::reconciler {
namespace {

// A runner that has not taken its lock after this time has not started.
constexpr Duration kStartMax{std::chrono::seconds(30)};
// Whoever starts it may have to wait: for room for a process, for a first look at the GPUs.
constexpr Duration kUnsubmittedMax{std::chrono::minutes(10)};
// A cancel is asked for again if nothing came of it.
constexpr Duration kCancelAgain{std::chrono::seconds(5)};
// So long nobody may answer before the job is NotResponding.
constexpr Duration kSilentMax{std::chrono::seconds(30)};
// So long what a lost runner left and cannot be ended may hold up the job, and how often it is
// tried.
constexpr Duration kSweepMax{std::chrono::minutes(2)};
constexpr Duration kSweepAgain{500};
constexpr std::string_view kUnreadableEvents =
    "some of what the runner told (its events) could not be read and was skipped";

}  // namespace

Result<std::optional<Reconciler::News>> Reconciler::Gather(Job job, const Seen& seen) {
  News news;
  news.job = std::move(job);
  Look look{
      news.job,
      AttemptChannel(AttemptChannel::FolderOf(options_.home, news.job.name, news.job.attempt)),
      MemoryOf(news.job), news};
  if (look.job.state == JobState::kCancelRequested) AskBackendToCancel(look);
  TRY(Judge(look, seen));
  Status read = GatherFiles(look);
  // Of a place where nobody answers, the files often cannot be read either.
  if (!read.ok() && !news.is_silent) return read;
  // Before the end is recorded: should the server die in between, the next one does it again.
  if (news.exit || news.verdict) TRY(ReplaySpool(look));
  news.notes.insert(news.notes.end(), look.memory.notes.begin(), look.memory.notes.end());
  if (news.is_empty() && news.events_end == look.memory.events_end) return std::optional<News>();
  return std::optional<News>(std::move(news));
}

// What can never be read holds up nothing.
Status Reconciler::GatherFiles(Look& look) const {
  TRY(GatherEvents(look));
  Result<std::optional<ExitRecord>> exit = look.channel.ReadExit();
  // Unreadable as it is, the job goes on as long as its runner lives.
  if (!exit.ok()) return IsWorthWaiting(exit.status()) ? exit.status() : Status();
  look.news.exit = std::move(exit).value();
  if (look.news.exit) look.news.verdict.reset();
  return {};
}

Status Reconciler::GatherEvents(Look& look) const {
  News& news = look.news;
  news.events_end = look.memory.events_end;
  bool has_unreadable = false;
  while (true) {
    Result<EventPage> page = look.channel.ReadEvents(news.events_end);
    if (!page.ok() && IsWorthWaiting(page.status())) return page.status();
    has_unreadable = has_unreadable || !page.ok() || page->has_unreadable;
    if (!page.ok()) break;
    for (AttemptEvent& event : page->events) {
      if (event.seq > look.job.event_seq) news.events.push_back(std::move(event));
    }
    news.events_end = page->end;
    if (page->is_last) break;
  }
  if (has_unreadable && !HasNote(look.job, kUnreadableEvents)) {
    news.notes.emplace_back(kUnreadableEvents);
  }
  if (!news.events.empty()) {
    look.memory.silent_since.reset();
    news.is_silent = false;
  }
  return {};
}

Status Reconciler::ReplaySpool(const Look& look) const {
  Status replayed = options_.replay_spool(look.job, look.channel, look.memory.notes);
  if (replayed.ok()) return {};
  if (IsWorthWaiting(replayed)) return replayed;
  look.memory.notes.push_back("logging calls of the job that were kept could not be taken in: " +
                              replayed.text());
  return {};
}

// Where the attempt is, as its backend sees it.
Status Reconciler::Judge(Look& look, const Seen& seen) const {
  Verdict verdict{.cause = seen.cause, .message = seen.reason, .time = options_.clock->Now()};
  if (seen.state == Seen::State::kUnknown) {
    TakeSilence(look, seen);
    return {};
  }
  look.memory.silent_since.reset();
  look.news.is_heard = look.job.state == JobState::kNotResponding;
  if (seen.state == Seen::State::kRunning) return {};
  if (seen.state != Seen::State::kGone && !HasWaitedTooLong(look, seen, verdict)) return {};
  return GiveUp(look, std::move(verdict));
}

bool Reconciler::HasWaitedTooLong(Look& look, const Seen& seen, Verdict& verdict) const {
  const Instant now = options_.clock->Steady();
  Memory& memory = look.memory;
  const bool is_begun = seen.state == Seen::State::kWaiting;
  if (!memory.waiting_since || memory.is_begun != is_begun) memory.waiting_since = now;
  memory.is_begun = is_begun;
  if (now - *memory.waiting_since < (is_begun ? kStartMax : kUnsubmittedMax)) return false;
  verdict.cause = is_begun ? "runner_lost" : "backend";
  verdict.message = is_begun ? "the runner did not start within 30 s"
                             : "it could not be started for 10 minutes: " + seen.reason;
  return true;
}

void Reconciler::TakeSilence(Look& look, const Seen& seen) const {
  const Instant now = options_.clock->Steady();
  if (!look.memory.silent_since) look.memory.silent_since = now;
  if (now - *look.memory.silent_since < kSilentMax) return;
  look.news.is_silent = Next(look.job.state, JobEvent::kSilent).ok();
  look.news.reason = "nobody can say where it is: " + seen.reason;
}

// Writes the verdict of an attempt whose runner is gone without an exit.json that can be read,
// after ending what it left.
Status Reconciler::GiveUp(Look& look, Verdict verdict) const {
  const Result<std::optional<ExitRecord>> exit = look.channel.ReadExit();
  if (exit.ok() && *exit) return {};
  if (!exit.ok()) {
    if (IsWorthWaiting(exit.status())) return exit.status();
    verdict.cause = "runner_lost";
    verdict.message = "how the job ended cannot be read: " + exit.status().text();
  }
  const Result<std::optional<Verdict>> earlier = look.channel.ReadVerdict();
  if (!earlier.ok() && IsWorthWaiting(earlier.status())) return earlier.status();
  const bool is_written = earlier.ok() && *earlier;
  look.news.verdict = is_written ? **earlier : verdict;
  if (is_written) return {};
  TRY(Sweep(look));
  return look.channel.WriteVerdict(verdict);
}

// Ends what a lost runner has left; what cannot be ended is told, and given up after a while.
Status Reconciler::Sweep(const Look& look) const {
  Memory& memory = look.memory;
  const Instant now = options_.clock->Steady();
  // Each sweep keeps other jobs waiting.
  if (memory.swept && now - *memory.swept < kSweepAgain) return memory.sweep_result;
  memory.swept = now;
  if (!memory.sweeping_since) memory.sweeping_since = now;
  const AttemptRef ref{look.job.name, look.job.attempt};
  memory.sweep_result = options_.backend->Sweep({&ref, 1});
  if (memory.sweep_result.ok()) return {};
  if (now - *memory.sweeping_since < kSweepMax) return memory.sweep_result;
  memory.notes.push_back("not all that the job started could be ended: " +
                         memory.sweep_result.text());
  return {};
}

// A cancel that fails is asked for again; what the attempt says is read meanwhile.
void Reconciler::AskBackendToCancel(const Look& look) const {
  const Instant now = options_.clock->Steady();
  std::optional<Instant>& asked = look.memory.cancel_asked;
  if (asked && now - *asked < kCancelAgain) return;
  asked = now;
  const AttemptRef ref{look.job.name, look.job.attempt};
  const Status canceled = options_.backend->Cancel({&ref, 1});
  if (canceled.ok()) return;
  Log(LogLevel::kWarning, "reconciler: asking for a cancel failed",
      {{"job", look.job.name}, {"error", canceled.text()}});
}

}  // namespace lazurite::reconciler
