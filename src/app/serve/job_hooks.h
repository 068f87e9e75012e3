// What belongs to a job's life beside its state: its run, and the assets its outputs become.
#pragma once

#include "base/clock.h"
#include "domain/attempt/attempt.h"
#include "domain/job/job_store.h"
#include "storage/sql/database.h"

namespace lazurite::serve {

// The job's ranks started: its run is RUNNING.
Status BeginRun(Transaction& transaction, const Job& job, Time now);

// The job completed: outputs with a name become data or model versions, told in
// job.detail.outputs[].asset; one that cannot be registered (it exists already, say) is told in
// job.detail.notes and does not hold up the end.
Status RegisterOutputs(Transaction& transaction, Job& job, Time now);

// Takes in the logging calls that the job's runner kept and could not deliver. What cannot be taken
// is set aside, and told in `notes` (at most kRefusedNotesMax for a job). An error: try again
// later.
inline constexpr size_t kRefusedNotesMax = 20;
struct SpoolReplay {
  Database& database;
  Time now;
  std::vector<std::string>& notes;
};
Status ReplaySpool(const SpoolReplay& replay, const Job& job, const AttemptChannel& channel);

}  // namespace lazurite::serve
