// Workspaces, and the resource group and subscription they lie in.
#include "api/arm/arm.h"
#include "base/hash.h"
#include "base/text.h"
#include "domain/asset/asset_store.h"
#include "domain/job/job_store.h"
#include "domain/run/experiment_store.h"
#include "domain/workspace/resource_store.h"

namespace lazurite::arm {
namespace {

constexpr NameRule kWorkspaceName{.what = "workspace", .extra = "-_", .bytes_max = 33};
constexpr std::string_view kLocation = "local";

// The same for the same name, in the form of a guid.
std::string GuidOf(std::string_view text) {
  const std::string hex = Sha256Hex(text);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20, 12);
}

// The workspace that is always there, until somebody has given it properties of his own.
Result<Resource> DefaultWorkspace(Transaction& transaction) {
  Resource workspace;
  workspace.kind = ResourceKind::kWorkspace;
  workspace.workspace = kDefaultWorkspace;
  workspace.name = kDefaultWorkspace;
  TRY(DateBuiltIn(transaction, workspace));
  return workspace;
}

Json WorkspaceResource(const Resource& workspace, const Scope& scope, const std::string& base_url) {
  Scope own = scope;
  own.workspace = workspace.name;
  Json properties = workspace.properties;
  if (properties.GetString("friendlyName").empty()) properties["friendlyName"] = workspace.name;
  if (properties.Find("description") == nullptr) properties["description"] = "";
  properties["workspaceId"] = GuidOf("workspace " + workspace.name);
  properties["discoveryUrl"] = base_url + "/discovery";
  const bool is_default = own.workspace == kDefaultWorkspace;
  properties["mlFlowTrackingUri"] =
      is_default ? base_url : base_url + "/mlflow/v1.0" + WorkspaceId(own);
  properties["storageAccount"] = "/subscriptions/" + own.subscription + "/resourceGroups/" +
                                 own.resource_group +
                                 "/providers/Microsoft.Storage/storageAccounts/lazurite";
  properties["provisioningState"] = "Succeeded";
  properties["publicNetworkAccess"] = "Enabled";
  Json json = Envelope(WorkspaceId(own), workspace.name, "", std::move(properties),
                       {workspace.created, workspace.created_by, workspace.modified});
  json["location"] = workspace.envelope.GetString("location", kLocation);
  for (const std::string_view key : {"tags", "identity"}) {
    const Json* value = workspace.envelope.Find(key);
    json[key] = value != nullptr && value->is_object() ? *value : Json::MakeObject();
  }
  json["kind"] = workspace.envelope.GetString("kind", "Default");
  return json;
}

Status NoWorkspace(const Scope& scope) {
  return NotFound("no workspace is called \"" + scope.workspace + "\"");
}

Result<Resource> Load(Transaction& transaction, const Scope& scope) {
  ASSIGN_OR_RETURN(std::optional<Resource> found,
                   ResourceStore().Find(transaction, ResourceKind::kWorkspace, scope.workspace,
                                        scope.workspace));
  if (found) return std::move(*found);
  if (scope.workspace == kDefaultWorkspace) return DefaultWorkspace(transaction);
  return NoWorkspace(scope);
}

Task<Result<Response>> GetWorkspace(const ApiContext& context, Request& request) {
  const Scope scope = ScopeOf(request);
  Resource workspace;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(workspace, Load(transaction, scope));
    return {};
  };
  const Status status = co_await Read(*context.database, work);
  if (!status.ok()) co_return status;
  co_return Response::OfJson(200, WorkspaceResource(workspace, scope, request.BaseUrl()));
}

