#include "api/mlflow/wire.h"

#include "base/hash.h"

namespace lazurite::mlflow {
namespace {

void AddPairs(Json& message, std::string_view name, const std::vector<KeyValue>& pairs) {
  if (pairs.empty()) return;
  Json::Array list;
  list.reserve(pairs.size());
  for (const KeyValue& pair : pairs) {
    list.emplace_back(Json::Object{{"key", pair.key}, {"value", pair.value}});
  }
  message[name] = std::move(list);
}

void AddMetrics(Json& message, const std::vector<Metric>& metrics) {
  if (metrics.empty()) return;
  Json::Array list;
  list.reserve(metrics.size());
  for (const Metric& metric : metrics) list.push_back(ToJson(metric));
  message["metrics"] = std::move(list);
}

std::string_view StageOfLife(bool is_deleted) { return is_deleted ? "deleted" : "active"; }

Json ToJson(const DatasetInput& input) {
  const Dataset& from = input.dataset;
  Json dataset = Json::MakeObject();
  dataset["name"] = from.name;
  dataset["digest"] = from.digest;
  dataset["source_type"] = from.source_type;
  dataset["source"] = from.source;
  if (!from.schema.empty()) dataset["schema"] = from.schema;
  if (!from.profile.empty()) dataset["profile"] = from.profile;
  Json message = Json::MakeObject();
  AddPairs(message, "tags", input.tags);
  message["dataset"] = std::move(dataset);
  return message;
}

Json InputsOf(const Run& run) {
  Json inputs = Json::MakeObject();
  for (const DatasetInput& input : run.datasets) inputs["dataset_inputs"].Push(ToJson(input));
  for (const std::string& model : run.model_inputs) {
    inputs["model_inputs"].Push(Wrap("model_id", model));
  }
  return inputs;
}

}  // namespace

Json Wrap(std::string_view key, Json value) {
  Json message = Json::MakeObject();
  message[key] = std::move(value);
  return message;
}

Json ToJson(const Experiment& experiment) {
  Json message = Json::MakeObject();
  message["experiment_id"] = std::to_string(experiment.id);
  message["name"] = experiment.name;
  message["artifact_location"] = experiment.artifact_location;
  message["lifecycle_stage"] = StageOfLife(experiment.is_deleted);
  message["last_update_time"] = experiment.modified_ms;
  message["creation_time"] = experiment.created_ms;
  AddPairs(message, "tags", experiment.tags);
  message["workspace"] = experiment.workspace;
  return message;
}

Json ToJson(const RunInfo& run) {
  Json message = Json::MakeObject();
  message["run_uuid"] = run.id;
  message["experiment_id"] = std::to_string(run.experiment);
  message["run_name"] = run.name;
  message["user_id"] = run.user;
  message["status"] = ToText(run.status);
  message["start_time"] = run.start_ms;
  if (run.end_ms) message["end_time"] = *run.end_ms;
  message["artifact_uri"] = run.artifact_uri;
  message["lifecycle_stage"] = StageOfLife(run.is_deleted);
  message["run_id"] = run.id;
  return message;
}

Json ToJson(const Metric& metric) {
  Json message = Json::MakeObject();
  message["key"] = metric.key;
  message["value"] = metric.value;
  message["timestamp"] = metric.timestamp_ms;
  message["step"] = metric.step;
  if (!metric.dataset_name.empty()) message["dataset_name"] = metric.dataset_name;
  if (!metric.dataset_digest.empty()) message["dataset_digest"] = metric.dataset_digest;
  if (!metric.model.empty()) message["model_id"] = metric.model;
  if (!metric.run.empty()) message["run_id"] = metric.run;
  return message;
}

Json ToJson(const Run& run) {
  Json data = Json::MakeObject();
  AddMetrics(data, run.metrics);
  AddPairs(data, "params", run.params);
  AddPairs(data, "tags", run.tags);
  Json message = Json::MakeObject();
  message["info"] = ToJson(run.info);
  message["data"] = std::move(data);
  message["inputs"] = InputsOf(run);
  if (run.model_outputs.empty()) return message;
  Json outputs = Json::MakeObject();
  for (const ModelOutput& output : run.model_outputs) {
    Json item = Wrap("model_id", output.model);
    item["step"] = output.step;
    outputs["model_outputs"].Push(std::move(item));
  }
  message["outputs"] = std::move(outputs);
  return message;
}

Json ToJson(const LoggedModel& model) {
  Json info = Json::MakeObject();
  info["model_id"] = model.id;
  info["experiment_id"] = std::to_string(model.experiment);
  info["name"] = model.name;
  info["creation_timestamp_ms"] = model.created_ms;
  info["last_updated_timestamp_ms"] = model.modified_ms;
  info["artifact_uri"] = model.artifact_uri;
  info["status"] = ToText(model.status);
  info["model_type"] = model.model_type;
  info["source_run_id"] = model.source_run;
  AddPairs(info, "tags", model.tags);
  Json data = Json::MakeObject();
  AddPairs(data, "params", model.params);
  AddMetrics(data, model.metrics);
  Json message = Json::MakeObject();
  message["info"] = std::move(info);
  message["data"] = std::move(data);
  return message;
}

Json ToJson(const RegisteredModel& model, const std::vector<ModelVersion>& latest) {
  Json message = Json::MakeObject();
  message["name"] = model.name;
  message["creation_timestamp"] = model.created_ms;
  message["last_updated_timestamp"] = model.modified_ms;
  if (!model.description.empty()) message["description"] = model.description;
  for (const ModelVersion& version : latest) {
    Json item = ToJson(version);
    item.Erase("aliases");
    message["latest_versions"].Push(std::move(item));
  }
  AddPairs(message, "tags", model.tags);
  for (const KeyValue& alias : model.aliases) {
    Json item = Wrap("alias", alias.key);
    item["version"] = alias.value;
    message["aliases"].Push(std::move(item));
  }
  return message;
}

Json ToJson(const ModelVersion& version) {
  Json message = Json::MakeObject();
  message["name"] = version.name;
  message["version"] = version.version;
  message["creation_timestamp"] = version.created_ms;
  message["last_updated_timestamp"] = version.modified_ms;
  message["user_id"] = version.user;
  message["current_stage"] = version.stage;
  message["description"] = version.description;
  message["source"] = version.source;
  message["run_id"] = version.run;
  message["status"] = "READY";
  AddPairs(message, "tags", version.tags);
  message["run_link"] = version.run_link;
  for (const std::string& alias : version.aliases) message["aliases"].Push(alias);
  return message;
}

std::string PageToken(int64_t offset) { return Base64Encode(Wrap("offset", offset).Dump()); }

Result<int64_t> ReadPageToken(std::string_view token) {
  if (token.empty()) return int64_t{0};
  const Result<std::string> text = Base64Decode(token);
  if (!text.ok()) return InvalidArgument("Invalid page token, could not base64-decode");
  const Result<Json> json = Json::Parse(text.value());
  const Json* offset = json.ok() ? json->Find("offset") : nullptr;
  if (offset != nullptr && offset->is_int() && offset->int_value() >= 0) return offset->int_value();
  return InvalidArgument("Invalid page token, parsed value=" + text.value());
}

}  // namespace lazurite::mlflow
