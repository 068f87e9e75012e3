// Runs that plain MLflow makes are jobs of the workspace like any other: lists show them, they can
// be renamed, archived and canceled. Nothing here runs them: they have no attempt, their state is
// what their script says. Each function changes the run and its job in the caller's transaction;
// messages are MLflow's.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "domain/job/job_store.h"
#include "domain/run/run_store.h"
#include "storage/sql/database.h"

namespace lazurite::tracking {

// Who asks, and where.
struct Asker {
  std::string_view user;
  std::string_view workspace;
};

// Makes a run and its job, which is Running at once and belongs to the job that the tag
// mlflow.parentRunId names, if there is one.
Result<Run> CreateRun(Transaction& transaction, const NewRun& run, const Asker& asker,
                      IdSource& ids, Time now);
// Changes a run. The job's name follows; the first FINISHED, FAILED or KILLED ends a job that has
// no attempt, for good.
Result<RunInfo> UpdateRun(Transaction& transaction, std::string_view run, const RunChange& change,
                          Time now);
// Deletes a run or restores it: its job is archived or listed again.
Status SetRunDeleted(Transaction& transaction, std::string_view run, bool is_deleted, Time now);
// The job's display name after its run got another name. Fine if there is no such job.
Status RenameJob(Transaction& transaction, std::string_view run, std::string_view name);

}  // namespace lazurite::tracking
