// Computes: named shares of this machine. "local", the whole machine, is always there.
#include <array>

#include "api/arm/arm.h"
#include "api/arm/job_references.h"
#include "base/text.h"
#include "domain/compute/machine.h"
#include "domain/compute/share.h"
#include "domain/job/job_store.h"
#include "domain/workspace/resource_store.h"

namespace lazurite::arm {
namespace {

constexpr NameRule kComputeName{.what = "compute", .extra = "-_", .bytes_max = 32};
constexpr int64_t kNodesMax = 1024;
constexpr int kActiveJobsMax = 100'000;
constexpr std::string_view kCluster = "AmlCompute";
constexpr std::string_view kInstance = "ComputeInstance";
constexpr std::string_view kMachineSize = "local";

// Looked at once; the first time is for a database thread, not for one of the loop's.
int CoresOfMachine() {
  static const int cores = LookAtMachine().cores;
  return cores;
}

Resource LocalCompute() {
  Resource compute;
  compute.kind = ResourceKind::kCompute;
  compute.name = kLocalCompute;
  Json own = Json::MakeObject();
  own["vmSize"] = kMachineSize;
  own["osType"] = "Linux";
  const int cores = CoresOfMachine();
  own.Set("scaleSettings.minNodeCount", cores);
  own.Set("scaleSettings.maxNodeCount", cores);
  compute.properties["computeType"] = kCluster;
  compute.properties["description"] = "the whole of this machine";
  compute.properties["properties"] = std::move(own);
  return compute;
}

Json ComputeResource(const Resource& compute, const Scope& scope) {
  Json properties = compute.properties;
  properties["provisioningState"] = "Succeeded";
  properties["provisioningErrors"] = nullptr;
  properties["isAttachedCompute"] = false;
  properties["computeLocation"] = compute.envelope.GetString("location", "local");
  properties["createdOn"] = FormatTime(compute.created);
  properties["modifiedOn"] = FormatTime(compute.modified);
  Json json =
      Envelope(ResourceId(scope, "computes", compute.name), compute.name, "computes",
               std::move(properties), {compute.created, compute.created_by, compute.modified});
  json["location"] = compute.envelope.GetString("location", "local");
  for (const std::string_view key : {"tags", "identity"}) {
    const Json* value = compute.envelope.Find(key);
    if (value != nullptr && value->is_object()) json[key] = *value;
  }
  return json;
}

Result<Resource> Load(Transaction& transaction, const Scope& scope, const std::string& name) {
  TRY(CheckWorkspace(transaction, scope));
  ASSIGN_OR_RETURN(const std::string found, FindCompute(transaction, scope, name));
  if (found == kLocalCompute) {
    Resource compute = LocalCompute();
    TRY(DateBuiltIn(transaction, compute));
    return compute;
  }
  ASSIGN_OR_RETURN(
      std::optional<Resource> compute,
      ResourceStore().Find(transaction, ResourceKind::kCompute, scope.workspace, found));
  LAZURITE_CHECK(compute.has_value());
  return std::move(*compute);
}

Task<Result<Response>> GetCompute(const ApiContext& context, Request& request) {
  const Scope scope = ScopeOf(request);
  const std::string name(request.Param("name"));
  Resource compute;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(compute, Load(transaction, scope, name));
    return {};
  };
  const Status status = co_await Read(*context.database, work);
  if (!status.ok()) co_return status;
  co_return Response::OfJson(200, ComputeResource(compute, scope));
}

Task<Result<Response>> ListComputes(const ApiContext& context, Request& request) {
  const Scope scope = ScopeOf(request);
  std::vector<Resource> computes;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    TRY(CheckWorkspace(transaction, scope));
    ASSIGN_OR_RETURN(computes,
                     ResourceStore().List(transaction, ResourceKind::kCompute, scope.workspace));
    computes.insert(computes.begin(), LocalCompute());
    TRY(DateBuiltIn(transaction, computes.front()));
    return {};
  };
  const Status status = co_await Read(*context.database, work);
  if (!status.ok()) co_return status;
  Json::Array items;
  for (const Resource& compute : computes) items.push_back(ComputeResource(compute, scope));
  co_return ListAnswer(request, std::move(items), std::nullopt);
}

Status CheckCount(const Json& scale, std::string_view key, int64_t& count) {
  const Json* value = scale.Find(key);
  if (value == nullptr || value->is_null()) return {};
  if (!value->is_int() || value->int_value() < 0 || value->int_value() > kNodesMax) {
    return InvalidArgument("properties.properties.scaleSettings." + std::string(key) + " is " +
                           value->Dump() + ", expected 0 to " + std::to_string(kNodesMax));
  }
  count = value->int_value();
  return {};
}

