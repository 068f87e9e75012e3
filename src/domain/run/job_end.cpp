#include "domain/run/job_end.h"

#include <algorithm>

#include "domain/run/run_store.h"

namespace lazurite {
namespace {

RunStatus RunStatusOf(JobState state) {
  if (state == JobState::kCompleted) return RunStatus::kFinished;
  return state == JobState::kCanceled ? RunStatus::kKilled : RunStatus::kFailed;
}

}  // namespace

Status EndJob(Transaction& transaction, Job& job, const JobEnd& end) {
  ASSIGN_OR_RETURN(const JobState state, Next(job.state, end.event));
  if (!IsTerminal(state)) {
    return FailedPrecondition("job " + job.name + " does not end by \"" +
                              std::string(ToText(end.event)) + "\" in state " +
                              std::string(ToText(job.state)));
  }
  job.cause = end.cause;
  // The clock may have been set back meanwhile; no job takes less than nothing.
  const Time ended = std::max(end.ended, job.started.value_or(end.ended));
  job.ended = ended;
  job.reason.clear();
  if (state == JobState::kFailed) job.error = end.sentence;
  TRY(JobStore().Move(transaction, job, end.event, end.sentence, end.now));
  return RunStore().FinishJobRun(transaction, job.name, RunStatusOf(state), ended);
}

}  // namespace lazurite
