#include "domain/asset/asset_store.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "domain/asset/asset_rows.h"
#include "domain/workspace/resource_id.h"

namespace lazurite {
namespace {

using asset::kContainerColumns;
using asset::kVersionColumns;
using asset::NounOf;

// Versions are counted up to here; a larger integer is a text like any other.
constexpr size_t kVersionDigitsMax = 18;
constexpr size_t kLabelsNamedMax = 20;

std::optional<int64_t> IntegerVersion(std::string_view version) {
  if (version.size() > kVersionDigitsMax) return std::nullopt;
  for (const char letter : version) {
    if (letter < '0' || letter > '9') return std::nullopt;
  }
  return ParseInt(version);
}

Status CheckLimit(int limit) {
  if (limit >= 1 && limit <= AssetStore::kListLimitMax) return {};
  return InvalidArgument("limit is " + std::to_string(limit) + ", expected 1 to " +
                         std::to_string(AssetStore::kListLimitMax));
}

Status NoName(AssetKind kind, std::string_view name) {
  return NotFound("no " + NounOf(kind) + " is called \"" + std::string(name) + "\"");
}

Status NoVersion(AssetKind kind, std::string_view name, std::string_view version) {
  return NotFound(NounOf(kind) + " \"" + std::string(name) + "\" has no version \"" +
                  std::string(version) + "\"");
}

Status RecordVersion(Transaction& transaction, AssetKind kind, std::string_view name,
                     std::string_view version) {
  return transaction.RecordChange(NounOf(kind), std::string(name) + ":" + std::string(version));
}

// Makes the container or notes that it has a version that is not anonymous.
Status TouchContainer(Transaction& transaction, const AssetVersion& version, Time now) {
  ASSIGN_OR_RETURN(
      Statement * touch,
      transaction.Prepare(
          "INSERT INTO asset_containers"
          " (kind, workspace, name, is_anonymous, created, modified)"
          " VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (workspace, kind, name) DO UPDATE SET"
          " is_anonymous = MIN(is_anonymous, ?4), modified = ?5"));
  touch->Bind(1, ToText(version.kind)).Bind(2, version.workspace).Bind(3, version.name);
  touch->Bind(4, version.is_anonymous ? 1 : 0).Bind(5, ToMillis(now));
  return touch->Run();
}

Status CountVersion(Transaction& transaction, const AssetVersion& version) {
  const std::optional<int64_t> number = IntegerVersion(version.version);
  if (!number) return {};
  ASSIGN_OR_RETURN(
      Statement * update,
      transaction.Prepare("UPDATE asset_containers SET next_version = MAX(next_version, ?4 + 1)"
                          " WHERE workspace = ?1 AND kind = ?2 AND name = ?3"));
  update->Bind(1, version.workspace)
      .Bind(2, ToText(version.kind))
      .Bind(3, version.name)
      .Bind(4, *number);
  return update->Run();
}

Status RecountVersions(Transaction& transaction, std::string_view workspace, AssetKind kind,
                       std::string_view name) {
  ASSIGN_OR_RETURN(
      Statement * update,
      transaction.Prepare(
          "UPDATE asset_containers SET next_version = 1 + COALESCE((SELECT MAX(CAST(version AS"
          " INTEGER)) FROM asset_versions WHERE workspace = ?1 AND kind = ?2 AND name = ?3"
          " AND version NOT GLOB '*[^0-9]*' AND length(version) <= ?4), 0)"
          " WHERE workspace = ?1 AND kind = ?2 AND name = ?3"));
  update->Bind(1, workspace)
      .Bind(2, ToText(kind))
      .Bind(3, name)
      .Bind(4, static_cast<int64_t>(kVersionDigitsMax));
  return update->Run();
}

// Runs an update of the versions or containers of a name; true if there were any.
Result<bool> RunOnName(Transaction& transaction, std::string_view sql, std::string_view workspace,
                       AssetKind kind, std::string_view name) {
  ASSIGN_OR_RETURN(Statement * statement, transaction.Prepare(sql));
  statement->Bind(1, workspace).Bind(2, ToText(kind)).Bind(3, name);
  TRY(statement->Run());
  return transaction.RowsChanged() > 0;
}

void AddArchived(const AssetQuery& query, std::string& where) {
  if (query.only_archived) {
    where += " AND is_archived = 1";
  } else if (!query.archived_too) {
    where += " AND is_archived = 0";
  }
}

Status NoLabel(const AssetContainer& container, std::string_view label) {
  std::string text = NounOf(container.kind) + " \"" + container.name + "\" has no label \"" +
                     std::string(label) + "\"";
  std::vector<std::string_view> known = {"latest"};
  if (const Json* labels = container.properties.Find("labels"); labels && labels->is_object()) {
    for (const auto& [name, version] : labels->object()) {
      if (known.size() < kLabelsNamedMax) known.push_back(name);
    }
  }
  return NotFound(text + "; there is " + ListOr(known));
}

}  // namespace

Status AssetStore::Insert(Transaction& transaction, AssetVersion& version, Time now) const {
  version.workspace = workspace_;
  TRY(TouchContainer(transaction, version, now));
  if (version.version.empty()) {
    ASSIGN_OR_RETURN(const std::optional<AssetContainer> container,
                     FindContainer(transaction, version.kind, version.name));
    LAZURITE_CHECK(container.has_value());
    version.version = container->next_version;
  }
  ASSIGN_OR_RETURN(Statement * insert,
                   transaction.Prepare(
                       "INSERT INTO asset_versions (kind, workspace, name, version, is_anonymous,"
                       " is_archived, hash, properties, created, created_by, modified)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?9)"));
  insert->Bind(1, ToText(version.kind)).Bind(2, workspace_).Bind(3, version.name);
  insert->Bind(4, version.version).Bind(5, version.is_anonymous ? 1 : 0);
  insert->Bind(6, version.is_archived ? 1 : 0).Bind(7, version.hash);
  insert->Bind(8, version.properties.Dump()).Bind(9, ToMillis(now)).Bind(10, version.created_by);
  const Status inserted = insert->Run();
  if (inserted.code() == Code::kConflict) {
    return Conflict("version \"" + version.version + "\" of " + NounOf(version.kind) + " \"" +
                    version.name + "\" exists already");
  }
  TRY(inserted);
  version.sequence = transaction.LastInsertId();
  version.created = version.modified = now;
  TRY(CountVersion(transaction, version));
  return RecordVersion(transaction, version.kind, version.name, version.version);
}

Status AssetStore::Save(Transaction& transaction, const AssetVersion& version, Time now) const {
  ASSIGN_OR_RETURN(
      Statement * update,
      transaction.Prepare("UPDATE asset_versions SET properties = ?5,"
                          " is_archived = ?6, hash = ?7, modified = ?8"
                          " WHERE workspace = ?1 AND kind = ?2 AND name = ?3 AND version = ?4"));
  update->Bind(1, workspace_)
      .Bind(2, ToText(version.kind))
      .Bind(3, version.name)
      .Bind(4, version.version);
  update->Bind(5, version.properties.Dump()).Bind(6, version.is_archived ? 1 : 0);
  update->Bind(7, version.hash).Bind(8, ToMillis(now));
  TRY(update->Run());
  if (transaction.RowsChanged() == 0) {
    return NoVersion(version.kind, version.name, version.version);
  }
  return RecordVersion(transaction, version.kind, version.name, version.version);
}

Result<std::optional<AssetVersion>> AssetStore::Find(Transaction& transaction, AssetKind kind,
                                                     std::string_view name,
                                                     std::string_view version) const {
  ASSIGN_OR_RETURN(
      Statement * select,
      transaction.Prepare("SELECT " + std::string(kVersionColumns) +
                          " FROM asset_versions WHERE workspace = ?1 AND kind = ?2 AND name = ?3"
                          " AND version = ?4"));
  select->Bind(1, workspace_).Bind(2, ToText(kind)).Bind(3, name).Bind(4, version);
  ASSIGN_OR_RETURN(std::vector<AssetVersion> found, asset::ReadVersions(*select, kind));
  if (found.empty()) return std::optional<AssetVersion>();
  return std::optional<AssetVersion>(std::move(found.front()));
}

Result<AssetVersion> AssetStore::FindByLabel(Transaction& transaction, AssetKind kind,
                                             std::string_view name, std::string_view label) const {
  ASSIGN_OR_RETURN(const std::optional<AssetContainer> container,
                   FindContainer(transaction, kind, name));
  if (!container) return NoName(kind, name);
  if (EqualNoCase(label, "latest")) {
    const AssetQuery newest{
        .kind = kind, .name = std::string(name), .hash = "", .anonymous_too = true, .limit = 1};
    ASSIGN_OR_RETURN(std::vector<AssetVersion> found, ListVersions(transaction, newest));
    if (!found.empty()) return std::move(found.front());
    return NotFound(NounOf(kind) + " \"" + std::string(name) +
                    "\" has no version that is not archived");
  }
  const Json* labels = container->properties.Find("labels");
  const Json* version = labels == nullptr ? nullptr : labels->Find(label);
  if (version == nullptr || !version->is_string()) return NoLabel(*container, label);
  ASSIGN_OR_RETURN(std::optional<AssetVersion> found,
                   Find(transaction, kind, name, version->string()));
  if (!found) return NoVersion(kind, name, version->string());
  return std::move(*found);
}

Result<AssetVersion> AssetStore::Resolve(Transaction& transaction, AssetKind kind,
                                         std::string_view reference) const {
  ASSIGN_OR_RETURN(const AssetReference parsed, ParseAssetReference(reference));
  if (!parsed.collection.empty() && parsed.collection != ToText(kind)) {
    return InvalidArgument("\"" + std::string(reference) + "\" is one of " + parsed.collection +
                           ", expected one of " + std::string(ToText(kind)));
  }
  if (!parsed.workspace.empty() && !EqualNoCase(parsed.workspace, workspace_)) {
    return InvalidArgument("\"" + std::string(reference) + "\" lies in workspace \"" +
                           parsed.workspace + "\", expected one of workspace \"" + workspace_ +
                           "\"; register it there too");
  }
  if (!parsed.registry.empty()) {
    return NotFound("registry \"" + parsed.registry + "\" is not known here, so neither is " +
                    NounOf(kind) + " \"" + parsed.name + "\"");
  }
  if (parsed.version.empty()) {
    return FindByLabel(transaction, kind, parsed.name,
                       parsed.label.empty() ? "latest" : parsed.label);
  }
  ASSIGN_OR_RETURN(std::optional<AssetVersion> found,
                   Find(transaction, kind, parsed.name, parsed.version));
  if (found) return std::move(*found);
  ASSIGN_OR_RETURN(const std::optional<AssetContainer> container,
                   FindContainer(transaction, kind, parsed.name));
  return container ? NoVersion(kind, parsed.name, parsed.version) : NoName(kind, parsed.name);
}

Result<std::vector<AssetVersion>> AssetStore::ListVersions(Transaction& transaction,
                                                           const AssetQuery& query) const {
  TRY(CheckLimit(query.limit));
  std::string where = " WHERE workspace = ?1 AND kind = ?2 AND sequence < ?3";
  if (!query.name.empty()) where += " AND name = ?4";
  if (!query.hash.empty()) where += " AND hash = ?5 AND hash <> ''";
  if (!query.anonymous_too) where += " AND is_anonymous = 0";
  AddArchived(query, where);
  ASSIGN_OR_RETURN(
      Statement * select,
      transaction.Prepare("SELECT " + std::string(kVersionColumns) + " FROM asset_versions" +
                          where + " ORDER BY sequence DESC LIMIT ?6"));
  select->Bind(1, workspace_).Bind(2, ToText(query.kind));
  select->Bind(3, query.before_sequence > 0 ? query.before_sequence : INT64_MAX);
  if (!query.name.empty()) select->Bind(4, query.name);
  if (!query.hash.empty()) select->Bind(5, query.hash);
  select->Bind(6, query.limit);
  return asset::ReadVersions(*select, query.kind);
}

Result<std::optional<AssetContainer>> AssetStore::FindContainer(Transaction& transaction,
                                                                AssetKind kind,
                                                                std::string_view name) const {
  ASSIGN_OR_RETURN(
      Statement * select,
      transaction.Prepare(
          "SELECT " + std::string(kContainerColumns) +
          " FROM asset_containers c WHERE workspace = ?1 AND kind = ?2 AND name = ?3"));
  select->Bind(1, workspace_).Bind(2, ToText(kind)).Bind(3, name);
  ASSIGN_OR_RETURN(std::vector<AssetContainer> found, asset::ReadContainers(*select, kind));
  if (found.empty()) return std::optional<AssetContainer>();
  return std::optional<AssetContainer>(std::move(found.front()));
}

Result<std::vector<AssetContainer>> AssetStore::ListContainers(Transaction& transaction,
                                                               const AssetQuery& query) const {
  TRY(CheckLimit(query.limit));
  std::string where = " WHERE kind = ?1 AND workspace = ?2 AND sequence < ?3";
  if (!query.anonymous_too) where += " AND is_anonymous = 0";
  AddArchived(query, where);
  ASSIGN_OR_RETURN(
      Statement * select,
      transaction.Prepare("SELECT " + std::string(kContainerColumns) + " FROM asset_containers c" +
                          where + " ORDER BY sequence DESC LIMIT ?4"));
  select->Bind(1, ToText(query.kind)).Bind(2, workspace_);
  select->Bind(3, query.before_sequence > 0 ? query.before_sequence : INT64_MAX);
  select->Bind(4, query.limit);
  return asset::ReadContainers(*select, query.kind);
}

Status AssetStore::SaveContainer(Transaction& transaction, const AssetContainer& container,
                                 Time now) const {
  ASSIGN_OR_RETURN(
      Statement * save,
      transaction.Prepare("INSERT INTO asset_containers (kind, workspace, name, is_anonymous,"
                          " is_archived, properties, created, modified)"
                          " VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?6)"
                          " ON CONFLICT (workspace, kind, name) DO UPDATE SET is_archived = ?4,"
                          " properties = ?5, modified = ?6"));
  save->Bind(1, ToText(container.kind)).Bind(2, workspace_).Bind(3, container.name);
  save->Bind(4, container.is_archived ? 1 : 0).Bind(5, container.properties.Dump());
  save->Bind(6, ToMillis(now));
  TRY(save->Run());
  return transaction.RecordChange(NounOf(container.kind), container.name);
}

Status AssetStore::DeleteVersion(Transaction& transaction, AssetKind kind, std::string_view name,
                                 std::string_view version) const {
  ASSIGN_OR_RETURN(
      Statement * remove,
      transaction.Prepare("DELETE FROM asset_versions"
                          " WHERE workspace = ?1 AND kind = ?2 AND name = ?3 AND version = ?4"));
  remove->Bind(1, workspace_).Bind(2, ToText(kind)).Bind(3, name).Bind(4, version);
  TRY(remove->Run());
  if (transaction.RowsChanged() == 0) return NoVersion(kind, name, version);
  ASSIGN_OR_RETURN(
      Statement * unlabel,
      transaction.Prepare(
          "UPDATE asset_containers SET properties = json_set(properties, '$.labels',"
          " (SELECT json_group_object(key, value) FROM json_each(properties, '$.labels')"
          "  WHERE value <> ?4)) WHERE workspace = ?1 AND kind = ?2 AND name = ?3 AND EXISTS"
          " (SELECT 1 FROM json_each(properties, '$.labels') WHERE value = ?4)"));
  unlabel->Bind(1, workspace_).Bind(2, ToText(kind)).Bind(3, name).Bind(4, version);
  TRY(unlabel->Run());
  TRY(RecountVersions(transaction, workspace_, kind, name));
  return RecordVersion(transaction, kind, name, version);
}

Status AssetStore::DeleteContainer(Transaction& transaction, AssetKind kind,
                                   std::string_view name) const {
  TRY(RunOnName(transaction,
                "DELETE FROM asset_versions WHERE workspace = ?1 AND kind = ?2 AND name = ?3",
                workspace_, kind, name)
          .status());
  ASSIGN_OR_RETURN(
      const bool was_there,
      RunOnName(transaction,
                "DELETE FROM asset_containers WHERE workspace = ?1 AND kind = ?2 AND name = ?3",
                workspace_, kind, name));
  if (!was_there) return NoName(kind, name);
  return transaction.RecordChange(NounOf(kind), name);
}

Status AssetStore::RenameContainer(Transaction& transaction, AssetKind kind, std::string_view name,
                                   std::string_view new_name) const {
  for (const std::string_view table : {"asset_containers", "asset_versions"}) {
    ASSIGN_OR_RETURN(
        Statement * rename,
        transaction.Prepare("UPDATE " + std::string(table) +
                            " SET name = ?4 WHERE workspace = ?1 AND kind = ?2 AND name = ?3"));
    rename->Bind(1, workspace_).Bind(2, ToText(kind)).Bind(3, name).Bind(4, new_name);
    const Status renamed = rename->Run();
    if (renamed.code() == Code::kConflict) {
      return Conflict("a " + NounOf(kind) + " named \"" + std::string(new_name) +
                      "\" exists already");
    }
    TRY(renamed);
    const bool is_container = table == "asset_containers";
    if (is_container && transaction.RowsChanged() == 0) return NoName(kind, name);
  }
  TRY(transaction.RecordChange(NounOf(kind), name));
  return transaction.RecordChange(NounOf(kind), new_name);
}

Result<std::string> NameOfAssetBelow(Transaction& transaction, std::string_view place) {
  ASSIGN_OR_RETURN(Statement * select,
                   transaction.Prepare("SELECT kind, name, version FROM asset_versions"
                                       " WHERE instr(properties, ?1) > 0"
                                       " OR instr(properties, ?2) > 0 LIMIT 1"));
  select->Bind(1, std::string(place) + "/").Bind(2, std::string(place) + "\"");
  ASSIGN_OR_RETURN(const bool has_row, select->Step());
  if (!has_row) return std::string();
  std::string noun = select->Text(0);
  if (noun != ToText(AssetKind::kData)) noun.pop_back();
  return noun + " \"" + select->Text(1) + ":" + select->Text(2) + "\"";
}

}  // namespace lazurite