Status CheckScale(const Json& own) {
  const Json* scale = own.Find("scaleSettings");
  if (scale == nullptr || scale->is_null()) return {};
  if (!scale->is_object()) {
    return InvalidArgument("properties.properties.scaleSettings is not an object");
  }
  int64_t least = 0;
  int64_t most = kNodesMax;
  TRY(CheckCount(*scale, "minNodeCount", least));
  TRY(CheckCount(*scale, "maxNodeCount", most));
  if (least <= most) return {};
  return InvalidArgument("properties.properties.scaleSettings.minNodeCount is " +
                         std::to_string(least) + ", expected at most maxNodeCount, " +
                         std::to_string(most));
}

Status CheckCompute(Json& properties) {
  const std::string type = properties.GetString("computeType");
  if (type != kCluster && type != kInstance) {
    return InvalidArgument("properties.computeType is \"" + type +
                           "\"; this server has AmlCompute, a named share of its machine, and "
                           "ComputeInstance");
  }
  TRY(NeedObject(properties, "properties", "properties"));
  TRY(CheckScale(properties["properties"]));
  TRY(CheckShape(properties["properties"]));
  if (type == kInstance && properties["properties"].GetString("state").empty()) {
    properties["properties"]["state"] = "Running";
  }
  for (const std::string_view key : {"provisioningState", "provisioningErrors", "createdOn",
                                     "modifiedOn", "isAttachedCompute", "computeLocation"}) {
    properties.Erase(key);
  }
  return {};
}

Status TakeEnvelope(const Json& body, Resource& compute) {
  for (const std::string_view key : {"location", "tags", "identity"}) {
    const Json* value = body.Find(key);
    if (value == nullptr || value->is_null()) continue;
    const bool is_text = key == "location";
    if (is_text ? !value->is_string() : !value->is_object()) {
      return InvalidArgument(std::string(key) + " is not " + (is_text ? "a text" : "an object"));
    }
    compute.envelope[key] = *value;
  }
  return {};
}

enum class Change : unsigned char { kReplace, kMerge };

Status Store(Transaction& transaction, const ApiContext& context, Resource& compute, bool& is_new) {
  const ResourceStore store;
  const Time now = context.clock->Now();
  compute.modified = now;
  ASSIGN_OR_RETURN(is_new, store.Put(transaction, compute, now));
  return transaction.RecordChange("compute", compute.name);
}

Task<Result<Response>> ChangeCompute(const ApiContext& context, Request& request, Change change) {
  const Scope scope = ScopeOf(request);
  const std::string name(request.Param("name"));
  const std::string caller = CallerName(request);
  CO_TRY(CheckName(name, kComputeName));
  if (EqualNoCase(name, kLocalCompute) || EqualNoCase(name, "serverless")) {
    co_return FailedPrecondition("the compute \"" + name +
                                 "\" stands for this machine and cannot be changed");
  }
  Result<Json> body = co_await ReadBody(request);
  if (!body.ok()) co_return body.status();
  Resource compute;
  bool is_new = false;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    Result<Resource> before = Load(transaction, scope, name);
    const bool is_missing = before.status().code() == Code::kNotFound;
    if (!before.ok() && !(is_missing && change == Change::kReplace)) return before.status();
    TRY(CheckWorkspace(transaction, scope));
    compute = is_missing ? Resource() : *before;
    if (is_missing) {
      compute.kind = ResourceKind::kCompute;
      compute.workspace = scope.workspace;
      compute.name = name;
      compute.created = context.clock->Now();
      compute.created_by = caller;
    }
    const Json& properties = (*body)["properties"];
    if (change == Change::kReplace) {
      compute.properties = properties;
    } else {
      Merge(compute.properties, properties);
    }
    TRY(CheckCompute(compute.properties));
    TRY(TakeEnvelope(*body, compute));
    return Store(transaction, context, compute, is_new);
  };
  const Status status = co_await Write(*context.database, work);
  if (!status.ok()) co_return status;
  context.wake_engines();
  co_return Response::OfJson(is_new ? 201 : 200, ComputeResource(compute, scope));
}

Task<Result<Response>> PutCompute(const ApiContext& context, Request& request) {
  return ChangeCompute(context, request, Change::kReplace);
}

Task<Result<Response>> PatchCompute(const ApiContext& context, Request& request) {
  return ChangeCompute(context, request, Change::kMerge);
}

// Jobs that wait for a compute that is gone would wait for ever.
Status CheckUnused(Transaction& transaction, const Scope& scope, const std::string& name) {
  ASSIGN_OR_RETURN(const std::vector<Job> jobs,
                   JobStore().Active(transaction, std::nullopt, kActiveJobsMax));
  for (const Job& job : jobs) {
    if (job.compute != name || job.workspace != scope.workspace) continue;
    return FailedPrecondition("compute \"" + name + "\" is used by job " + job.name +
                              ", which is " + std::string(ToText(job.state)) +
                              "; cancel it or wait for its end");
  }
  return {};
}

