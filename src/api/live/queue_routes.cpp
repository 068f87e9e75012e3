#include <algorithm>
#include <map>

#include "api/http/database_await.h"
#include "api/http/error.h"
#include "api/live/routes.h"
#include "domain/job/place.h"
#include "domain/workspace/resource_store.h"

namespace lazurite::live {
namespace {

// So many waiting jobs are listed; the answer says how many there are in all.
constexpr int kListedMax = 1000;

Json Texts(const std::vector<std::string>& texts) {
  Json array = Json::MakeArray();
  for (const std::string& text : texts) array.Push(text);
  return array;
}

Json EntryJson(const Job& job, const std::string& reason) {
  Json entry(Json::Object{{"name", job.name},
                          {"display_name", job.display_name},
                          {"experiment", job.experiment},
                          {"state", ToText(job.state)},
                          {"compute", job.compute},
                          {"priority", job.priority},
                          {"created", TimeJson(job.created)},
                          {"started", TimeJson(job.started)},
                          {"created_by", job.created_by},
                          {"reason", reason}});
  const Json* placement = job.detail.Find("placement");
  entry["slots"] = placement != nullptr ? placement->GetInt("slots") : 0;
  const Json* gpus = placement != nullptr ? placement->Find("gpus") : nullptr;
  entry["gpus"] = gpus != nullptr ? *gpus : Json::MakeArray();
  return entry;
}

Task<Response> ListQueue(const ApiContext& context, const LiveContext& live, Request&) {
  std::vector<Job> jobs;
  Database::Work work = [&jobs](Transaction& transaction) {
    const JobStore store;
    ASSIGN_OR_RETURN(jobs, store.Placed(transaction, kListedMax));
    ASSIGN_OR_RETURN(std::vector<Job> waiting,
                     store.Active(transaction, JobState::kQueued, kListedMax));
    std::move(waiting.begin(), waiting.end(), std::back_inserter(jobs));
    return Status();
  };
  const Status read = co_await Read(*context.database, std::move(work));
  if (!read.ok()) co_return AzureError(read);
  std::map<std::string, std::string> why;
  for (scheduler::Scheduler::Waiter& waiter : live.waiters()) {
    why[waiter.ask.job] = std::move(waiter.why);
  }
  Json answer(Json::Object{{"running", Json::MakeArray()}, {"waiting", Json::MakeArray()}});
  for (const Job& job : jobs) {
    const bool has_place = HasPlace(job);
    std::string reason = has_place ? context.explain_job(job.name) : why[job.name];
    if (has_place && reason.empty()) reason = job.reason;
    answer[has_place ? "running" : "waiting"].Push(EntryJson(job, reason));
  }
  co_return Response::OfJson(200, answer);
}

// A GPU with everybody who holds it.
Json GpuJson(const scheduler::Cluster& cluster, const scheduler::Device& device) {
  Json jobs = Json::MakeArray();
  for (const scheduler::Held& held : cluster.running) {
    if (std::ranges::find(held.gpus, device.name) != held.gpus.end()) jobs.Push(held.ask.job);
  }
  return Json(Json::Object{{"name", device.name},
                           {"id", device.id},
                           {"vendor", device.vendor},
                           {"model", device.model},
                           {"memory_bytes", device.memory_bytes},
                           {"jobs", std::move(jobs)},
                           {"held_by", device.holder}});
}

Json MachineJson(const scheduler::Cluster& cluster) {
  const scheduler::Machine& machine = cluster.machine;
  int slots_free = machine.slots - machine.slots_elsewhere;
  std::vector<std::string> names;
  std::vector<std::string> free;
  Json details = Json::MakeArray();
  for (const scheduler::Held& held : cluster.running) slots_free -= held.slots;
  for (const scheduler::Device& device : machine.gpus) {
    Json gpu = GpuJson(cluster, device);
    const int taken = static_cast<int>(gpu.Find("jobs")->array().size()) + device.seats_elsewhere;
    names.push_back(device.name);
    if (device.holder.empty() && taken < machine.seats_per_gpu) free.push_back(device.name);
    details.Push(std::move(gpu));
  }
  return Json(
      Json::Object{{"slots", machine.slots},
                   {"slots_free", std::max(0, slots_free)},
                   {"slots_elsewhere", machine.slots_elsewhere},
                   {"elsewhere", machine.elsewhere},
                   {"memory_bytes", machine.memory_bytes},
                   {"memory_bytes_per_slot", machine.memory_bytes / std::max(1, machine.slots)},
                   {"gpus", Texts(names)},
                   {"gpus_free", Texts(free)},
                   {"jobs_per_gpu", machine.seats_per_gpu},
                   {"gpu_details", std::move(details)}});
}

Json HolderJson(const scheduler::Held& held) {
  return Json(Json::Object{{"job", held.ask.job},
                           {"user", held.ask.user},
                           {"slots", held.slots},
                           {"memory_bytes", held.memory_bytes},
                           {"gpus", Texts(held.gpus)},
                           {"since", TimeJson(held.started)},
                           {"gives_way", held.ask.is_spot},
                           {"is_ending", held.is_ending}});
}

Json InstanceJson(const Share& share) {
  return Json(Json::Object{{"cpus", share.cpus.value_or(1)},
                           {"memory_bytes", share.memory_bytes.value_or(0)},
                           {"gpus", share.gpus.value_or(0)}});
}

Json ComputeJson(const LiveContext& live, const std::string& workspace, const std::string& name) {
  const std::string key = scheduler::ComputeKey(workspace, name);
  const scheduler::Cluster cluster = live.cluster();
  Json holders = Json::MakeArray();
  int instances = 0;
  for (const scheduler::Held& held : cluster.running) {
    if (held.ask.compute != key) continue;
    instances += held.ask.instances;
    holders.Push(HolderJson(held));
  }
  Json waiting = Json::MakeArray();
  for (const scheduler::Scheduler::Waiter& waiter : live.waiters()) {
    if (waiter.ask.compute != key) continue;
    waiting.Push(Json(Json::Object{{"job", waiter.ask.job},
                                   {"user", waiter.ask.user},
                                   {"priority", waiter.ask.priority},
                                   {"gives_way", waiter.ask.is_spot},
                                   {"why", waiter.why}}));
  }
  const auto found = cluster.computes.find(key);
  const ComputeShape shape = found != cluster.computes.end() ? found->second : ComputeShape();
  return Json(Json::Object{{"name", name},
                           {"instances_max", shape.instances_max.value_or(cluster.machine.slots)},
                           {"instances_held", instances},
                           {"instance", InstanceJson(shape.instance)},
                           {"machine", MachineJson(cluster)},
                           {"holders", std::move(holders)},
                           {"waiting", std::move(waiting)}});
}

Task<Response> ShowCompute(const ApiContext& context, const LiveContext& live, Request& request) {
  std::string name(request.Param("compute"));
  const std::string asked(request.Query("workspace"));
  const std::string workspace = asked.empty() ? std::string(kDefaultWorkspace) : asked;
  bool is_known = false;
  Database::Work work = [&](Transaction& transaction) {
    ASSIGN_OR_RETURN(const auto found,
                     ResourceStore().Find(transaction, ResourceKind::kCompute, workspace, name));
    is_known = found.has_value();
    if (found) name = found->name;
    return Status();
  };
  const Status read = co_await Read(*context.database, std::move(work));
  if (!read.ok()) co_return AzureError(read);
  if (!is_known && name != "local") {
    co_return AzureError(NotFound("there is no compute \"" + name + "\""));
  }
  co_return Response::OfJson(200, ComputeJson(live, workspace, name));
}

}  // namespace

void AddQueueRoutes(Router& router, const ApiContext& context, const LiveContext& live) {
  router.Get("/lazurite/v1/queue",
             [&context, &live](Request& request) { return ListQueue(context, live, request); });
  router.Get("/lazurite/v1/computes/{compute}",
             [&context, &live](Request& request) { return ShowCompute(context, live, request); });
}

}  // namespace lazurite::live

namespace lazurite {

void AddLiveRoutes(Router& router, const ApiContext& context, const LiveContext& live) {
  live::AddJobRoutes(router, context);
  live::AddQueueRoutes(router, context, live);
  live::AddEventRoutes(router, context, live);
  live::AddLogRoutes(router, context, live);
  live::AddFileRoutes(router, context);
  live::AddManifestRoutes(router, context, live);
  live::AddSchemaRoutes(router, context);
  live::AddSecretRoutes(router, context);
  live::AddTokenRoutes(router, context);
}

}  // namespace lazurite
