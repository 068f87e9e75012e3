// Datastores: the four that are always there, and those that people add.
#include <array>

#include "api/arm/arm.h"
#include "base/text.h"
#include "domain/secret/credentials.h"
#include "domain/workspace/places.h"
#include "domain/workspace/resource_store.h"

namespace lazurite::arm {
namespace {

constexpr NameRule kDatastoreName{.what = "datastore", .extra = "-_"};
constexpr auto kBuiltIn = std::to_array<std::string_view>(
    {kBlobDatastore, kArtifactDatastore, kFileDatastore, kWorkingDatastore});
constexpr auto kTypes = std::to_array<std::string_view>(
    {"AzureBlob", "AzureFile", "AzureDataLakeGen1", "AzureDataLakeGen2", "OneLake", "Hdfs"});
constexpr std::chrono::hours kSecretLife{24};

bool IsBuiltIn(std::string_view name) {
  return std::find(kBuiltIn.begin(), kBuiltIn.end(), name) != kBuiltIn.end();
}

Resource BuiltIn(std::string_view name) {
  Resource datastore;
  datastore.kind = ResourceKind::kDatastore;
  datastore.name = name;
  return datastore;
}

// Address and container as clients of blob storage see the built-in ones: path-style at this
// server.
void ShowBuiltIn(const Resource& datastore, const Request& request, Json& properties) {
  const std::string base_url = request.BaseUrl();
  const size_t host = base_url.find("://") + 3;
  properties["datastoreType"] = "AzureBlob";
  properties["accountName"] = base_url.substr(host) + "/lazurite";
  properties["containerName"] = datastore.name;
  properties["endpoint"] = "core.windows.net";
  properties["protocol"] = base_url.substr(0, host - 3);
  properties["credentials"]["credentialsType"] = "Sas";
}

Json DatastoreResource(const Resource& datastore, const Scope& scope, const Request& request) {
  Json properties = datastore.properties;
  const bool is_built_in = IsBuiltIn(datastore.name);
  if (is_built_in) ShowBuiltIn(datastore, request, properties);
  for (const std::string_view key : {"tags", "properties"}) {
    if (!properties[key].is_object()) properties[key] = Json::MakeObject();
  }
  HideCredentials(properties);
  properties["isDefault"] = datastore.name == kBlobDatastore;
  if (properties.Find("serviceDataAccessAuthIdentity") == nullptr) {
    properties["serviceDataAccessAuthIdentity"] = "None";
  }
  properties["subscriptionId"] = scope.subscription;
  properties["resourceGroup"] = scope.resource_group;
  return Envelope(ResourceId(scope, "datastores", datastore.name), datastore.name, "datastores",
                  std::move(properties),
                  {datastore.created, datastore.created_by, datastore.modified});
}

Status NoDatastore(const std::string& name) {
  return NotFound("no datastore is called \"" + name + "\"");
}

Result<Resource> Load(Transaction& transaction, const Scope& scope, const std::string& name) {
  TRY(CheckWorkspace(transaction, scope));
  ASSIGN_OR_RETURN(
      std::optional<Resource> found,
      ResourceStore().Find(transaction, ResourceKind::kDatastore, scope.workspace, name));
  if (found) return std::move(*found);
  if (IsBuiltIn(name)) {
    Resource datastore = BuiltIn(name);
    TRY(DateBuiltIn(transaction, datastore));
    return datastore;
  }
  return NoDatastore(name);
}

Task<Result<Response>> GetDatastore(const ApiContext& context, Request& request) {
  const Scope scope = ScopeOf(request);
  const std::string name(request.Param("name"));
  Resource datastore;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(datastore, Load(transaction, scope, name));
    return {};
  };
  const Status status = co_await Read(*context.database, work);
  if (!status.ok()) co_return status;
  co_return Response::OfJson(200, DatastoreResource(datastore, scope, request));
}

Task<Result<Response>> ListDatastores(const ApiContext& context, Request& request) {
  const Scope scope = ScopeOf(request);
  const bool only_default = EqualNoCase(request.Query("isDefault"), "true");
  std::vector<Resource> datastores;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    TRY(CheckWorkspace(transaction, scope));
    datastores.clear();
    for (const std::string_view name : kBuiltIn) {
      if (only_default && name != kBlobDatastore) continue;
      datastores.push_back(BuiltIn(name));
      TRY(DateBuiltIn(transaction, datastores.back()));
    }
    if (only_default) return {};
    ASSIGN_OR_RETURN(std::vector<Resource> stored,
                     ResourceStore().List(transaction, ResourceKind::kDatastore, scope.workspace));
    for (Resource& one : stored) {
      if (!IsBuiltIn(one.name)) datastores.push_back(std::move(one));
    }
    return {};
  };
  const Status status = co_await Read(*context.database, work);
  if (!status.ok()) co_return status;
  Json::Array items;
  for (const Resource& one : datastores) items.push_back(DatastoreResource(one, scope, request));
  co_return ListAnswer(request, std::move(items), std::nullopt);
}

Status CheckDatastore(Json& properties) {
  TRY(NormaliseTags(properties));
  const std::string type = properties.GetString("datastoreType");
  if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) {
    return InvalidArgument("properties.datastoreType is \"" + type + "\", expected " +
                           ListOr({kTypes.begin(), kTypes.end()}));
  }
  const Json* credentials = properties.Find("credentials");
  if (credentials != nullptr && !credentials->is_object() && !credentials->is_null()) {
    return InvalidArgument("properties.credentials is not an object");
  }
  return {};
}