Task<Result<Response>> ListWorkspaces(const ApiContext& context, Request& request) {
  const Scope scope = ScopeOf(request);
  std::vector<Resource> workspaces;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(workspaces, ResourceStore().List(transaction, ResourceKind::kWorkspace, ""));
    const bool has_default =
        std::any_of(workspaces.begin(), workspaces.end(),
                    [](const Resource& one) { return one.name == kDefaultWorkspace; });
    if (has_default) return {};
    ASSIGN_OR_RETURN(Resource first, DefaultWorkspace(transaction));
    workspaces.insert(workspaces.begin(), std::move(first));
    return {};
  };
  const Status status = co_await Read(*context.database, work);
  if (!status.ok()) co_return status;
  const std::string base_url = request.BaseUrl();
  Json::Array items;
  for (const Resource& workspace : workspaces) {
    items.push_back(WorkspaceResource(workspace, scope, base_url));
  }
  co_return ListAnswer(request, std::move(items), std::nullopt);
}

// What a client may set beside properties.
Status TakeEnvelope(const Json& body, Resource& resource) {
  for (const std::string_view key : {"location", "tags", "identity", "kind", "sku"}) {
    const Json* value = body.Find(key);
    if (value == nullptr || value->is_null()) continue;
    const bool is_text = key == "location" || key == "kind";
    if (is_text ? !value->is_string() : !value->is_object()) {
      return InvalidArgument(std::string(key) + " is not " + (is_text ? "a text" : "an object"));
    }
    resource.envelope[key] = *value;
  }
  return {};
}

enum class Change : unsigned char { kReplace, kMerge };

Task<Result<Response>> ChangeWorkspace(const ApiContext& context, Request& request, Change change) {
  const Scope scope = ScopeOf(request);
  const std::string caller = CallerName(request);
  CO_TRY(CheckName(scope.workspace, kWorkspaceName));
  Result<Json> read = co_await request.ReadJson(kBodyBytesMax);
  if (!read.ok()) co_return read.status();
  Json body = std::move(*read);
  if (!body.is_object()) co_return InvalidArgument("the body is not a JSON object");
  CO_TRY(NeedObject(body, "properties", "body"));
  Resource workspace;
  bool is_new = false;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    Result<Resource> before = Load(transaction, scope);
    const bool is_missing = before.status().code() == Code::kNotFound;
    if (!before.ok() && !(is_missing && change == Change::kReplace)) return before.status();
    const Time now = context.clock->Now();
    workspace = is_missing ? Resource() : *before;
    workspace.kind = ResourceKind::kWorkspace;
    workspace.workspace = scope.workspace;
    workspace.name = scope.workspace;
    if (change == Change::kReplace) workspace.properties = Json::MakeObject();
    Merge(workspace.properties, body["properties"]);
    TRY(TakeEnvelope(body, workspace));
    if (ToMillis(workspace.created) == 0) workspace.created = now;
    if (workspace.created_by.empty()) workspace.created_by = caller;
    workspace.modified = now;
    is_new = is_missing;
    TRY(ResourceStore().Put(transaction, workspace, now).status());
    return ExperimentStore().GetOrCreateDefault(transaction, workspace.name, now).status();
  };
  const Status status = co_await Write(*context.database, work);
  if (!status.ok()) co_return status;
  co_return Response::OfJson(is_new ? 201 : 200,
                             WorkspaceResource(workspace, scope, request.BaseUrl()));
}

Task<Result<Response>> PutWorkspace(const ApiContext& context, Request& request) {
  return ChangeWorkspace(context, request, Change::kReplace);
}

Task<Result<Response>> PatchWorkspace(const ApiContext& context, Request& request) {
  return ChangeWorkspace(context, request, Change::kMerge);
}

