#include "api/runhistory/run_json.h"

#include "base/text.h"

namespace lazurite::runhistory {
namespace {

constexpr std::string_view kOutputScheme = "azureml://runs/";
constexpr std::string_view kOutputsPart = "/outputs/";

Json TimeOf(const std::optional<Time>& time) { return time ? Json(FormatTime(*time)) : Json(); }

Json MemberOr(const Json& object, std::string_view key, Json preset) {
  const Json* found = object.Find(key);
  return found == nullptr ? std::move(preset) : *found;
}

Json ErrorOf(const Job& job) {
  if (job.state != JobState::kFailed) return Json();
  Json inner = Json::MakeObject();
  inner["code"] = "UserError";
  inner["message"] = job.error.empty() ? "the job failed: " + job.cause : job.error;
  Json error = Json::MakeObject();
  error["error"] = std::move(inner);
  return error;
}

Json OutputsOf(const Job& job) {
  Json outputs = Json::MakeObject();
  const Json* given = job.properties.Find("outputs");
  if (given == nullptr || !given->is_object()) return outputs;
  for (const auto& [name, output] : given->object()) {
    if (name == "default" || !output.is_object()) continue;
    Json entry = Json::MakeObject();
    entry["assetId"] = OutputAssetId(job.name, name);
    entry["type"] = OutputType(output);
    outputs[name] = std::move(entry);
  }
  return outputs;
}

Status CheckMap(const Json& change, std::string_view key) {
  const Json* value = change.Find(key);
  if (value == nullptr || value->is_null() || value->is_object()) return {};
  return InvalidArgument(std::string(key) + " is " + value->Dump() + ", expected an object");
}

Status CheckText(const Json& change, std::string_view key) {
  const Json* value = change.Find(key);
  if (value == nullptr || value->is_null() || value->is_string()) return {};
  return InvalidArgument(std::string(key) + " is " + value->Dump() + ", expected a text");
}

}  // namespace

std::string OutputAssetId(std::string_view job, std::string_view output) {
  return std::string(kOutputScheme) + std::string(job) + std::string(kOutputsPart) +
         std::string(output);
}

std::optional<OutputName> ParseOutputAssetId(std::string_view id) {
  if (!id.starts_with(kOutputScheme)) return std::nullopt;
  id.remove_prefix(kOutputScheme.size());
  const size_t middle = id.find(kOutputsPart);
  if (middle == std::string_view::npos) return std::nullopt;
  OutputName name{std::string(id.substr(0, middle)),
                  std::string(id.substr(middle + kOutputsPart.size()))};
  if (name.job.empty() || name.output.empty()) return std::nullopt;
  return name;
}

std::string_view OutputType(const Json& output) {
  return EqualNoCase(output.GetString("jobOutputType"), "uri_file") ? "uri_file" : "uri_folder";
}

Json RunOf(const Job& job, std::string_view experiment) {
  Json run = Json::MakeObject();
  run["runId"] = job.name;
  run["runUuid"] = job.name;
  run["experimentId"] = experiment;
  run["status"] = ToText(job.state);
  run["startTimeUtc"] = TimeOf(job.started);
  run["endTimeUtc"] = TimeOf(job.ended);
  run["createdUtc"] = FormatTime(job.created);
  run["displayName"] = job.display_name.empty() ? job.name : job.display_name;
  run["name"] = job.name;
  run["rootRunId"] = job.parent.empty() ? job.name : job.parent;
  run["parentRunId"] = job.parent.empty() ? Json() : Json(job.parent);
  run["runType"] = EqualNoCase(job.type, "Pipeline") ? "azureml.PipelineRun" : "commandjob";
  run["properties"] = MemberOr(job.properties, "properties", Json::MakeObject());
  run["tags"] = MemberOr(job.properties, "tags", Json::MakeObject());
  run["description"] = MemberOr(job.properties, "description", Json());
  run["outputs"] = OutputsOf(job);
  run["inputs"] = Json::MakeObject();
  run["hidden"] = job.is_archived;
  run["target"] = job.compute;
  run["parameters"] = Json::MakeObject();
  Json compute = Json::MakeObject();
  compute["target"] = job.compute;
  run["compute"] = std::move(compute);
  return run;
}

Json DetailsOf(const Job& job, Json log_files) {
  Json details = Json::MakeObject();
  details["runId"] = job.name;
  details["target"] = job.compute;
  details["status"] = ToText(job.state);
  details["startTimeUtc"] = TimeOf(job.started);
  details["endTimeUtc"] = TimeOf(job.ended);
  details["logFiles"] = std::move(log_files);
  details["warnings"] = Json::MakeArray();
  details["error"] = ErrorOf(job);
  details["properties"] = MemberOr(job.properties, "properties", Json::MakeObject());
  details["inputDatasets"] = Json::MakeArray();
  details["outputDatasets"] = Json::MakeArray();
  details["runDefinition"] = Json::MakeObject();
  details["submittedBy"] = job.created_by;
  return details;
}

Status Patch(Job& job, const Json& change) {
  if (!change.is_object()) return InvalidArgument("the body must be a JSON object");
  const Json* hidden = change.Find("hidden");
  if (hidden != nullptr && !hidden->is_null() && !hidden->is_bool()) {
    return InvalidArgument("hidden is " + hidden->Dump() + ", expected true or false");
  }
  for (const std::string_view key : {"displayName", "description"}) TRY(CheckText(change, key));
  for (const std::string_view key : {"tags", "properties"}) TRY(CheckMap(change, key));
  if (hidden != nullptr && hidden->is_bool()) {
    job.is_archived = hidden->bool_value();
    job.properties["isArchived"] = job.is_archived;
  }
  for (const std::string_view key : {"displayName", "description", "tags", "properties"}) {
    const Json* value = change.Find(key);
    if (value != nullptr && !value->is_null()) job.properties[key] = *value;
  }
  const Json* name = change.Find("displayName");
  if (name != nullptr && name->is_string()) job.display_name = name->string();
  return {};
}

}  // namespace lazurite::runhistory
