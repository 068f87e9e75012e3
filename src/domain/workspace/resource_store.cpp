#include "domain/workspace/resource_store.h"

#include "base/text.h"
#include "domain/workspace/resource_id.h"

namespace lazurite {
namespace {

constexpr std::string_view kColumns =
    "kind, workspace, name, envelope, properties, created, created_by, modified";

std::string_view KindText(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::kWorkspace:
      return "workspace";
    case ResourceKind::kDatastore:
      return "datastore";
    case ResourceKind::kCompute:
      return "compute";
  }
  return "";
}

// A workspace lies in itself.
std::string_view WorkspaceOf(ResourceKind kind, std::string_view workspace, std::string_view name) {
  return kind == ResourceKind::kWorkspace ? name : workspace;
}

Result<Resource> ReadRow(const Statement& row, ResourceKind kind) {
  Resource resource;
  resource.kind = kind;
  resource.workspace = row.Text(1);
  resource.name = row.Text(2);
  ASSIGN_OR_RETURN(resource.envelope, Json::Parse(row.Text(3)));
  ASSIGN_OR_RETURN(resource.properties, Json::Parse(row.Text(4)));
  resource.created = FromMillis(row.Int(5));
  resource.created_by = row.Text(6);
  resource.modified = FromMillis(row.Int(7));
  return resource;
}

}  // namespace

Result<bool> ResourceStore::Put(Transaction& transaction, const Resource& resource,
                                Time now) const {
  const std::string_view kind = KindText(resource.kind);
  const std::string_view workspace = WorkspaceOf(resource.kind, resource.workspace, resource.name);
  ASSIGN_OR_RETURN(const std::optional<Resource> existing,
                   Find(transaction, resource.kind, workspace, resource.name));
  // Who made it, when, and how its name was written then stay as they were.
  ASSIGN_OR_RETURN(
      Statement * put,
      transaction.Prepare("INSERT INTO resources (" + std::string(kColumns) +
                          ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
                          " ON CONFLICT (kind, workspace, name) DO UPDATE SET envelope = ?4,"
                          " properties = ?5, modified = ?8"));
  put->Bind(1, kind).Bind(2, workspace).Bind(3, resource.name);
  put->Bind(4, resource.envelope.Dump()).Bind(5, resource.properties.Dump());
  put->Bind(6, ToMillis(now)).Bind(7, resource.created_by).Bind(8, ToMillis(now));
  TRY(put->Run());
  TRY(transaction.RecordChange(kind, existing ? existing->name : resource.name));
  return !existing.has_value();
}

Result<std::optional<Resource>> ResourceStore::Find(Transaction& transaction, ResourceKind kind,
                                                    std::string_view workspace,
                                                    std::string_view name) const {
  ASSIGN_OR_RETURN(Statement * select,
                   transaction.Prepare("SELECT " + std::string(kColumns) +
                                       " FROM resources WHERE kind = ?1 AND workspace = ?2"
                                       " AND name = ?3"));
  select->Bind(1, KindText(kind)).Bind(2, WorkspaceOf(kind, workspace, name)).Bind(3, name);
  ASSIGN_OR_RETURN(const bool has_row, select->Step());
  if (!has_row) return std::optional<Resource>();
  ASSIGN_OR_RETURN(Resource resource, ReadRow(*select, kind));
  select->Reset();
  return std::optional<Resource>(std::move(resource));
}

Result<std::vector<Resource>> ResourceStore::List(Transaction& transaction, ResourceKind kind,
                                                  std::string_view workspace) const {
  const bool is_workspace = kind == ResourceKind::kWorkspace;
  ASSIGN_OR_RETURN(
      Statement * select,
      transaction.Prepare("SELECT " + std::string(kColumns) + " FROM resources WHERE kind = ?1" +
                          (is_workspace ? "" : " AND workspace = ?2") + " ORDER BY name"));
  select->Bind(1, KindText(kind));
  if (!is_workspace) select->Bind(2, workspace);
  std::vector<Resource> resources;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, select->Step());
    if (!more) return resources;
    ASSIGN_OR_RETURN(Resource resource, ReadRow(*select, kind));
    resources.push_back(std::move(resource));
  }
}

Result<bool> ResourceStore::Delete(Transaction& transaction, ResourceKind kind,
                                   std::string_view workspace, std::string_view name) const {
  ASSIGN_OR_RETURN(Statement * remove,
                   transaction.Prepare("DELETE FROM resources WHERE kind = ?1 AND workspace = ?2"
                                       " AND name = ?3"));
  remove->Bind(1, KindText(kind)).Bind(2, WorkspaceOf(kind, workspace, name)).Bind(3, name);
  TRY(remove->Run());
  if (transaction.RowsChanged() == 0) return false;
  TRY(transaction.RecordChange(KindText(kind), name));
  return true;
}

Result<std::string> FindWorkspace(Transaction& transaction, std::string_view name) {
  if (EqualNoCase(name, kDefaultWorkspace)) return std::string(kDefaultWorkspace);
  ASSIGN_OR_RETURN(const std::optional<Resource> workspace,
                   ResourceStore().Find(transaction, ResourceKind::kWorkspace, name, name));
  if (workspace) return workspace->name;
  return NotFound("no workspace is called \"" + std::string(name) +
                  "\"; the one that is always there is \"" + std::string(kDefaultWorkspace) + "\"");
}

Result<Time> HomeCreated(Transaction& transaction) {
  ASSIGN_OR_RETURN(Statement * select, transaction.Prepare("SELECT MIN(time) FROM migrations"));
  ASSIGN_OR_RETURN(const bool has_row, select->Step());
  LAZURITE_CHECK(has_row);
  return FromMillis(select->Int(0));
}

}  // namespace lazurite
