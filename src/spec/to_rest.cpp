#include <set>

#include "base/text.h"
#include "spec/convert.h"
#include "spec/document.h"
#include "spec/rest.h"

namespace lazurite::spec {
namespace {

bool IsSent(const Field& field) { return !field.rest.empty() && field.plain_type() != "readonly"; }

// Azure's clients write these kinds' defaults into the body; of the others they send what is given.
bool HasPresets(std::string_view kind, const Field& field) {
  if (field.preset.empty() || field.path.find('*') != std::string_view::npos) return false;
  if (kind == "commandJob") return field.path == "type";
  if (kind == "workspace") return field.path == "location";
  return kind != "environment";
}

Json PresetOf(const Field& field) {
  const std::string_view type = field.plain_type();
  if (type == "boolean" || type == "switch") return Json(field.preset == "true");
  if (const auto number = ParseInt(field.preset)) return Json(*number);
  return Json(field.preset);
}

// Two rows may fill one object ("log_dir" is one of a service's "properties").
void Place(Json& body, std::string_view path, Json value) {
  const Json* found = body.At(path);
  if (found != nullptr && found->is_object()) AddMembers(value, *found);
  body.Set(path, std::move(value));
}

// A row whose path has a "*": once for each entry of the map.
void ConvertEntries(const Field& field, const Json& yaml, Json& body) {
  const size_t star = field.path.find(".*.");
  const size_t rest_star = field.rest.find(".*.");
  if (star == std::string_view::npos || rest_star == std::string_view::npos) return;
  const Json* map = yaml.At(field.path.substr(0, star));
  if (map == nullptr || !map->is_object()) return;
  for (const auto& [name, entry] : map->object()) {
    const Json* value = entry.At(field.path.substr(star + 3));
    if (value == nullptr) continue;
    const std::string path = std::string(field.rest.substr(0, rest_star)) + "." + name + "." +
                             std::string(field.rest.substr(rest_star + 3));
    Place(body, path, ValueToRest(field, *value));
  }
}

void ConvertField(std::string_view kind, const Field& field, const Json& yaml, Json& body) {
  if (field.path.find('*') != std::string_view::npos) return ConvertEntries(field, yaml, body);
  const Json* value = yaml.At(field.path);
  if (value != nullptr) {
    Place(body, field.rest, ValueToRest(field, *value));
  } else if (HasPresets(kind, field) && body.At(field.rest) == nullptr) {
    body.Set(field.rest, ValueToRest(field, PresetOf(field)));
  }
}

void SetIfAbsent(Json& object, std::string_view key, Json value) {
  if (object.Find(key) == nullptr) object[key] = std::move(value);
}

void FinishAssetBody(Json& body) {
  Json& properties = body["properties"];
  SetIfAbsent(properties, "tags", Json::MakeObject());
  SetIfAbsent(properties, "properties", Json::MakeObject());
  SetIfAbsent(properties, "isAnonymous", false);
  SetIfAbsent(properties, "isArchived", false);
}

// A list of resource ids, or of {resource_id}, is a map in REST.
void FinishIdentities(Json& body) {
  Json* identity = body.Find("identity");
  Json* users = identity == nullptr ? nullptr : identity->Find("userAssignedIdentities");
  if (users == nullptr || !users->is_array()) return;
  Json map = Json::MakeObject();
  for (const Json& user : users->array()) {
    const std::string id = user.is_string() ? user.string() : user.GetString("resource_id");
    if (!id.empty()) map[id] = Json::MakeObject();
  }
  *users = std::move(map);
}

}  // namespace

void FinishEnvironmentBody(const Json& yaml, Json& body) {
  Json& properties = body["properties"];
  if (const Json* conda = yaml.Find("conda_file")) properties["condaFile"] = CondaText(*conda);
  if (Json* build = properties.Find("build"); build != nullptr && build->is_object()) {
    if (build->GetString("dockerfilePath") == "Dockerfile") build->Erase("dockerfilePath");
  }
  SetIfAbsent(properties, "isAnonymous", false);
  SetIfAbsent(properties, "isArchived", false);
}

void FinishComputeBody(std::string_view kind, Json& body) {
  FinishIdentities(body);
  Json& properties = body["properties"];
  properties["disableLocalAuth"] = properties.At("properties.userAccountCredentials") == nullptr;
  Json& inner = properties["properties"];
  if (inner.is_null()) inner = Json::MakeObject();
  if (kind == "amlCompute") {
    SetIfAbsent(inner, "remoteLoginPortPublicAccess", "NotSpecified");
    SetIfAbsent(inner, "osType", "Linux");
  } else {
    SetIfAbsent(inner, "applicationSharingPolicy", "Shared");
    SetIfAbsent(inner, "computeInstanceAuthorizationType", "personal");
  }
}

void FinishWorkspaceBody(Json& body) {
  FinishIdentities(body);
  if (body.Find("properties") == nullptr) body["properties"] = Json::MakeObject();
}

void FinishDatastoreBody(Json& body) {
  Json& properties = body["properties"];
  Json& credentials = properties["credentials"];
  Json* secrets = credentials.Find("secrets");
  std::string_view type = "None";
  if (credentials.Find("clientId") != nullptr) type = "ServicePrincipal";
  if (secrets != nullptr && secrets->Find("sasToken") != nullptr) type = "Sas";
  if (secrets != nullptr && secrets->Find("key") != nullptr) type = "AccountKey";
  if (secrets != nullptr) (*secrets)["secretsType"] = type;
  credentials["credentialsType"] = type;
  SetIfAbsent(properties, "tags", Json::MakeObject());
}

Json ToRest(std::string_view kind, const Json& yaml, const Scope& scope) {
  Json body = Json::MakeObject();
  body["properties"] = Json::MakeObject();
  const Kind* known = FindKind(kind);
  if (known == nullptr) return body;
  for (const Field& field : known->fields) {
    if (IsSent(field)) ConvertField(known->name, field, yaml, body);
  }
  if (known->name == "commandJob") {
    FinishJobBody(yaml, scope, body);
  } else if (known->name == "environment") {
    FinishEnvironmentBody(yaml, body);
  } else if (known->noun == "data" || known->noun == "model") {
    FinishAssetBody(body);
  } else if (known->noun == "compute") {
    FinishComputeBody(known->name, body);
  } else if (known->noun == "datastore") {
    FinishDatastoreBody(body);
  } else if (known->noun == "workspace") {
    FinishWorkspaceBody(body);
  }
  return body;
}

}  // namespace lazurite::spec