// Credentials that somebody else gave go where they were given for, and nowhere else.
Status CheckMayKeep(const Caller& caller, const Resource& before, const Resource& after) {
  if (caller.kind == Caller::Kind::kOwner || caller.name == before.created_by) return {};
  const Json* kept = before.properties.At("credentials.sealed");
  const Json* given = after.properties.At("credentials.secrets");
  const bool has_own = given != nullptr && !given->is_null();
  if (kept == nullptr || has_own || IsSameTarget(before, after)) return {};
  return {Code::kPermissionDenied, "the credentials of datastore \"" + before.name + "\" are of " +
                                       before.created_by +
                                       " and stay with its address; give credentials with the new "
                                       "one, or let them or the server's owner change it"};
}

Task<Result<Response>> PutDatastore(const ApiContext& context, Request& request) {
  const Scope scope = ScopeOf(request);
  const std::string caller = CallerName(request);
  Resource datastore;
  datastore.kind = ResourceKind::kDatastore;
  datastore.workspace = scope.workspace;
  datastore.name = request.Param("name");
  CO_TRY(CheckName(datastore.name, kDatastoreName));
  if (IsBuiltIn(datastore.name)) {
    co_return FailedPrecondition("the datastore \"" + datastore.name +
                                 "\" belongs to the server and cannot be changed");
  }
  Result<Json> body = co_await ReadBody(request);
  if (!body.ok()) co_return body.status();
  datastore.properties = std::move((*body)["properties"]);
  CO_TRY(CheckDatastore(datastore.properties));
  bool is_new = false;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    TRY(CheckWorkspace(transaction, scope));
    const ResourceStore store;
    ASSIGN_OR_RETURN(
        const std::optional<Resource> before,
        store.Find(transaction, ResourceKind::kDatastore, scope.workspace, datastore.name));
    const Time now = context.clock->Now();
    Resource stored = datastore;
    if (before) TRY(CheckMayKeep(request.caller, *before, datastore));
    SealCredentials(*context.vault, before ? &*before : nullptr, stored);
    datastore.created = before ? before->created : now;
    datastore.created_by = before ? before->created_by : caller;
    datastore.modified = now;
    stored.created_by = datastore.created_by;
    ASSIGN_OR_RETURN(is_new, store.Put(transaction, stored, now));
    return {};
  };
  const Status status = co_await Write(*context.database, work);
  if (!status.ok()) co_return status;
  co_return Response::OfJson(is_new ? 201 : 200, DatastoreResource(datastore, scope, request));
}

Task<Result<Response>> DeleteDatastore(const ApiContext& context, Request& request) {
  const Scope scope = ScopeOf(request);
  const std::string name(request.Param("name"));
  if (IsBuiltIn(name)) {
    co_return FailedPrecondition("the datastore \"" + name + "\" belongs to the server");
  }
  bool was_there = false;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    TRY(CheckWorkspace(transaction, scope));
    ASSIGN_OR_RETURN(was_there, ResourceStore().Delete(transaction, ResourceKind::kDatastore,
                                                       scope.workspace, name));
    return {};
  };
  const Status status = co_await Write(*context.database, work);
  if (!status.ok()) co_return status;
  co_return Response::Empty(was_there ? 200 : 204);
}

// For a built-in one a signature over its container; for others what their creator gave.
Result<Json> SecretsOf(const ApiContext& context, const Resource& datastore) {
  Json secrets = Json::MakeObject();
  if (IsBuiltIn(datastore.name)) {
    const Time expires = context.clock->Now() + kSecretLife;
    secrets["secretsType"] = "Sas";
    secrets["sasToken"] = "sv=2024-11-04&sr=c&sp=racwdl&" +
                          context.identity->SignPath("/lazurite/" + datastore.name, expires);
    return secrets;
  }
  ASSIGN_OR_RETURN(secrets, OpenCredentials(*context.vault, datastore));
  if (secrets.GetString("secretsType").empty()) {
    const Json* type = datastore.properties.At("credentials.credentialsType");
    secrets["secretsType"] = type != nullptr && type->is_string() ? *type : Json("None");
  }
  return secrets;
}

// Whose they are, and the owner.
Status CheckMayReadSecrets(const Caller& caller, const Resource& datastore) {
  if (IsBuiltIn(datastore.name) || caller.kind == Caller::Kind::kOwner) return {};
  const std::string what = "the secrets of datastore \"" + datastore.name + "\"";
  if (caller.kind == Caller::Kind::kJob) {
    return {Code::kPermissionDenied, "a job may not read " + what};
  }
  if (caller.name == datastore.created_by) return {};
  return {Code::kPermissionDenied,
          what + " are given to the server's owner and to " + datastore.created_by + " only"};
}

Task<Result<Response>> ListSecrets(const ApiContext& context, Request& request) {
  const Scope scope = ScopeOf(request);
  const std::string name(request.Param("name"));
  Resource datastore;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(datastore, Load(transaction, scope, name));
    return {};
  };
  const Status status = co_await Read(*context.database, work);
  if (!status.ok()) co_return status;
  CO_TRY(CheckMayReadSecrets(request.caller, datastore));
  CO_ASSIGN_OR_RETURN(const Json secrets, SecretsOf(context, datastore));
  co_return Response::OfJson(200, secrets);
}

}  // namespace

void AddDatastoreRoutes(Router& router, const ApiContext& context) {
  const std::string datastores = kWorkspace + "/datastores";
  router.Get(datastores, Answering(context, ListDatastores));
  router.Get(datastores + "/{name}", Answering(context, GetDatastore));
  router.Put(datastores + "/{name}", Answering(context, PutDatastore));
  router.Delete(datastores + "/{name}", Answering(context, DeleteDatastore));
  router.Post(datastores + "/{name}/listSecrets", Answering(context, ListSecrets));
}

}  // namespace lazurite::arm
