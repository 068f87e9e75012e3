#include "engine/tracking/tracking.h"

#include "base/json.h"
#include "domain/run/logged_model_store.h"
#include "domain/run/metric_store.h"
#include "domain/run/run_store.h"
#include "domain/run/validate.h"
#include "engine/tracking/run_jobs.h"

namespace lazurite::tracking {
namespace {

constexpr std::string_view kModelHistoryTag = "mlflow.log-model.history";

Status CheckBatch(Batch& batch) {
  TRY(CheckBatchSize(batch.metrics.size(), batch.params.size(), batch.tags.size()));
  for (size_t i = 0; i < batch.metrics.size(); ++i) {
    TRY(CheckMetric(batch.metrics[i], "metrics[" + std::to_string(i) + "]"));
  }
  for (size_t i = 0; i < batch.params.size(); ++i) {
    TRY(CheckParam(batch.params[i], "params[" + std::to_string(i) + "]"));
  }
  for (size_t i = 0; i < batch.tags.size(); ++i) {
    TRY(CheckTag(batch.tags[i], "tags[" + std::to_string(i) + "]"));
  }
  return CheckParamKeysUnique(batch.params);
}

Status CheckOne(Batch& batch) {
  for (const Metric& metric : batch.metrics) TRY(CheckMetric(metric, ""));
  for (KeyValue& param : batch.params) TRY(CheckParam(param, ""));
  for (KeyValue& tag : batch.tags) TRY(CheckTag(tag, ""));
  return {};
}

Status Write(Transaction& transaction, std::string_view run, const Batch& batch,
             const Writer& writer) {
  const RunStore runs;
  TRY(GetWritable(transaction, run, writer).status());
  TRY(runs.LogParams(transaction, run, batch.params));
  TRY(MetricStore().Append(transaction, run, batch.metrics));
  TRY(runs.SetTags(transaction, run, batch.tags));
  const std::string* name = FindValue(batch.tags, kRunNameTag);
  if (name != nullptr) TRY(RenameJob(transaction, run, *name));
  return transaction.RecordChange("run", run);
}

}  // namespace

Status CheckMayWrite(const RunInfo& run, const Writer& writer) {
  if (!writer.is_job() || run.id == writer.job || run.made_by == writer.job) return {};
  return Status(Code::kPermissionDenied, "job " + writer.job + " may not write to run " + run.id +
                                             ", only to its own run and to those it started");
}

Result<RunInfo> GetWritable(Transaction& transaction, std::string_view run, const Writer& writer) {
  ASSIGN_OR_RETURN(RunInfo info, RunStore().GetActive(transaction, run));
  TRY(CheckMayWrite(info, writer));
  return info;
}

Status CheckMayWriteModel(Transaction& transaction, std::string_view model, const Writer& writer) {
  if (!writer.is_job()) return {};
  ASSIGN_OR_RETURN(const LoggedModel found, LoggedModelStore().Load(transaction, model));
  if (found.source_run.empty()) return {};
  ASSIGN_OR_RETURN(const RunInfo run, RunStore().Get(transaction, found.source_run));
  return CheckMayWrite(run, writer);
}

Status LogBatch(Transaction& transaction, std::string_view run, Batch batch, const Writer& writer) {
  TRY(CheckBatch(batch));
  return Write(transaction, run, batch, writer);
}

Status LogOne(Transaction& transaction, std::string_view run, Batch batch, const Writer& writer) {
  TRY(CheckOne(batch));
  return Write(transaction, run, batch, writer);
}

Status LogModelJson(Transaction& transaction, std::string_view run, std::string_view model_json,
                    const Writer& writer) {
  Result<Json> model = Json::Parse(model_json);
  if (!model.ok() || !model->is_object()) {
    return InvalidArgument("Malformed model info. \n " + std::string(model_json) +
                           " \n is not valid JSON.");
  }
  for (const std::string_view key : {"artifact_path", "flavors", "utc_time_created", "run_id"}) {
    if (model->Find(key) != nullptr) continue;
    return InvalidArgument("Model json is missing mandatory fields: ['" + std::string(key) + "']");
  }
  TRY(GetWritable(transaction, run, writer).status());
  const RunStore runs;
  ASSIGN_OR_RETURN(const Run loaded, runs.Load(transaction, run));
  Json history = Json::MakeArray();
  if (const std::string* old = FindValue(loaded.tags, kModelHistoryTag)) {
    Result<Json> parsed = Json::Parse(*old);
    if (parsed.ok() && parsed->is_array()) history = std::move(parsed).value();
  }
  history.Push(std::move(model).value());
  TRY(runs.SetTags(transaction, run, {{std::string(kModelHistoryTag), history.Dump()}}));
  return transaction.RecordChange("run", run);
}

Result<bool> TakeReplayId(Transaction& transaction, std::string_view id, Time now) {
  ASSIGN_OR_RETURN(Statement * forget,
                   transaction.Prepare(
                       "DELETE FROM replayed WHERE id IN (SELECT id FROM replayed WHERE time < ? "
                       "ORDER BY time LIMIT 10)"));
  TRY(forget->Bind(1, ToMillis(now - kReplayMemory)).Run());
  ASSIGN_OR_RETURN(Statement * insert,
                   transaction.Prepare("INSERT OR IGNORE INTO replayed (id, time) VALUES (?, ?)"));
  TRY(insert->Bind(1, id).Bind(2, ToMillis(now)).Run());
  return transaction.RowsChanged() > 0;
}

}  // namespace lazurite::tracking
