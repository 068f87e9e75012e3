#include "domain/job/place.h"

#include "domain/job/notes.h"

namespace lazurite {
namespace {

constexpr const char* kPreempted = "preempted";

}  // namespace

bool HasPlace(const Job& job) {
  const bool is_waiting = job.state == JobState::kNotStarted || job.state == JobState::kQueued;
  return job.attempt > 0 && !is_waiting && !IsTerminal(job.state);
}

void MarkPreempted(Job& job, std::string_view by) {
  job.detail[kPreempted] = Json(Json::Object{{"by", by}, {"attempt", job.attempt}});
}

std::string PreemptedBy(const Job& job) {
  const Json* mark = job.detail.Find(kPreempted);
  if (mark == nullptr || mark->GetInt("attempt") != job.attempt) return "";
  return mark->GetString("by");
}

Status ReturnJob(Transaction& transaction, Job& job, std::string_view cause, std::string_view why,
                 Time now) {
  TRY(Next(job.state, JobEvent::kReturned).status());
  job.cause = cause;
  job.reason.clear();
  job.started.reset();
  // Of the attempt that is over, as is what it met with.
  job.exit_code.reset();
  for (const char* part : {"result", "limits"}) job.detail.Erase(part);
  AddNote(job, "attempt " + std::to_string(job.attempt) + ": " + std::string(why));
  return JobStore().Move(transaction, job, JobEvent::kReturned, why, now);
}

}  // namespace lazurite
