#include "domain/model/model_store.h"

#include <algorithm>

#include "base/text.h"
#include "domain/model/lineage.h"
#include "domain/run/validate.h"

namespace lazurite {
namespace {

constexpr std::string_view kStages[] = {kStageNone, "Staging", "Production", "Archived"};
constexpr std::string_view kSource = "mlflow.source";
constexpr std::string_view kRun = "mlflow.runId";
constexpr std::string_view kRunLink = "mlflow.runLink";
constexpr std::string_view kLoggedModel = "mlflow.modelId";
constexpr std::string_view kUser = "mlflow.userId";
constexpr std::string_view kDeletedMax = "mlflow.versionDeletedMax";

std::vector<KeyValue> PairsOf(const Json* map) {
  std::vector<KeyValue> pairs;
  if (map == nullptr || !map->is_object()) return pairs;
  for (const Json::Member& member : map->object()) {
    pairs.push_back(
        {member.first, member.second.is_string() ? member.second.string() : member.second.Dump()});
  }
  std::sort(pairs.begin(), pairs.end(),
            [](const KeyValue& a, const KeyValue& b) { return a.key < b.key; });
  return pairs;
}

Json MapOf(const std::vector<KeyValue>& pairs) {
  Json map = Json::MakeObject();
  for (const KeyValue& pair : pairs) map[pair.key] = pair.value;
  return map;
}

void SetIn(Json& properties, std::string_view map, std::string_view key, std::string_view value) {
  if (!properties[map].is_object()) properties[map] = Json::MakeObject();
  properties[map][key] = value;
}

bool EraseIn(Json& properties, std::string_view map, std::string_view key) {
  Json* found = properties.Find(map);
  return found != nullptr && found->Erase(key);
}

RegisteredModel ModelOf(const AssetContainer& container) {
  RegisteredModel model;
  model.name = container.name;
  model.description = container.properties.GetString("description");
  model.created_ms = ToMillis(container.created);
  model.modified_ms = ToMillis(container.modified);
  model.tags = PairsOf(container.properties.Find("tags"));
  model.aliases = PairsOf(container.properties.Find("labels"));
  return model;
}

ModelVersion VersionOf(const AssetVersion& asset) {
  const Json& properties = asset.properties;
  const Json* found = properties.Find("properties");
  const Json extra = found == nullptr ? Json::MakeObject() : *found;
  ModelVersion version;
  version.name = asset.name;
  version.version = asset.version;
  version.description = properties.GetString("description");
  version.user = extra.GetString(kUser, asset.created_by);
  const Result<std::string> stage = CanonicalStage(properties.GetString("stage", kStageNone));
  version.stage = stage.ok() ? stage.value() : properties.GetString("stage");
  version.model_uri = properties.GetString("modelUri");
  version.source = extra.GetString(kSource);
  if (version.source.empty()) version.source = DownloadUri(version.model_uri);
  version.run = extra.GetString(kRun, properties.GetString("jobName"));
  version.run_link = extra.GetString(kRunLink);
  version.model = extra.GetString(kLoggedModel);
  version.created_ms = ToMillis(asset.created);
  version.modified_ms = ToMillis(asset.modified);
  version.tags = PairsOf(properties.Find("tags"));
  return version;
}

AssetVersion AssetOf(const ModelVersion& version) {
  AssetVersion asset;
  asset.kind = AssetKind::kModel;
  asset.name = version.name;
  asset.created_by = version.user;
  Json& properties = asset.properties;
  properties["description"] = version.description;
  properties["tags"] = MapOf(version.tags);
  properties["modelType"] = "mlflow_model";
  properties["modelUri"] = version.model_uri;
  if (!version.run.empty()) properties["jobName"] = version.run;
  Json extra = Json::MakeObject();
  extra[kSource] = version.source;
  const std::pair<std::string_view, const std::string&> rows[] = {{kRun, version.run},
                                                                  {kRunLink, version.run_link},
                                                                  {kLoggedModel, version.model},
                                                                  {kUser, version.user}};
  for (const auto& [key, value] : rows) {
    if (!value.empty()) extra[key] = value;
  }
  properties["properties"] = std::move(extra);
  return asset;
}

Result<AssetContainer> FindModel(const AssetStore& assets, Transaction& transaction,
                                 std::string_view name) {
  ASSIGN_OR_RETURN(auto container, assets.FindContainer(transaction, AssetKind::kModel, name));
  if (container) return std::move(*container);
  return NotFound("Registered Model with name=" + std::string(name) + " not found");
}

Result<AssetVersion> FindVersion(const AssetStore& assets, Transaction& transaction,
                                 std::string_view name, std::string_view version) {
  ASSIGN_OR_RETURN(auto asset, assets.Find(transaction, AssetKind::kModel, name, version));
  if (asset) return std::move(*asset);
  return NotFound("Model Version (name=" + std::string(name) + ", version=" + std::string(version) +
                  ") not found");
}

// The highest number that a deleted version had: numbers are not given twice.
int64_t DeletedMax(const AssetContainer& container) {
  const Json* extra = container.properties.Find("properties");
  return extra == nullptr ? 0 : ParseInt(extra->GetString(kDeletedMax)).value_or(0);
}

// A new stage is a change of the model, too.
Status SaveStage(const AssetStore& assets, Transaction& transaction, const AssetVersion& asset,
                 Time now) {
  TRY(assets.Save(transaction, asset, now));
  ASSIGN_OR_RETURN(const AssetContainer container, FindModel(assets, transaction, asset.name));
  return assets.SaveContainer(transaction, container, now);
}

void AddAliases(ModelVersion& version, const AssetContainer& container) {
  for (const KeyValue& alias : PairsOf(container.properties.Find("labels"))) {
    if (alias.value == version.version) version.aliases.push_back(alias.key);
  }
}

}  // namespace

Result<std::string> CanonicalStage(std::string_view stage) {
  for (const std::string_view known : kStages) {
    if (EqualNoCase(known, stage)) return std::string(known);
  }
  return InvalidArgument("Invalid Model Version stage: " + std::string(stage) +
                         ". Value must be one of None, Staging, Production, Archived.");
}

Result<RegisteredModel> ModelStore::Create(Transaction& transaction, const RegisteredModel& model,
                                           Time now) const {
  TRY(CheckRegisteredModelName(model.name));
  for (const KeyValue& tag : model.tags) TRY(CheckRegistryTag(tag));
  ASSIGN_OR_RETURN(const auto holder,
                   assets_.FindContainer(transaction, AssetKind::kModel, model.name));
  if (holder) return Conflict("Registered Model (name=" + model.name + ") already exists.");
  AssetContainer container;
  container.kind = AssetKind::kModel;
  container.name = model.name;
  container.created = now;
  if (!model.description.empty()) container.properties["description"] = model.description;
  container.properties["tags"] = MapOf(model.tags);
  TRY(assets_.SaveContainer(transaction, container, now));
  return Get(transaction, model.name);
}

Result<RegisteredModel> ModelStore::Get(Transaction& transaction, std::string_view name) const {
  TRY(CheckRegisteredModelName(name));
  ASSIGN_OR_RETURN(const AssetContainer container, FindModel(assets_, transaction, name));
  return ModelOf(container);
}

Result<RegisteredModel> ModelStore::Rename(Transaction& transaction, std::string_view name,
                                           std::string_view new_name, Time now) const {
  TRY(CheckRegisteredModelName(new_name));
  TRY(FindModel(assets_, transaction, name).status());
  ASSIGN_OR_RETURN(const auto holder,
                   assets_.FindContainer(transaction, AssetKind::kModel, new_name));
  if (holder) {
    return Conflict("Registered Model (name=" + std::string(new_name) + ") already exists.");
  }
  TRY(assets_.RenameContainer(transaction, AssetKind::kModel, name, new_name));
  ASSIGN_OR_RETURN(const AssetContainer container, FindModel(assets_, transaction, new_name));
  TRY(assets_.SaveContainer(transaction, container, now));
  return Get(transaction, new_name);
}

Result<RegisteredModel> ModelStore::Describe(Transaction& transaction, std::string_view name,
                                             std::string_view description, Time now) const {
  ASSIGN_OR_RETURN(AssetContainer container, FindModel(assets_, transaction, name));
  container.properties["description"] = description;
  TRY(assets_.SaveContainer(transaction, container, now));
  return Get(transaction, name);
}

Status ModelStore::Delete(Transaction& transaction, std::string_view name) const {
  TRY(FindModel(assets_, transaction, name).status());
  return assets_.DeleteContainer(transaction, AssetKind::kModel, name);
}

Status ModelStore::SetTag(Transaction& transaction, std::string_view name, const KeyValue& tag,
                          Time now) const {
  TRY(CheckRegistryTag(tag));
  ASSIGN_OR_RETURN(AssetContainer container, FindModel(assets_, transaction, name));
  SetIn(container.properties, "tags", tag.key, tag.value);
  return assets_.SaveContainer(transaction, container, now);
}

Status ModelStore::DeleteTag(Transaction& transaction, std::string_view name, std::string_view key,
                             Time now) const {
  ASSIGN_OR_RETURN(AssetContainer container, FindModel(assets_, transaction, name));
  if (!EraseIn(container.properties, "tags", key)) return {};
  return assets_.SaveContainer(transaction, container, now);
}

Result<std::vector<RegisteredModel>> ModelStore::List(Transaction& transaction) const {
  AssetQuery query;
  query.kind = AssetKind::kModel;
  query.archived_too = true;
  query.limit = AssetStore::kListLimitMax;
  ASSIGN_OR_RETURN(const std::vector<AssetContainer> containers,
                   assets_.ListContainers(transaction, query));
  std::vector<RegisteredModel> models;
  for (const AssetContainer& container : containers) models.push_back(ModelOf(container));
  std::sort(models.begin(), models.end(),
            [](const RegisteredModel& a, const RegisteredModel& b) { return a.name < b.name; });
  return models;
}

Status ModelStore::SetAlias(Transaction& transaction, std::string_view name, const KeyValue& alias,
                            Time now) const {
  TRY(CheckAlias(alias.key));
  TRY(FindVersion(assets_, transaction, name, alias.value).status());
  ASSIGN_OR_RETURN(AssetContainer container, FindModel(assets_, transaction, name));
  SetIn(container.properties, "labels", alias.key, alias.value);
  return assets_.SaveContainer(transaction, container, now);
}

Status ModelStore::DeleteAlias(Transaction& transaction, std::string_view name,
                               std::string_view alias, Time now) const {
  ASSIGN_OR_RETURN(AssetContainer container, FindModel(assets_, transaction, name));
  if (!EraseIn(container.properties, "labels", alias)) return {};
  return assets_.SaveContainer(transaction, container, now);
}

Result<ModelVersion> ModelStore::GetByAlias(Transaction& transaction, std::string_view name,
                                            std::string_view alias) const {
  ASSIGN_OR_RETURN(const RegisteredModel model, Get(transaction, name));
  const std::string* version = FindValue(model.aliases, alias);
  if (version != nullptr) return GetVersion(transaction, name, *version);
  return InvalidArgument("Registered model alias " + std::string(alias) + " not found.");
}

Result<ModelVersion> ModelStore::CreateVersion(Transaction& transaction,
                                               const ModelVersion& version, Time now) const {
  for (const KeyValue& tag : version.tags) TRY(CheckRegistryTag(tag));
  ASSIGN_OR_RETURN(const AssetContainer before, FindModel(assets_, transaction, version.name));
  AssetVersion asset = AssetOf(version);
  TRY(AddLineage(transaction, asset.properties));
  const int64_t deleted_max = DeletedMax(before);
  if (deleted_max >= ParseInt(before.next_version).value_or(1)) {
    asset.version = std::to_string(deleted_max + 1);
  }
  TRY(assets_.Insert(transaction, asset, now));
  ASSIGN_OR_RETURN(const AssetContainer container, FindModel(assets_, transaction, version.name));
  TRY(assets_.SaveContainer(transaction, container, now));
  return GetVersion(transaction, version.name, asset.version);
}

Result<ModelVersion> ModelStore::GetVersion(Transaction& transaction, std::string_view name,
                                            std::string_view version) const {
  ASSIGN_OR_RETURN(const AssetVersion asset, FindVersion(assets_, transaction, name, version));
  ASSIGN_OR_RETURN(const AssetContainer container, FindModel(assets_, transaction, name));
  ModelVersion found = VersionOf(asset);
  AddAliases(found, container);
  return found;
}

Result<ModelVersion> ModelStore::DescribeVersion(Transaction& transaction, std::string_view name,
                                                 std::string_view version,
                                                 std::string_view description, Time now) const {
  ASSIGN_OR_RETURN(AssetVersion asset, FindVersion(assets_, transaction, name, version));
  asset.properties["description"] = description;
  TRY(assets_.Save(transaction, asset, now));
  return GetVersion(transaction, name, version);
}

Result<ModelVersion> ModelStore::SetStage(Transaction& transaction, const ModelVersion& version,
                                          std::string_view stage, bool archive_others,
                                          Time now) const {
  ASSIGN_OR_RETURN(const std::string canonical, CanonicalStage(stage));
  ASSIGN_OR_RETURN(AssetVersion asset,
                   FindVersion(assets_, transaction, version.name, version.version));
  if (archive_others && canonical != "Staging" && canonical != "Production") {
    return InvalidArgument(
        "Model version transition cannot archive existing model versions "
        "because '" +
        std::string(stage) + "' is not an Active stage. Valid stages are Staging, Production");
  }
  if (archive_others) {
    ASSIGN_OR_RETURN(const auto others, ListVersions(transaction, version.name));
    for (const ModelVersion& other : others) {
      if (other.stage != canonical || other.version == version.version) continue;
      TRY(SetStage(transaction, other, "Archived", false, now).status());
    }
  }
  asset.properties["stage"] = canonical;
  TRY(SaveStage(assets_, transaction, asset, now));
  return GetVersion(transaction, version.name, version.version);
}

Status ModelStore::DeleteVersion(Transaction& transaction, std::string_view name,
                                 std::string_view version, Time now) const {
  TRY(FindVersion(assets_, transaction, name, version).status());
  TRY(assets_.DeleteVersion(transaction, AssetKind::kModel, name, version));
  ASSIGN_OR_RETURN(auto found, assets_.FindContainer(transaction, AssetKind::kModel, name));
  if (!found) return {};
  for (const KeyValue& alias : PairsOf(found->properties.Find("labels"))) {
    if (alias.value == version) EraseIn(found->properties, "labels", alias.key);
  }
  const int64_t number = ParseInt(version).value_or(0);
  if (number > DeletedMax(*found)) {
    SetIn(found->properties, "properties", kDeletedMax, std::to_string(number));
  }
  return assets_.SaveContainer(transaction, *found, now);
}

Status ModelStore::SetVersionTag(Transaction& transaction, const ModelVersion& version,
                                 const KeyValue& tag, Time now) const {
  TRY(CheckRegistryTag(tag));
  ASSIGN_OR_RETURN(AssetVersion asset,
                   FindVersion(assets_, transaction, version.name, version.version));
  SetIn(asset.properties, "tags", tag.key, tag.value);
  return assets_.Save(transaction, asset, now);
}

Status ModelStore::DeleteVersionTag(Transaction& transaction, const ModelVersion& version,
                                    std::string_view key, Time now) const {
  ASSIGN_OR_RETURN(AssetVersion asset,
                   FindVersion(assets_, transaction, version.name, version.version));
  if (!EraseIn(asset.properties, "tags", key)) return {};
  return assets_.Save(transaction, asset, now);
}

Result<std::vector<ModelVersion>> ModelStore::ListVersions(Transaction& transaction,
                                                           std::string_view name) const {
  ASSIGN_OR_RETURN(const AssetContainer container, FindModel(assets_, transaction, name));
  AssetQuery query;
  query.kind = AssetKind::kModel;
  query.name = std::string(name);
  query.archived_too = true;
  query.anonymous_too = true;
  query.limit = AssetStore::kListLimitMax;
  std::vector<ModelVersion> versions;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<AssetVersion> page,
                     assets_.ListVersions(transaction, query));
    for (const AssetVersion& asset : page) {
      versions.push_back(VersionOf(asset));
      AddAliases(versions.back(), container);
    }
    if (page.size() < static_cast<size_t>(query.limit)) return versions;
    query.before_sequence = page.back().sequence;
  }
}

Result<std::vector<ModelVersion>> ModelStore::Latest(Transaction& transaction,
                                                     std::string_view name,
                                                     const std::vector<std::string>& stages) const {
  std::vector<std::string> wanted;
  for (const std::string& stage : stages) {
    ASSIGN_OR_RETURN(std::string canonical, CanonicalStage(stage));
    wanted.push_back(std::move(canonical));
  }
  ASSIGN_OR_RETURN(const std::vector<ModelVersion> versions, ListVersions(transaction, name));
  std::vector<ModelVersion> latest;
  for (const ModelVersion& version : versions) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), version.stage) == wanted.end()) {
      continue;
    }
    const bool is_seen = std::any_of(latest.begin(), latest.end(), [&](const ModelVersion& other) {
      return other.stage == version.stage;
    });
    if (!is_seen) latest.push_back(version);
  }
  return latest;
}

}  // namespace lazurite