Task<Result<Response>> DeleteCompute(const ApiContext& context, Request& request) {
  const Scope scope = ScopeOf(request);
  const std::string name(request.Param("name"));
  if (EqualNoCase(name, kLocalCompute)) {
    co_return FailedPrecondition("the compute \"" + name + "\" stands for this machine");
  }
  const Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(const Resource compute, Load(transaction, scope, name));
    TRY(CheckUnused(transaction, scope, compute.name));
    TRY(ResourceStore()
            .Delete(transaction, ResourceKind::kCompute, scope.workspace, compute.name)
            .status());
    return transaction.RecordChange("compute", compute.name);
  };
  const Status status = co_await Write(*context.database, work);
  if (status.code() == Code::kNotFound) co_return Response::Empty(204);
  if (!status.ok()) co_return status;
  context.wake_engines();
  co_return Response::Empty(200);
}

// Only instances have something to start and stop; their state is kept, jobs do not run there.
Task<Result<Response>> SetState(const ApiContext& context, Request& request, const char* state) {
  const Scope scope = ScopeOf(request);
  const std::string name(request.Param("name"));
  const Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(Resource compute, Load(transaction, scope, name));
    if (compute.properties.GetString("computeType") != kInstance) {
      return FailedPrecondition("compute \"" + compute.name +
                                "\" is a share of this machine: it neither starts nor stops");
    }
    compute.properties["properties"]["state"] = state;
    bool is_new = false;
    return Store(transaction, context, compute, is_new);
  };
  const Status status = co_await Write(*context.database, work);
  if (!status.ok()) co_return status;
  co_return Response::Empty(202);
}

Task<Result<Response>> StartCompute(const ApiContext& context, Request& request) {
  return SetState(context, request, "Running");
}

Task<Result<Response>> StopCompute(const ApiContext& context, Request& request) {
  return SetState(context, request, "Stopped");
}

// The jobs that hold a place on the compute, as the nodes they stand for.
Task<Result<Response>> ListNodes(const ApiContext& context, Request& request) {
  const Scope scope = ScopeOf(request);
  const std::string name(request.Param("name"));
  std::vector<Job> jobs;
  std::string compute;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(const Resource found, Load(transaction, scope, name));
    compute = found.name;
    ASSIGN_OR_RETURN(jobs, JobStore().Placed(transaction, kPageMax));
    return {};
  };
  const Status status = co_await Read(*context.database, work);
  if (!status.ok()) co_return status;
  Json nodes = Json::MakeArray();
  for (const Job& job : jobs) {
    if (job.compute != compute || job.workspace != scope.workspace) continue;
    Json node = Json::MakeObject();
    node["nodeId"] = job.name;
    node["privateIpAddress"] = "127.0.0.1";
    node["nodeState"] = "running";
    node["runId"] = job.name;
    nodes.Push(std::move(node));
  }
  Json json = Json::MakeObject();
  json["nodes"] = std::move(nodes);
  json["nextLink"] = nullptr;
  co_return Response::OfJson(200, json);
}

// The one size there is: this machine.
Task<Result<Response>> ListSizes(const ApiContext& context, Request&) {
  MachineFacts facts;
  const std::function<void()> look = [&facts] { facts = LookAtMachine(); };
  co_await context.loop->Blocking(look);
  Json size = Json::MakeObject();
  size["name"] = kMachineSize;
  size["family"] = kMachineSize;
  size["vCPUs"] = facts.cores;
  size["gpus"] = static_cast<int64_t>(facts.gpus.size());
  size["memoryGB"] = static_cast<double>(facts.memory_bytes >> 20) / 1024.0;
  size["osVhdSizeMB"] = 0;
  size["maxResourceVolumeMB"] = 0;
  size["lowPriorityCapable"] = false;
  size["premiumIO"] = false;
  size["supportedComputeTypes"] = Json(Json::Array{Json(kCluster), Json(kInstance)});
  Json json = Json::MakeObject();
  json["value"] = Json(Json::Array{std::move(size)});
  co_return Response::OfJson(200, json);
}

}  // namespace

void AddComputeRoutes(Router& router, const ApiContext& context) {
  const std::string computes = kWorkspace + "/computes";
  router.Get(computes, Answering(context, ListComputes));
  router.Get(computes + "/{name}", Answering(context, GetCompute));
  router.Put(computes + "/{name}", Answering(context, PutCompute));
  router.Patch(computes + "/{name}", Answering(context, PatchCompute));
  router.Delete(computes + "/{name}", Answering(context, DeleteCompute));
  router.Post(computes + "/{name}/start", Answering(context, StartCompute));
  router.Post(computes + "/{name}/stop", Answering(context, StopCompute));
  router.Post(computes + "/{name}/restart", Answering(context, StartCompute));
  router.Post(computes + "/{name}/listNodes", Answering(context, ListNodes));
  router.Get(
      "/subscriptions/{sub}/providers/Microsoft.MachineLearningServices/locations/{location}/"
      "vmSizes",
      Answering(context, ListSizes));
}

}  // namespace lazurite::arm
