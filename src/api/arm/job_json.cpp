#include "api/arm/job_json.h"

#include <algorithm>
#include <array>

#include "api/arm/arm.h"
#include "domain/job/job_spec.h"
#include "domain/workspace/places.h"

namespace lazurite::arm {
namespace {

constexpr auto kChangeable = std::to_array<std::string_view>(
    {"displayName", "description", "tags", "properties", "isArchived", "notificationSetting"});
// Members that only answers have.
constexpr auto kAdded = std::to_array<std::string_view>({"status", "parentJobName", "services"});
constexpr auto kAddedServices = std::to_array<std::string_view>({"Tracking", "Studio"});

template <size_t count>
bool Has(const std::array<std::string_view, count>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string DefaultUri(std::string_view job, std::string_view output, const Json& entry) {
  std::string uri =
      "azureml://datastores/" + std::string(kBlobDatastore) + "/paths/" + OutputPath(job, output);
  if (entry.GetString("jobOutputType") != "uri_file") uri += "/";
  return uri;
}

// Clients that see an output called "default" with a URI read the logs from there.
constexpr std::string_view kLogOutput = "default";

void ShowOutputs(Json& properties, std::string_view job) {
  Json* outputs = properties.Find("outputs");
  if (outputs == nullptr || !outputs->is_object()) return;
  for (auto& [name, entry] : outputs->object()) {
    if (name == kLogOutput || entry.Find("uri") != nullptr) continue;
    entry["uri"] = DefaultUri(job, name, entry);
  }
}

Json Service(std::string_view type, std::string endpoint) {
  Json service = Json::MakeObject();
  service["jobServiceType"] = type;
  service["endpoint"] = std::move(endpoint);
  return service;
}

// What decides how a job runs.
Json ExecutionOf(const Json& properties) {
  Json execution = Json::MakeObject();
  for (const auto& [key, value] : properties.object()) {
    if (!Has(kChangeable, key) && !Has(kAdded, key)) execution[key] = value;
  }
  // Answers name the experiment also when the client did not.
  Json& experiment = execution["experimentName"];
  if (experiment.is_null()) experiment = JobSpec().experiment_name;
  return execution;
}

Status NormaliseOutputs(Json& properties, std::string_view job) {
  Json* outputs = properties.Find("outputs");
  if (outputs == nullptr || outputs->is_null()) return {};
  if (!outputs->is_object()) return InvalidArgument("properties.outputs is not an object");
  for (auto& [name, entry] : outputs->object()) {
    if (entry.is_null()) entry = Json::MakeObject();
    if (!entry.is_object()) {
      return InvalidArgument("properties.outputs." + name + " is not an object");
    }
    if (entry.GetString("jobOutputType").empty() && entry.Find("jobOutputType") == nullptr) {
      entry["jobOutputType"] = "uri_folder";
    }
    const Json* uri = entry.Find("uri");
    if (uri != nullptr && (uri->is_null() || *uri == Json(DefaultUri(job, name, entry)))) {
      entry.Erase("uri");
    }
  }
  return {};
}

Status NormaliseServices(Json& properties) {
  Json* services = properties.Find("services");
  if (services == nullptr) return {};
  if (services->is_object()) {
    std::erase_if(services->object(), [](const Json::Member& member) {
      return Has(kAddedServices, member.first) || member.second.is_null();
    });
    if (!services->object().empty()) return {};
  } else if (!services->is_null()) {
    return InvalidArgument("properties.services is not an object");
  }
  properties.Erase("services");
  return {};
}

}  // namespace

Json JobResource(const Job& job, const Scope& scope, const std::string& base_url) {
  Json properties = job.properties;
  properties["displayName"] = job.display_name;
  properties["experimentName"] = job.experiment;
  properties["isArchived"] = job.is_archived;
  for (const std::string_view key : {"tags", "properties", "services"}) {
    Json& member = properties[key];
    if (!member.is_object()) member = Json::MakeObject();
  }
  properties["services"]["Tracking"] = Service("Tracking", base_url);
  properties["services"]["Studio"] = Service("Studio", base_url + "/studio/jobs/" + job.name);
  properties["status"] = ToText(job.state);
  properties["parentJobName"] = job.parent.empty() ? Json() : Json(job.parent);
  ShowOutputs(properties, job.name);
  return Envelope(ResourceId(scope, "jobs", job.name), job.name, "jobs", std::move(properties),
                  {job.created, job.created_by, job.modified});
}

Status NormaliseJob(Json& properties, std::string_view job) {
  properties.Erase("status");
  properties.Erase("parentJobName");
  TRY(NormaliseTags(properties));
  TRY(NormaliseServices(properties));
  for (const std::string_view key : {"displayName", "description", "experimentName"}) {
    const Json* text = properties.Find(key);
    if (text == nullptr) continue;
    if (text->is_null()) {
      properties.Erase(key);
    } else if (!text->is_string()) {
      return InvalidArgument("properties." + std::string(key) + " is not a text");
    }
  }
  const Json* archived = properties.Find("isArchived");
  if (archived != nullptr && !archived->is_bool() && !archived->is_null()) {
    return InvalidArgument("properties.isArchived is not true or false");
  }
  return NormaliseOutputs(properties, job);
}

bool IsSameExecution(const Json& a, const Json& b) {
  const Json left = ExecutionOf(a);
  const Json right = ExecutionOf(b);
  return IsSame(&left, &right);
}

void TakeChangeable(Job& job, const Json& asked) {
  for (const std::string_view key : kChangeable) {
    const Json* value = asked.Find(key);
    if (value != nullptr) job.properties[key] = *value;
  }
  if (asked.Find("displayName") != nullptr) job.display_name = asked.GetString("displayName");
  if (job.display_name.empty()) job.display_name = job.name;
  if (asked.Find("isArchived") != nullptr) job.is_archived = asked.GetBool("isArchived");
}

}  // namespace lazurite::arm
