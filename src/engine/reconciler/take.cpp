// What was found out about an attempt, taken into the database.
#include <cstring>

#include "domain/job/notes.h"
#include "domain/job/place.h"
#include "domain/run/job_end.h"
#include "engine/reconciler/reconciler.h"

namespace lazurite::reconciler {
namespace {

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

// It was ended for another job and not because somebody wanted it ended.
bool IsToReturn(const Job& job, JobEvent event) {
  return event == JobEvent::kStopped && job.state != JobState::kCancelRequested &&
         !PreemptedBy(job).empty();
}

Json UsageJson(const ExitRecord& exit) {
  const Json whole = exit.ToJson();
  Json usage = Json::MakeObject();
  for (const char* name : {"usage", "rank_usage", "log_bytes", "signal", "rank", "limits"}) {
    if (const Json* part = whole.Find(name)) usage[name] = *part;
  }
  return usage;
}

// The event that leads back to where a job was before nobody answered.
JobEvent WayBack(const std::vector<JobTransition>& steps) {
  JobState before = JobState::kRunning;
  for (const JobTransition& step : steps) {
    if (step.to == JobState::kNotResponding) before = step.from;
  }
  switch (before) {
    case JobState::kPreparing:
      return JobEvent::kPlaced;
    case JobState::kStarting:
      return JobEvent::kInputsReady;
    case JobState::kFinalizing:
      return JobEvent::kRanksEnded;
    case JobState::kCancelRequested:
      return JobEvent::kCancelAsked;
    default:
      return JobEvent::kHeard;
  }
}

// What the event says of the job's state.
std::optional<JobEvent> MoveOf(const AttemptEvent& event) {
  if (event.event == "inputs_ready") return JobEvent::kInputsReady;
  if (event.event == "ranks_started") return JobEvent::kRanksStarted;
  if (event.event == "ranks_ended") return JobEvent::kRanksEnded;
  return std::nullopt;
}

// For the lineage: how many files of an input were no longer as they were registered.
void TakeChanged(Job& job, const Json* changed) {
  Json* inputs = job.detail.Find("inputs");
  if (changed == nullptr || inputs == nullptr || !inputs->is_array()) return;
  for (Json& input : inputs->array()) {
    const int64_t count = changed->GetInt(input.GetString("name"));
    if (count > 0) input["changed"] = count;
  }
}

void TakeDetail(Job& job, const AttemptEvent& event) {
  job.event_seq = event.seq;
  if (event.event == "ranks_started") {
    job.started = event.time;
    if (const Json* limits = event.detail.Find("limits")) job.detail["limits"] = *limits;
  }
  if (event.event == "environment_ready") job.detail["environment"] = event.detail;
  if (event.event == "inputs_ready") TakeChanged(job, event.detail.Find("changed"));
  if (event.event == "note") AddNote(job, event.detail.GetString("text"));
}

}  // namespace

Status Reconciler::Take(Transaction& transaction, const News& news, bool& has_ended) const {
  has_ended = false;
  ASSIGN_OR_RETURN(Job fresh, store_.Get(transaction, news.job.name));
  const bool is_same = LifeOf(fresh) == LifeOf(news.job) && fresh.attempt == news.job.attempt;
  if (!is_same || !HasPlace(fresh)) return {};
  for (const std::string& note : news.notes) {
    if (!HasNote(fresh, note)) AddNote(fresh, note);
  }
  if (!news.notes.empty()) TRY(store_.Save(transaction, fresh));
  if (!news.exit && !news.verdict) TRY(TakeSilence(transaction, fresh, news));
  if (news.exit || news.verdict || !news.events.empty()) TRY(TakeBackCancel(transaction, fresh));
  TRY(TakeEvents(transaction, fresh, news.events));
  if (news.exit) TRY(TakeExit(transaction, fresh, *news.exit));
  if (news.verdict) TRY(TakeVerdict(transaction, fresh, *news.verdict));
  has_ended = !HasPlace(fresh);
  return {};
}

Status Reconciler::TakeSilence(Transaction& transaction, Job& job, const News& news) const {
  const Time now = options_.clock->Now();
  if (news.is_silent && Next(job.state, JobEvent::kSilent).ok()) {
    job.reason = news.reason;
    return store_.Move(transaction, job, JobEvent::kSilent, news.reason, now);
  }
  if (!news.is_heard || job.state != JobState::kNotResponding) return {};
  job.reason.clear();
  ASSIGN_OR_RETURN(const std::vector<JobTransition> steps,
                   store_.Transitions(transaction, job.name));
  return store_.Move(transaction, job, WayBack(steps), "answers again", now);
}

// Of a job that was to be ended when it fell silent: what is heard of it then must neither end it
// as failed nor give it back to the queue.
Status Reconciler::TakeBackCancel(Transaction& transaction, Job& job) const {
  if (job.state != JobState::kNotResponding) return {};
  ASSIGN_OR_RETURN(const std::vector<JobTransition> steps,
                   store_.Transitions(transaction, job.name));
  const JobEvent back = WayBack(steps);
  if (back != JobEvent::kCancelAsked) return {};
  job.reason.clear();
  return store_.Move(transaction, job, back, "answers again", options_.clock->Now());
}

Status Reconciler::TakeEvents(Transaction& transaction, Job& job,
                              const std::vector<AttemptEvent>& events) const {
  bool is_unsaved = false;
  for (const AttemptEvent& event : events) {
    if (event.seq <= job.event_seq) continue;
    TakeDetail(job, event);
    is_unsaved = true;
    const std::optional<JobEvent> move = MoveOf(event);
    // A canceled job goes on telling; its state waits for the end.
    if (!move || !Next(job.state, *move).ok()) continue;
    job.reason.clear();
    TRY(store_.Move(transaction, job, *move, "", event.time));
    is_unsaved = false;
    if (*move == JobEvent::kRanksStarted) TRY(options_.on_running(transaction, job));
  }
  return is_unsaved ? store_.Save(transaction, job) : Status();
}

Status Reconciler::TakeExit(Transaction& transaction, Job& job, const ExitRecord& exit) const {
  job.exit_code = exit.code;
  if (exit.started) job.started = exit.started;
  job.detail["result"] = UsageJson(exit);
  const Time now = options_.clock->Now();
  const JobEvent event = EndOf(exit);
  if (IsToReturn(job, event)) {
    const std::string why = "it gave its place to job " + PreemptedBy(job);
    return ReturnJob(transaction, job, "preempted", why, now);
  }
  // What the runner had to say of a job that succeeded.
  if (exit.succeeded() && !exit.message.empty()) AddNote(job, exit.message);
  if (event == JobEvent::kCompleted) TRY(options_.on_completed(transaction, job));
  return EndJob(transaction, job,
                {.event = event,
                 .cause = exit.cause,
                 .sentence = exit.succeeded() ? "" : SentenceOf(exit),
                 .ended = exit.ended.value_or(now),
                 .now = now});
}

Status Reconciler::TakeVerdict(Transaction& transaction, Job& job, const Verdict& verdict) const {
  return EndJob(transaction, job,
                {.event = JobEvent::kGone,
                 .cause = verdict.cause,
                 .sentence = verdict.message,
                 .ended = verdict.time,
                 .now = options_.clock->Now()});
}

}  // namespace lazurite::reconciler