Status CheckEmpty(Transaction& transaction, const Scope& scope) {
  JobQuery query;
  query.workspace = scope.workspace;
  query.archived_too = true;
  query.limit = 1;
  ASSIGN_OR_RETURN(const std::vector<Job> jobs, JobStore().List(transaction, query));
  if (!jobs.empty()) {
    return FailedPrecondition("workspace \"" + scope.workspace + "\" has jobs, " +
                              jobs.front().name + " among them");
  }
  const AssetStore assets(scope.workspace);
  for (const AssetKind kind : {AssetKind::kData, AssetKind::kEnvironment, AssetKind::kModel,
                               AssetKind::kCode, AssetKind::kComponent}) {
    AssetQuery any;
    any.kind = kind;
    any.archived_too = any.anonymous_too = true;
    any.limit = 1;
    ASSIGN_OR_RETURN(const auto found, assets.ListContainers(transaction, any));
    if (found.empty()) continue;
    return FailedPrecondition("workspace \"" + scope.workspace + "\" has " +
                              std::string(ToText(kind)) + ", \"" + found.front().name +
                              "\" among them; delete them first");
  }
  return {};
}

Task<Result<Response>> DeleteWorkspace(const ApiContext& context, Request& request) {
  const Scope scope = ScopeOf(request);
  if (scope.workspace == kDefaultWorkspace) {
    co_return FailedPrecondition("the workspace \"" + scope.workspace + "\" is always there");
  }
  bool was_there = false;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    TRY(CheckEmpty(transaction, scope));
    ASSIGN_OR_RETURN(was_there, ResourceStore().Delete(transaction, ResourceKind::kWorkspace,
                                                       scope.workspace, scope.workspace));
    return {};
  };
  const Status status = co_await Write(*context.database, work);
  if (!status.ok()) co_return status;
  co_return Response::Empty(was_there ? 200 : 204);
}

// The group is a name only: every one that is asked for is there.
Task<Result<Response>> GetGroup(const ApiContext&, Request& request) {
  const Scope scope = ScopeOf(request);
  Json json = Json::MakeObject();
  json["id"] = "/subscriptions/" + scope.subscription + "/resourceGroups/" + scope.resource_group;
  json["name"] = scope.resource_group;
  json["type"] = "Microsoft.Resources/resourceGroups";
  json["location"] = kLocation;
  json["properties"]["provisioningState"] = "Succeeded";
  co_return Response::OfJson(200, json);
}

Json SubscriptionResource(std::string_view id) {
  Json json = Json::MakeObject();
  json["id"] = "/subscriptions/" + std::string(id);
  json["subscriptionId"] = id;
  json["displayName"] = "Lazurite";
  json["state"] = "Enabled";
  json["tenantId"] = GuidOf("tenant");
  return json;
}

Task<Result<Response>> GetSubscription(const ApiContext&, Request& request) {
  co_return Response::OfJson(200, SubscriptionResource(request.Param("sub")));
}

Task<Result<Response>> ListSubscriptions(const ApiContext&, Request& request) {
  Json::Array items;
  items.push_back(SubscriptionResource(kSubscription));
  co_return ListAnswer(request, std::move(items), std::nullopt);
}

// Where the services of a workspace are: all of them here.
Task<Result<Response>> Discover(const ApiContext&, Request& request) {
  Json json = Json::MakeObject();
  for (const std::string_view service :
       {"api", "history", "experimentation", "modelmanagement", "studio"}) {
    json[service] = request.BaseUrl();
  }
  co_return Response::OfJson(200, json);
}

}  // namespace

void AddWorkspaceRoutes(Router& router, const ApiContext& context) {
  router.Get("/discovery", Answering(context, Discover));
  router.Get("/subscriptions", Answering(context, ListSubscriptions));
  router.Get("/subscriptions/{sub}", Answering(context, GetSubscription));
  router.Get(kGroup, Answering(context, GetGroup));
  router.Get("/subscriptions/{sub}/providers/Microsoft.MachineLearningServices/workspaces",
             Answering(context, ListWorkspaces));
  router.Get(kWorkspaces, Answering(context, ListWorkspaces));
  router.Get(kWorkspace, Answering(context, GetWorkspace));
  router.Put(kWorkspace, Answering(context, PutWorkspace));
  router.Patch(kWorkspace, Answering(context, PatchWorkspace));
  router.Delete(kWorkspace, Answering(context, DeleteWorkspace));
}

}  // namespace lazurite::arm
