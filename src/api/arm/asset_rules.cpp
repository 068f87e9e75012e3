#include "api/arm/asset_rules.h"

#include <sys/stat.h>

#include <array>
#include <span>

#include "api/arm/arm.h"
#include "base/text.h"
#include "base/yaml.h"
#include "domain/data/data_resolver.h"
#include "domain/model/lineage.h"
#include "spec/environment_reader.h"

namespace lazurite::arm {
namespace {

constexpr auto kDataTypes = std::to_array<std::string_view>({"uri_file", "uri_folder", "mltable"});
constexpr auto kModelTypes =
    std::to_array<std::string_view>({"custom_model", "mlflow_model", "triton_model"});

// The text of a member that must be there.
Result<std::string> NeedText(const Json& properties, std::string_view key) {
  const Json* value = properties.Find(key);
  if (value == nullptr || value->is_null()) {
    return InvalidArgument("properties." + std::string(key) + " is missing");
  }
  if (!value->is_string() || value->string().empty()) {
    return InvalidArgument("properties." + std::string(key) + " is not a text");
  }
  return value->string();
}

Status CheckWord(const std::string& value, std::string_view key,
                 std::span<const std::string_view> words) {
  for (const std::string_view word : words) {
    if (value == word) return {};
  }
  return InvalidArgument("properties." + std::string(key) + " is \"" + value + "\", expected " +
                         ListOr({words.begin(), words.end()}));
}

Status CheckCommon(Json& properties) {
  TRY(NormaliseTags(properties));
  for (const std::string_view key : {"isArchived", "isAnonymous"}) {
    const Json* value = properties.Find(key);
    if (value != nullptr && !value->is_bool() && !value->is_null()) {
      return InvalidArgument("properties." + std::string(key) + " is not true or false");
    }
  }
  const Json* description = properties.Find("description");
  if (description != nullptr && !description->is_string() && !description->is_null()) {
    return InvalidArgument("properties.description is not a text");
  }
  properties.Erase("provisioningState");
  return {};
}

// Looks whether the URI can mean anything here; those of other machines are kept as they are.
Result<ResolvedData> CheckUri(Transaction& transaction, const BlobStore& blobs, const Scope& scope,
                              const std::string& text, std::string_view key) {
  Result<DataUri> uri = ParseDataUri(text);
  if (!uri.ok()) return uri.status().With("properties." + std::string(key));
  if (uri->kind == DataUri::Kind::kRemote) TRY(CheckNoCredentials(text));
  if (uri->kind == DataUri::Kind::kRemote)
    return ResolvedData{.path = "", .uri = text, .asset = "", .type = ""};
  Result<ResolvedData> place = DataResolver(blobs, scope).Resolve(transaction, text);
  // A place of another service's datastore is a fine reference, as long as nobody here reads it.
  if (place.status().code() == Code::kFailedPrecondition)
    return ResolvedData{.path = "", .uri = text, .asset = "", .type = ""};
  if (!place.ok()) return place.status().With("properties." + std::string(key));
  return place;
}

Status PrepareData(Transaction& transaction, const BlobStore& blobs, const Scope& scope,
                   Json& properties) {
  ASSIGN_OR_RETURN(const std::string type, NeedText(properties, "dataType"));
  TRY(CheckWord(type, "dataType", kDataTypes));
  ASSIGN_OR_RETURN(const std::string uri, NeedText(properties, "dataUri"));
  return CheckUri(transaction, blobs, scope, uri, "dataUri").status();
}

Status PrepareModel(Transaction& transaction, const BlobStore& blobs, const Scope& scope,
                    Json& properties) {
  if (properties.Find("modelType") == nullptr || properties.Find("modelType")->is_null()) {
    properties["modelType"] = "custom_model";
  }
  ASSIGN_OR_RETURN(const std::string type, NeedText(properties, "modelType"));
  TRY(CheckWord(type, "modelType", kModelTypes));
  ASSIGN_OR_RETURN(const std::string text, NeedText(properties, "modelUri"));
  ASSIGN_OR_RETURN(const ResolvedData place, CheckUri(transaction, blobs, scope, text, "modelUri"));
  ASSIGN_OR_RETURN(const DataUri uri, ParseDataUri(text));
  const bool is_moved = uri.kind == DataUri::Kind::kJobOutput || uri.kind == DataUri::Kind::kRun ||
                        uri.kind == DataUri::Kind::kAsset;
  if (is_moved) properties["modelUri"] = place.uri;
  if (!uri.job.empty() && properties.GetString("jobName").empty()) properties["jobName"] = uri.job;
  if (properties.Find("flavors") != nullptr && !properties.Find("flavors")->is_object()) {
    properties.Erase("flavors");
  }
  return AddLineage(transaction, properties);
}

Status PrepareCode(Transaction& transaction, const BlobStore& blobs, const Scope& scope,
                   AssetVersion& version) {
  Json& properties = version.properties;
  ASSIGN_OR_RETURN(const std::string uri, NeedText(properties, "codeUri"));
  TRY(CheckUri(transaction, blobs, scope, uri, "codeUri").status());
  const Json* hash = properties.At("properties.hash_sha256");
  if (hash != nullptr && !hash->is_string()) {
    return InvalidArgument("properties.properties.hash_sha256 is not a text");
  }
  if (hash != nullptr) version.hash = hash->string();
  return {};
}

Status PrepareComponent(AssetVersion& version) {
  Json* specification = version.properties.Find("componentSpec");
  if (specification == nullptr || !specification->is_object()) {
    return InvalidArgument("properties.componentSpec is not an object");
  }
  if (specification->GetString("name").empty()) (*specification)["name"] = version.name;
  const Json* number = specification->Find("version");
  if (number == nullptr || number->is_null()) (*specification)["version"] = version.version;
  return {};
}

std::span<const std::string_view> ContentMembers(AssetKind kind) {
  static constexpr auto kData = std::to_array<std::string_view>({"dataUri", "dataType"});
  static constexpr auto kEnvironment = std::to_array<std::string_view>({"image", "condaFile"});
  static constexpr auto kModel = std::to_array<std::string_view>({"modelUri", "modelType"});
  static constexpr auto kCode = std::to_array<std::string_view>({"codeUri"});
  static constexpr auto kComponent = std::to_array<std::string_view>({"componentSpec"});
  switch (kind) {
    case AssetKind::kData:
      return kData;
    case AssetKind::kEnvironment:
      return kEnvironment;
    case AssetKind::kModel:
      return kModel;
    case AssetKind::kCode:
      return kCode;
    case AssetKind::kComponent:
      return kComponent;
  }
  return {};
}

// One folder's URI may end in a slash or not.
Json WithoutSlash(const Json* json) {
  if (json == nullptr || !json->is_string()) return json == nullptr ? Json() : *json;
  std::string text = json->string();
  while (text.ends_with('/')) text.pop_back();
  return Json(std::move(text));
}

// The Dockerfile's name may be left out.
Json BuildOf(const Json& properties) {
  const Json* build = properties.Find("build");
  Json out = build == nullptr ? Json() : *build;
  if (out.is_object() && out.GetString("dockerfilePath").empty()) {
    out["dockerfilePath"] = "Dockerfile";
  }
  return out;
}

}  // namespace

Status PrepareVersion(Transaction& transaction, const BlobStore& blobs, const Scope& scope,
                      AssetVersion& version) {
  Json& properties = version.properties;
  TRY(CheckCommon(properties));
  version.is_archived = properties.GetBool("isArchived");
  version.is_anonymous = properties.GetBool("isAnonymous");
  switch (version.kind) {
    case AssetKind::kData:
      return PrepareData(transaction, blobs, scope, properties);
    case AssetKind::kEnvironment: {
      const auto read = spec::ReadEnvironment(version.name, version.version, properties);
      return read.status();
    }
    case AssetKind::kModel:
      return PrepareModel(transaction, blobs, scope, properties);
    case AssetKind::kCode:
      return PrepareCode(transaction, blobs, scope, version);
    case AssetKind::kComponent:
      return PrepareComponent(version);
  }
  return Internal("unknown kind of asset");
}

Status CheckPlaceOf(const AssetVersion& version, const std::string& path, bool is_due) {
  const bool is_model = version.kind == AssetKind::kModel;
  const std::string type = version.properties.GetString(is_model ? "modelType" : "dataType");
  const std::string uri = version.properties.GetString(is_model ? "modelUri" : "dataUri");
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    const bool is_missing = is_model && is_due && (errno == ENOENT || errno == ENOTDIR);
    if (!is_missing) return {};
    return InvalidArgument("nothing lies at \"" + uri +
                           "\"; register a model when its files are there, and look at the names "
                           "in its address");
  }
  const bool is_folder = S_ISDIR(info.st_mode);
  if (is_model) {
    if (type != "mlflow_model") return {};
    if (is_folder && stat(JoinPath(path, "MLmodel").c_str(), &info) == 0) return {};
    return InvalidArgument("\"" + uri +
                           "\" holds no MLmodel file, which a model of type "
                           "mlflow_model has; give the folder that mlflow has saved, or use type "
                           "custom_model");
  }
  if (type == "uri_file" && is_folder) {
    return InvalidArgument("\"" + uri +
                           "\" is a folder, and the type is uri_file; use type "
                           "uri_folder, or give the path of a file");
  }
  if (type == "uri_folder" && !is_folder) {
    return InvalidArgument("\"" + uri +
                           "\" is a file, and the type is uri_folder; use type "
                           "uri_file, or give the path of a folder");
  }
  return {};
}

