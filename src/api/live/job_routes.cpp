#include "api/http/database_await.h"
#include "api/http/error.h"
#include "api/live/routes.h"
#include "domain/attempt/attempt.h"
#include "domain/run/run_store.h"

namespace lazurite::live {
namespace {

constexpr int kPrefixMatchesMax = 20;

// Everything that is known of one job, read in one transaction.
struct JobView {
  Job job;
  std::vector<JobTransition> transitions;
  std::vector<Metric> metrics;
  std::vector<KeyValue> params;
};

Status ReadJobView(Transaction& transaction, const std::string& name, JobView& view) {
  const JobStore jobs;
  ASSIGN_OR_RETURN(view.job, jobs.Get(transaction, name));
  ASSIGN_OR_RETURN(view.transitions, jobs.Transitions(transaction, name));
  Result<Run> run = RunStore().Load(transaction, name);
  if (!run.ok()) return run.status().code() == Code::kNotFound ? Status() : run.status();
  view.metrics = std::move(run->metrics);
  view.params = std::move(run->params);
  return {};
}

Json OrEmpty(const Json* value, Json empty) { return value != nullptr ? *value : std::move(empty); }

Json ToJson(const JobView& view, const std::string& reason, const std::string& home) {
  const Job& job = view.job;
  Json json(Json::Object{{"name", job.name},
                         {"display_name", job.display_name},
                         {"experiment", job.experiment},
                         {"compute", job.compute},
                         {"state", ToText(job.state)},
                         {"reason", reason},
                         {"attempt", job.attempt},
                         {"exit_code", job.exit_code ? Json(*job.exit_code) : Json()},
                         {"cause", job.cause},
                         {"error", job.error},
                         {"created", TimeJson(job.created)},
                         {"started", TimeJson(job.started)},
                         {"ended", TimeJson(job.ended)},
                         {"created_by", job.created_by}});
  json["notes"] = OrEmpty(job.detail.Find("notes"), Json::MakeArray());
  json["environment"] = OrEmpty(job.detail.Find("environment"), {});
  json["placement"] = OrEmpty(job.detail.Find("placement"), {});
  json["limits"] = OrEmpty(job.detail.Find("limits"), {});
  json["result"] = OrEmpty(job.detail.Find("result"), {});
  json["inputs"] = OrEmpty(job.detail.Find("inputs"), Json::MakeArray());
  json["outputs"] = OrEmpty(job.detail.Find("outputs"), Json::MakeArray());
  json["metrics"] = Json::MakeObject();
  for (const Metric& metric : view.metrics) json["metrics"][metric.key] = metric.value;
  json["params"] = Json::MakeObject();
  for (const KeyValue& param : view.params) json["params"][param.key] = param.value;
  json["folder"] =
      job.attempt > 0 ? Json(AttemptChannel::FolderOf(home, job.name, job.attempt)) : Json();
  json["transitions"] = Json::MakeArray();
  for (const JobTransition& step : view.transitions) {
    json["transitions"].Push(TransitionJson(step));
  }
  return json;
}

Task<Response> ShowJob(const ApiContext& context, Request& request) {
  const std::string name(request.Param("job"));
  JobView view;
  Database::Work work = [&view, name](Transaction& transaction) {
    view = JobView();
    return ReadJobView(transaction, name, view);
  };
  const Status read = co_await Read(*context.database, std::move(work));
  if (!read.ok()) co_return AzureError(read);
  std::string reason = context.explain_job(name);
  if (reason.empty()) reason = view.job.reason;
  co_return Response::OfJson(200, ToJson(view, reason, context.home));
}

Task<Response> FindNames(const ApiContext& context, Request& request) {
  const std::string prefix(request.Query("prefix"));
  std::vector<std::string> names;
  Database::Work work = [&names, prefix](Transaction& transaction) {
    ASSIGN_OR_RETURN(names, JobStore().WithPrefix(transaction, prefix, kPrefixMatchesMax));
    return Status();
  };
  const Status read = co_await Read(*context.database, std::move(work));
  if (!read.ok()) co_return AzureError(read);
  Json list = Json::MakeArray();
  for (std::string& name : names) list.Push(std::move(name));
  co_return Response::OfJson(200, Json(Json::Object{{"names", std::move(list)}}));
}

// Where one can look for what the job made.
Task<Response> ListOutputs(const ApiContext& context, Request& request) {
  const std::string name(request.Param("job"));
  const Result<Job> job = co_await FindJob(context, name);
  if (!job.ok()) co_return AzureError(job.status());
  Json list = OrEmpty(job->detail.Find("outputs"), Json::MakeArray());
  list.Push(Json(Json::Object{{"name", "artifacts"},
                              {"uri", "azureml://jobs/" + name + "/outputs/artifacts/paths/"},
                              {"type", "uri_folder"}}));
  co_return Response::OfJson(200, Json(Json::Object{{"outputs", std::move(list)}}));
}

}  // namespace

Task<Result<Job>> FindJob(const ApiContext& context, std::string name) {
  std::optional<Job> found;
  Database::Work work = [&found, name](Transaction& transaction) {
    ASSIGN_OR_RETURN(found, JobStore().Get(transaction, name));
    return Status();
  };
  const Status read = co_await Read(*context.database, std::move(work));
  if (!read.ok()) co_return read;
  co_return std::move(*found);
}

Json TimeJson(const std::optional<Time>& time) { return time ? Json(FormatTime(*time)) : Json(); }

Json TransitionJson(const JobTransition& transition) {
  return Json(Json::Object{{"number", transition.number},
                           {"time", FormatTime(transition.time)},
                           {"from", ToText(transition.from)},
                           {"to", ToText(transition.to)},
                           {"event", transition.event},
                           {"cause", transition.cause}});
}

void AddJobRoutes(Router& router, const ApiContext& context) {
  router.Get("/lazurite/v1/jobs",
             [&context](Request& request) { return FindNames(context, request); });
  router.Get("/lazurite/v1/jobs/{job}",
             [&context](Request& request) { return ShowJob(context, request); });
  router.Get("/lazurite/v1/jobs/{job}/outputs",
             [&context](Request& request) { return ListOutputs(context, request); });
}

}  // namespace lazurite::live
