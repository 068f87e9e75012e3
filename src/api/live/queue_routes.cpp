#include <map>

#include "api/http/database_await.h"
#include "api/http/error.h"
#include "api/live/routes.h"
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

Task<Response> ListQueue(const ApiContext& context, Request&) {
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
  Json answer(Json::Object{{"running", Json::MakeArray()}, {"waiting", Json::MakeArray()}});
  for (const Job& job : jobs) {
    const bool is_placed = job.attempt > 0;
    answer[is_placed ? "running" : "waiting"].Push(
        EntryJson(job, is_placed ? job.reason : context.explain_job(job.name)));
  }
  co_return Response::OfJson(200, answer);
}

Json MachineJson(const scheduler::Cluster& cluster) {
  int slots_free = cluster.machine.slots;
  std::vector<std::string> gpus_free = cluster.machine.gpus;
  for (const scheduler::Held& held : cluster.running) {
    slots_free -= held.slots;
    for (const std::string& gpu : held.gpus) std::erase(gpus_free, gpu);
  }
  return Json(Json::Object{
      {"slots", cluster.machine.slots},
      {"slots_free", std::max(0, slots_free)},
      {"memory_bytes", cluster.machine.memory_bytes},
      {"memory_bytes_per_slot", cluster.machine.memory_bytes / std::max(1, cluster.machine.slots)},
      {"gpus", Texts(cluster.machine.gpus)},
      {"gpus_free", Texts(gpus_free)}});
}

Task<Response> ShowCompute(const ApiContext& context, const LiveContext& live, Request& request) {
  const std::string name(request.Param("compute"));
  bool is_known = false;
  std::map<std::string, Job> placed;
  Database::Work work = [&, name](Transaction& transaction) {
    placed.clear();
    ASSIGN_OR_RETURN(const auto found, ResourceStore().Find(transaction, ResourceKind::kCompute,
                                                            kDefaultWorkspace, name));
    is_known = found.has_value();
    ASSIGN_OR_RETURN(std::vector<Job> jobs, JobStore().Placed(transaction, kListedMax));
    for (Job& job : jobs) placed.emplace(job.name, std::move(job));
    return Status();
  };
  const Status read = co_await Read(*context.database, std::move(work));
  if (!read.ok()) co_return AzureError(read);
  if (!is_known && name != "local") {
    co_return AzureError(NotFound("there is no compute \"" + name + "\""));
  }
  const scheduler::Cluster cluster = live.cluster();
  Json holders = Json::MakeArray();
  int held_by_it = 0;
  for (const scheduler::Held& held : cluster.running) {
    if (held.ask.compute != name) continue;
    held_by_it += held.slots;
    const auto job = placed.find(held.ask.job);
    holders.Push(Json(
        Json::Object{{"job", held.ask.job},
                     {"slots", held.slots},
                     {"gpus", Texts(held.gpus)},
                     {"since", job != placed.end() ? TimeJson(job->second.started) : Json()}}));
  }
  const auto share = cluster.shares.find(name);
  const int most = share != cluster.shares.end() ? share->second : cluster.machine.slots;
  co_return Response::OfJson(200, Json(Json::Object{{"name", name},
                                                    {"instances_max", most},
                                                    {"instances_held", held_by_it},
                                                    {"machine", MachineJson(cluster)},
                                                    {"holders", std::move(holders)}}));
}

}  // namespace

void AddQueueRoutes(Router& router, const ApiContext& context, const LiveContext& live) {
  router.Get("/lazurite/v1/queue",
             [&context](Request& request) { return ListQueue(context, request); });
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
  live::AddSecretRoutes(router, context);
  live::AddTokenRoutes(router, context);
}

}  // namespace lazurite