bool IsSameContent(const AssetVersion& a, const AssetVersion& b) {
  if (a.kind == AssetKind::kCode && !a.hash.empty() && a.hash == b.hash) return true;
  for (const std::string_view key : ContentMembers(a.kind)) {
    const Json left = WithoutSlash(a.properties.Find(key));
    const Json right = WithoutSlash(b.properties.Find(key));
    if (!IsSame(&left, &right)) return false;
  }
  const Json left = BuildOf(a.properties);
  const Json right = BuildOf(b.properties);
  return IsSame(&left, &right);
}

ContentConflict ConflictOf(const AssetVersion& existing) {
  const std::string which = "\"" + existing.name + "\" version " + existing.version;
  switch (existing.kind) {
    case AssetKind::kData:
    case AssetKind::kModel:
      return {"UserError", "Asset paths cannot be updated."};
    case AssetKind::kEnvironment:
      return {"UserError",
              "environment " + which +
                  " exists already with a different definition; choose another version"};
    case AssetKind::kCode:
    case AssetKind::kComponent:
      break;
  }
  return {"Conflict", which + " exists already with other content; choose another version"};
}

bool IsReplaceable(const AssetVersion& existing) {
  return existing.name == "CliV2AnonymousEnvironment" || existing.name == "azureml_anonymous";
}

