// What REST has of a job beyond the table of fields.
#include "base/hash.h"
#include "base/text.h"
#include "spec/convert.h"
#include "spec/rest.h"

namespace lazurite::spec {
namespace {

Json InputToRest(const Json& input, Json converted, const Scope& scope) {
  if (!input.is_object()) {
    Json literal = Json::MakeObject();
    literal["value"] = input;
    literal["jobInputType"] = "literal";
    return literal;
  }
  const std::string type = input.GetString("type", "uri_folder");
  converted.Erase("value");
  if (Json* uri = converted.Find("uri"); uri != nullptr && uri->is_string()) {
    *uri = InputUriToRest(uri->string(), type, scope);
  }
  if (converted.Find("jobInputType") == nullptr) converted["jobInputType"] = type;
  return converted;
}

void FinishInputs(const Json& yaml, const Scope& scope, Json& properties) {
  Json inputs = Json::MakeObject();
  const Json* written = yaml.Find("inputs");
  if (written != nullptr && written->is_object()) {
    const Json* converted = properties.Find("inputs");
    for (const auto& [name, input] : written->object()) {
      const Json* found = converted == nullptr ? nullptr : converted->Find(name);
      inputs[name] = InputToRest(input, found == nullptr ? Json::MakeObject() : *found, scope);
    }
  }
  properties["inputs"] = std::move(inputs);
}

void FinishOutputs(const Json& yaml, Json& properties) {
  Json outputs = Json::MakeObject();
  const Json* written = yaml.Find("outputs");
  if (written != nullptr && written->is_object()) {
    const Json* converted = properties.Find("outputs");
    for (const auto& [name, output] : written->object()) {
      const Json* found = converted == nullptr ? nullptr : converted->Find(name);
      Json rest = found == nullptr || !found->is_object() ? Json::MakeObject() : *found;
      if (rest.Find("jobOutputType") == nullptr) rest["jobOutputType"] = "uri_folder";
      outputs[name] = std::move(rest);
    }
  }
  properties["outputs"] = std::move(outputs);
}

void FinishServices(Json& properties) {
  Json* services = properties.Find("services");
  if (services == nullptr || !services->is_object()) return;
  for (auto& [name, service] : services->object()) {
    Json* nodes = service.Find("nodes");
    if (nodes == nullptr || !nodes->is_string() || !EqualNoCase(nodes->string(), "all")) continue;
    Json all = Json::MakeObject();
    all["nodesValueType"] = "All";
    *nodes = std::move(all);
  }
}

void FinishReferences(const Scope& scope, Json& properties) {
  if (Json* compute = properties.Find("computeId"); compute != nullptr && compute->is_string()) {
    const std::string id = ComputeToRest(compute->string(), scope);
    if (id.empty()) {
      properties.Erase("computeId");
    } else {
      *compute = id;
    }
  }
  if (Json* environment = properties.Find("environmentId");
      environment != nullptr && environment->is_string()) {
    *environment = AssetToRest(environment->string(), "environments", scope);
  }
  if (Json* code = properties.Find("codeId"); code != nullptr && code->is_string()) {
    if (code->string().starts_with("azureml:/") && !code->string().starts_with("azureml://")) {
      *code = code->string().substr(std::string_view("azureml:").size());
    }
  }
}

std::string HashOf(const Json& properties) {
  Json content = Json::MakeObject();
  for (const std::string_view key : {"image", "condaFile", "build", "osType", "inferenceConfig"}) {
    if (const Json* value = properties.Find(key)) content[key] = *value;
  }
  return Sha256Hex(SortedByKey(content).Dump());
}

}  // namespace

void FinishJobBody(const Json& yaml, const Scope& scope, Json& body) {
  Json& properties = body["properties"];
  properties["jobType"] = "Command";
  properties["isArchived"] = false;
  for (const std::string_view key : {"tags", "properties", "environmentVariables"}) {
    if (properties.Find(key) == nullptr) properties[key] = Json::MakeObject();
  }
  FinishInputs(yaml, scope, properties);
  FinishOutputs(yaml, properties);
  FinishServices(properties);
  FinishReferences(scope, properties);
  if (Json* resources = properties.Find("resources"); resources != nullptr) {
    if (resources->Find("properties") == nullptr) (*resources)["properties"] = Json::MakeObject();
  }
  if (Json* limits = properties.Find("limits")) (*limits)["jobLimitsType"] = "Command";
}

std::optional<InlineEnvironment> TakeInlineEnvironment(const Json& job_yaml) {
  const Json* environment = job_yaml.Find("environment");
  if (environment == nullptr || !environment->is_object()) return {};
  Json yaml = *environment;
  yaml.Erase("name");
  yaml.Erase("version");
  InlineEnvironment out;
  out.body = ToRest("environment", yaml);
  out.body["properties"]["isAnonymous"] = true;
  out.version = HashOf(*out.body.Find("properties"));
  out.reference = "azureml:" + std::string(InlineEnvironment::kName) + ":" + out.version;
  return out;
}

}  // namespace lazurite::spec
