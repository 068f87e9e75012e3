// What a training script says about its run, where that touches several stores: one transaction for
// each call. Messages are MLflow's. Every function works inside the caller's transaction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/model/model_store.h"
#include "domain/run/run.h"
#include "storage/sql/database.h"

namespace lazurite::tracking {

// Who writes: anybody the server let in, or the processes of one job (`job` is its name), which may
// write to the job's own run and to the runs they started.
struct Writer {
  std::string job;
  bool is_job() const { return !job.empty(); }
};

struct Batch {
  std::vector<Metric> metrics;
  std::vector<KeyValue> params;
  std::vector<KeyValue> tags;
};

// kPermissionDenied if a job writes to a run that is not its own.
Status CheckMayWrite(const RunInfo& run, const Writer& writer);
// The run, if it may be written to now by this writer: kNotFound, kInvalidArgument (deleted),
// kPermissionDenied.
Result<RunInfo> GetWritable(Transaction& transaction, std::string_view run, const Writer& writer);
// The same for a logged model: a job may write to those of its runs, and to those that belong to no
// run.
Status CheckMayWriteModel(Transaction& transaction, std::string_view model, const Writer& writer);

// All of it or nothing: checks every item first (keys, lengths, counts, params that would change).
Status LogBatch(Transaction& transaction, std::string_view run, Batch batch, const Writer& writer);
// The same for a call with one item: sentences name no position.
Status LogOne(Transaction& transaction, std::string_view run, Batch batch, const Writer& writer);
// What clients before MLflow 3 say of a model: kept in the tag mlflow.log-model.history.
Status LogModelJson(Transaction& transaction, std::string_view run, std::string_view model_json,
                    const Writer& writer);

// Adds a version of a registered model of the workspace. Its source may be "models:/<logged
// model>", "models:/<name>/<version>", "runs:/<run>/<path>", an address of the artifact proxy or of
// some other storage; kInvalidArgument for local files and for what cannot be found.
Result<ModelVersion> RegisterVersion(Transaction& transaction, std::string_view workspace,
                                     ModelVersion version, Time now);

// Ids of replayed calls are remembered so long.
inline constexpr Duration kReplayMemory{std::chrono::hours(24 * 90)};
// True the first time an id comes: the caller goes on in the same transaction. False if its call
// was taken already.
Result<bool> TakeReplayId(Transaction& transaction, std::string_view id, Time now);

}  // namespace lazurite::tracking