std::string ModelFileOf(const BlobStore& blobs, const AssetVersion& version) {
  if (version.kind != AssetKind::kModel) return "";
  if (version.properties.GetString("modelType") != "mlflow_model") return "";
  const Result<DataUri> uri = ParseDataUri(version.properties.GetString("modelUri"));
  if (!uri.ok()) return "";
  if (uri->kind == DataUri::Kind::kLocal) return JoinPath(uri->path, "MLmodel");
  if (uri->kind != DataUri::Kind::kDatastore) return "";
  const Result<std::string> folder = blobs.PathOf(uri->datastore, uri->path);
  return folder.ok() ? JoinPath(*folder, "MLmodel") : std::string();
}

Json FlavorsOf(const std::string& mlmodel) {
  Json flavors = Json::MakeObject();
  const auto parsed = ParseYaml(mlmodel);
  const auto* node = std::get_if<YamlNode>(&parsed);
  const YamlNode* found = node == nullptr ? nullptr : node->Find("flavors");
  if (found == nullptr || found->kind != YamlNode::Kind::kMap) return flavors;
  for (const YamlNode::Entry& entry : found->entries) {
    Json flavor = Json::MakeObject();
    flavor["data"] = entry.value.ToJson();
    flavors[entry.key] = std::move(flavor);
  }
  return flavors;
}

}  // namespace lazurite::arm
