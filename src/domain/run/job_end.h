// The end of a job, in one place: whoever ends one (the reconciler, the scheduler, a cancel, a
// script that says its run is over) does it here.
#pragma once

#include <string>

#include "base/clock.h"
#include "domain/job/job_store.h"
#include "storage/sql/database.h"

namespace lazurite {

struct JobEnd {
  JobEvent event = JobEvent::kFailed;  // must lead to an end from the state in which the job is
  std::string cause{};                 // one word: Job::cause
  std::string sentence{};              // for a person; "" if there is nothing to tell
  Time ended{};                        // when it was over
  Time now{};                          // when that became known here
};

// Ends the job. In the caller's transaction, so all of it or nothing:
//   * the job's state moves by `end.event`; the row of that transition has the time and the
//     sentence;
//   * the job's row gets the end, the cause, the sentence as its error if it failed, no reason to
//     wait any more, and whatever else the caller has put into `job` (exit code, resource use);
//   * the job's own run ends with it: FINISHED, FAILED or KILLED, at the same time;
//   * the job's token is worth nothing from this commit on: it is good only for a job that has not
//     ended (domain/identity);
//   * `changes` tells of the job and of its run.
// kFailedPrecondition, and nothing changed, if the event leads to no end from there.
Status EndJob(Transaction& transaction, Job& job, const JobEnd& end);

}  // namespace lazurite
