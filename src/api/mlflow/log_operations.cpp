#include "api/mlflow/operations.h"
#include "api/mlflow/wire.h"
#include "domain/run/run_store.h"

namespace lazurite::mlflow {
namespace {

const RunStore kRuns;
constexpr size_t kInputsMax = 1000;

Result<Metric> MetricOf(const Fields& fields) {
  Metric metric;
  ASSIGN_OR_RETURN(metric.key, fields.RequiredText("key"));
  ASSIGN_OR_RETURN(metric.value, fields.RequiredDouble("value"));
  ASSIGN_OR_RETURN(metric.timestamp_ms, fields.RequiredInt("timestamp"));
  ASSIGN_OR_RETURN(const auto step, fields.Int("step"));
  metric.step = step.value_or(0);
  ASSIGN_OR_RETURN(metric.model, fields.Text("model_id"));
  ASSIGN_OR_RETURN(metric.dataset_name, fields.Text("dataset_name"));
  ASSIGN_OR_RETURN(metric.dataset_digest, fields.Text("dataset_digest"));
  return metric;
}

Result<KeyValue> PairOf(const Fields& fields) {
  KeyValue pair;
  ASSIGN_OR_RETURN(pair.key, fields.RequiredText("key"));
  ASSIGN_OR_RETURN(pair.value, fields.Text("value"));
  return pair;
}

Result<Json> LogMetric(Call& call) {
  ASSIGN_OR_RETURN(const std::string run, call.fields.RunId());
  tracking::Batch batch;
  ASSIGN_OR_RETURN(Metric metric, MetricOf(call.fields));
  batch.metrics.push_back(std::move(metric));
  TRY(tracking::LogOne(call.transaction, run, std::move(batch), call.writer));
  return Json::MakeObject();
}

Result<Json> LogParameter(Call& call) {
  ASSIGN_OR_RETURN(const std::string run, call.fields.RunId());
  tracking::Batch batch;
  ASSIGN_OR_RETURN(KeyValue param, PairOf(call.fields));
  batch.params.push_back(std::move(param));
  TRY(tracking::LogOne(call.transaction, run, std::move(batch), call.writer));
  return Json::MakeObject();
}

Result<Json> SetTag(Call& call) {
  ASSIGN_OR_RETURN(const std::string run, call.fields.RunId());
  tracking::Batch batch;
  ASSIGN_OR_RETURN(KeyValue tag, PairOf(call.fields));
  batch.tags.push_back(std::move(tag));
  TRY(tracking::LogOne(call.transaction, run, std::move(batch), call.writer));
  return Json::MakeObject();
}

Result<Json> DeleteTag(Call& call) {
  ASSIGN_OR_RETURN(const std::string run, call.fields.RunId());
  ASSIGN_OR_RETURN(const std::string key, call.fields.RequiredText("key"));
  TRY(tracking::GetWritable(call.transaction, run, call.writer).status());
  TRY(kRuns.DeleteTag(call.transaction, run, key));
  return Json::MakeObject();
}

Result<Json> LogBatch(Call& call) {
  ASSIGN_OR_RETURN(const std::string run, call.fields.RunId());
  tracking::Batch batch;
  ASSIGN_OR_RETURN(const std::vector<Fields> metrics, call.fields.Objects("metrics"));
  batch.metrics.reserve(metrics.size());
  for (const Fields& fields : metrics) {
    ASSIGN_OR_RETURN(Metric metric, MetricOf(fields));
    batch.metrics.push_back(std::move(metric));
  }
  ASSIGN_OR_RETURN(batch.params, call.fields.Pairs("params"));
  ASSIGN_OR_RETURN(batch.tags, call.fields.Pairs("tags"));
  TRY(tracking::LogBatch(call.transaction, run, std::move(batch), call.writer));
  return Json::MakeObject();
}

Result<DatasetInput> DatasetOf(const Fields& fields) {
  DatasetInput input;
  ASSIGN_OR_RETURN(input.tags, fields.Pairs("tags"));
  ASSIGN_OR_RETURN(const std::optional<Fields> dataset, fields.Object("dataset"));
  if (!dataset) return fields.RequiredText("dataset").status();
  ASSIGN_OR_RETURN(input.dataset.name, dataset->RequiredText("name"));
  ASSIGN_OR_RETURN(input.dataset.digest, dataset->RequiredText("digest"));
  ASSIGN_OR_RETURN(input.dataset.source_type, dataset->RequiredText("source_type"));
  ASSIGN_OR_RETURN(input.dataset.source, dataset->RequiredText("source"));
  ASSIGN_OR_RETURN(input.dataset.schema, dataset->Text("schema"));
  ASSIGN_OR_RETURN(input.dataset.profile, dataset->Text("profile"));
  return input;
}

Status CheckCount(std::string_view what, size_t count) {
  if (count <= kInputsMax) return {};
  return InvalidArgument("a request can contain at most " + std::to_string(kInputsMax) + " " +
                         std::string(what) + ", got " + std::to_string(count));
}

Result<Json> LogInputs(Call& call) {
  ASSIGN_OR_RETURN(const std::string run, call.fields.RunId());
  ASSIGN_OR_RETURN(const std::vector<Fields> given, call.fields.Objects("datasets"));
  ASSIGN_OR_RETURN(const std::vector<Fields> given_models, call.fields.Objects("models"));
  TRY(CheckCount("datasets", given.size()));
  TRY(CheckCount("models", given_models.size()));
  std::vector<DatasetInput> datasets;
  for (const Fields& fields : given) {
    ASSIGN_OR_RETURN(DatasetInput dataset, DatasetOf(fields));
    datasets.push_back(std::move(dataset));
  }
  std::vector<std::string> models;
  for (const Fields& fields : given_models) {
    ASSIGN_OR_RETURN(std::string model, fields.RequiredText("model_id"));
    models.push_back(std::move(model));
  }
  ASSIGN_OR_RETURN(const RunInfo info, tracking::GetWritable(call.transaction, run, call.writer));
  TRY(kRuns.LogInputs(call.transaction, info, datasets, models));
  return Json::MakeObject();
}

Result<Json> LogOutputs(Call& call) {
  ASSIGN_OR_RETURN(const std::string run, call.fields.RunId());
  ASSIGN_OR_RETURN(const std::vector<Fields> given, call.fields.Objects("models"));
  TRY(CheckCount("models", given.size()));
  std::vector<ModelOutput> models;
  for (const Fields& fields : given) {
    ModelOutput model;
    ASSIGN_OR_RETURN(model.model, fields.RequiredText("model_id"));
    ASSIGN_OR_RETURN(const auto step, fields.Int("step"));
    model.step = step.value_or(0);
    models.push_back(std::move(model));
  }
  TRY(tracking::GetWritable(call.transaction, run, call.writer).status());
  TRY(kRuns.LogOutputs(call.transaction, run, models));
  return Json::MakeObject();
}

Result<Json> LogModel(Call& call) {
  ASSIGN_OR_RETURN(const std::string run, call.fields.RunId());
  ASSIGN_OR_RETURN(const std::string model, call.fields.RequiredText("model_json"));
  TRY(tracking::LogModelJson(call.transaction, run, model, call.writer));
  return Json::MakeObject();
}

constexpr Route kRoutes[] = {
    {"POST", "/runs/log-metric", true, LogMetric, false},
    {"POST", "/runs/log-batch", true, LogBatch, false},
    {"POST", "/runs/log-parameter", true, LogParameter, false},
    {"POST", "/runs/set-tag", true, SetTag, false},
    {"POST", "/runs/delete-tag", true, DeleteTag, false},
    {"POST", "/runs/log-inputs", true, LogInputs, false},
    {"POST", "/runs/outputs", true, LogOutputs, false},
    {"POST", "/runs/log-model", true, LogModel, false},
};

}  // namespace

std::span<const Route> LogOperations() { return kRoutes; }

const Route* FindLogOperation(std::string_view path) {
  for (const std::string_view prefix : {"/api/2.0/mlflow", "/ajax-api/2.0/mlflow"}) {
    if (!path.starts_with(prefix)) continue;
    for (const Route& route : kRoutes) {
      if (route.path == path.substr(prefix.size())) return &route;
    }
  }
  return nullptr;
}

}  // namespace lazurite::mlflow
