// Runs and what is logged to them, but for metric points (MetricStore). Every function works inside
// the caller's transaction. Messages are MLflow's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "domain/run/run.h"
#include "storage/sql/database.h"

namespace lazurite {

// What a new run is given.
struct NewRun {
  std::string id;  // "" = 32 random hex letters
  int64_t experiment = kDefaultExperiment;
  std::string name;  // "" = the tag mlflow.runName, or a name made up
  std::string user;
  int64_t start_ms = 0;
  RunStatus status = RunStatus::kRunning;
  bool is_job = false;
  std::string made_by;  // the job whose script starts it, or ""
  std::vector<KeyValue> tags;
};

// A job, as far as its own run needs it.
struct JobRun {
  std::string job;  // the run's id
  std::string experiment_name;
  std::string display_name;
  std::string user;
  Time start{};
  std::vector<KeyValue> tags;
  std::string workspace{kDefaultWorkspace};
};

// A dataset as runs of an experiment used it.
struct DatasetUse {
  int64_t experiment = kDefaultExperiment;
  std::string name;
  std::string digest;
  std::string context;  // "" = none
};

// What update-run changes; absent = as it was.
struct RunChange {
  std::optional<RunStatus> status;
  std::optional<int64_t> end_ms;
  std::optional<std::string> name;
};

// What is said of a run that is not there.
Status MissingRun(std::string_view run);

class RunStore final {
 public:
  // Makes a run in an active experiment and gives it as Load does. kInvalidArgument as MLflow's.
  Result<Run> Create(Transaction& transaction, const NewRun& run, IdSource& ids) const;
  // kNotFound.
  Result<RunInfo> Get(Transaction& transaction, std::string_view run) const;
  // True if there is such a run, but in another workspace.
  Result<bool> IsElsewhere(Transaction& transaction, std::string_view run,
                           std::string_view workspace) const;
  // The run with its latest metrics, params, tags, inputs and outputs. kNotFound.
  Result<Run> Load(Transaction& transaction, std::string_view run) const;
  // The run, if it may be written to: kNotFound, or kInvalidArgument if it is deleted.
  Result<RunInfo> GetActive(Transaction& transaction, std::string_view run) const;
  Result<RunInfo> Update(Transaction& transaction, std::string_view run,
                         const RunChange& change) const;
  Status SetDeleted(Transaction& transaction, std::string_view run, bool is_deleted) const;

  // Params do not change: the same value again is fine, another one is kInvalidArgument.
  Status LogParams(Transaction& transaction, std::string_view run,
                   const std::vector<KeyValue>& params) const;
  // The tag mlflow.runName renames the run.
  Status SetTags(Transaction& transaction, std::string_view run,
                 const std::vector<KeyValue>& tags) const;
  Status DeleteTag(Transaction& transaction, std::string_view run, std::string_view key) const;
  // A dataset logged again keeps its first tags.
  Status LogInputs(Transaction& transaction, const RunInfo& run,
                   const std::vector<DatasetInput>& datasets,
                   const std::vector<std::string>& models) const;
  // The datasets of the runs of these experiments, each use once, at most `limit`.
  Result<std::vector<DatasetUse>> ListDatasets(Transaction& transaction,
                                               const std::vector<int64_t>& experiments,
                                               int limit) const;
  Status LogOutputs(Transaction& transaction, std::string_view run,
                    const std::vector<ModelOutput>& models) const;

  // A job's own run: made when the job is (status SCHEDULED), found again when called again. Its
  // experiment is made if need be. A deleted run of that name is replaced.
  Status EnsureJobRun(Transaction& transaction, const JobRun& job, IdSource& ids) const;
  // The job's ranks started: RUNNING.
  Status StartJobRun(Transaction& transaction, std::string_view job, Time now) const;
  // The job ended (job_end.h). What the script itself said about the end of its run is overruled,
  // but not of a run that is no job's own. Fine if there is no such run.
  Status FinishJobRun(Transaction& transaction, std::string_view job, RunStatus status,
                      Time end) const;
};

// Where a run's artifacts lie: below the experiment's own location if it was given one, else where
// the job's outputs and logs are too.
std::string RunArtifactUri(const Experiment& experiment, std::string_view run);

}  // namespace lazurite
