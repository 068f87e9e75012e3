#include "api/runhistory/runhistory_routes.h"

#include "api/http/database_await.h"
#include "api/http/error.h"
#include "api/runhistory/run_json.h"
#include "base/text.h"
#include "domain/attempt/attempt.h"
#include "domain/job/job_store.h"
#include "domain/run/run_store.h"
#include "domain/workspace/places.h"

namespace lazurite {
namespace runhistory {
namespace {

constexpr std::string_view kScope =
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/"
    "Microsoft.MachineLearningServices/workspaces/{workspace}";
// Log addresses are opened again at each look of a client, which then gets new ones.
constexpr std::chrono::hours kLogAddressLife{24};
constexpr size_t kOutputsAskedMax = 1000;
const JobStore kJobs;
const RunStore kRuns;

Result<Job> FindJob(Transaction& transaction, const Request& request, std::string_view name) {
  ASSIGN_OR_RETURN(Job job, kJobs.Get(transaction, name));
  if (EqualNoCase(job.workspace, request.Param("workspace"))) return job;
  return NotFound("job " + std::string(name) + " is not in workspace " +
                  std::string(request.Param("workspace")));
}

Result<std::string> ExperimentIdOf(Transaction& transaction, const Job& job) {
  const Result<RunInfo> run = kRuns.Get(transaction, job.name);
  if (run.ok()) return std::to_string(run->experiment);
  if (run.status().code() == Code::kNotFound) return std::string();
  return run.status();
}

Result<Json> RunMessage(Transaction& transaction, const Job& job) {
  ASSIGN_OR_RETURN(const std::string experiment, ExperimentIdOf(transaction, job));
  return RunOf(job, experiment);
}

// Answers with what `make` finds out in a read.
Task<Response> Answer(const ApiContext& context, std::function<Result<Json>(Transaction&)> make) {
  Json message;
  Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(message, make(transaction));
    return {};
  };
  const Status status = co_await Read(*context.database, std::move(work));
  if (!status.ok()) co_return AzureError(status);
  co_return Response::OfJson(200, message);
}

Task<Response> GetRun(const ApiContext& context, Request& request) {
  return Answer(context, [&request](Transaction& transaction) -> Result<Json> {
    ASSIGN_OR_RETURN(const Job job, FindJob(transaction, request, request.Param("run")));
    return RunMessage(transaction, job);
  });
}

// Names of the attempt's logs that clients stream.
std::vector<std::string> LogNames(const std::string& home, const Job& job) {
  std::vector<std::string> names;
  const std::string folder = AttemptChannel::FolderOf(home, job.name, job.attempt);
  for (const std::string part : {"user_logs", "system_logs"}) {
    const Result<std::vector<std::string>> found = ListDir(JoinPath(folder, part));
    if (!found.ok()) continue;
    for (const std::string& name : found.value()) names.push_back(part + "/" + name);
  }
  return names;
}

Json LogAddresses(const ApiContext& context, const Request& request, const std::string& job,
                  const std::vector<std::string>& names) {
  Json files = Json::MakeObject();
  const Time expires = context.clock->Now() + kLogAddressLife;
  for (const std::string& name : names) {
    const std::string path = "/lazurite/v1/jobs/" + job + "/logs/" + name;
    files[name] =
        request.BaseUrl() + PathEncode(path) + "?" + context.identity->SignPath(path, expires);
  }
  return files;
}

Task<Response> GetDetails(const ApiContext& context, Request& request) {
  Job job;
  Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(job, FindJob(transaction, request, request.Param("run")));
    return {};
  };
  const Status status = co_await Read(*context.database, std::move(work));
  if (!status.ok()) co_return AzureError(status);
  std::vector<std::string> names;
  if (job.attempt > 0) {
    std::function<void()> list = [&] { names = LogNames(context.home, job); };
    co_await context.loop->Briefly(std::move(list));
  }
  Json files = LogAddresses(context, request, job.name, names);
  co_return Response::OfJson(200, DetailsOf(job, std::move(files)));
}

// All children at once: the SDK follows no next page here.
Result<Json> Children(Transaction& transaction, const Request& request) {
  ASSIGN_OR_RETURN(const Job parent, FindJob(transaction, request, request.Param("run")));
  Json runs = Json::MakeArray();
  JobQuery query;
  query.workspace = parent.workspace;
  query.archived_too = true;
  query.parent = parent.name;
  query.limit = JobStore::kListLimitMax;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<Job> page, kJobs.List(transaction, query));
    for (const Job& job : page) {
      ASSIGN_OR_RETURN(Json run, RunMessage(transaction, job));
      runs.Push(std::move(run));
    }
    if (page.size() < static_cast<size_t>(query.limit)) break;
    query.before_sequence = page.back().sequence;
  }
  Json answer = Json::MakeObject();
  answer["value"] = std::move(runs);
  answer["nextLink"] = Json();
  return answer;
}

Task<Response> GetChildren(const ApiContext& context, Request& request) {
  return Answer(context,
                [&request](Transaction& transaction) { return Children(transaction, request); });
}

Task<Response> PostRunData(const ApiContext& context, Request& request) {
  const Result<Json> body = co_await request.ReadJson();
  if (!body.ok()) co_return AzureError(body.status());
  const std::string name = body->GetString("runId");
  std::function<Result<Json>(Transaction&)> make = [&](Transaction& transaction) -> Result<Json> {
    ASSIGN_OR_RETURN(const Job job, FindJob(transaction, request, name));
    Json answer = Json::MakeObject();
    ASSIGN_OR_RETURN(answer["runMetadata"], RunMessage(transaction, job));
    for (const std::string_view key : {"runDefinition", "jobSpecification", "systemSettings"}) {
      answer[key] = Json();
    }
    return answer;
  };
  co_return co_await Answer(context, std::move(make));
}

// The job's own run goes by the job's name and tags.
Status TellRun(Transaction& transaction, const Job& job) {
  const Result<RunInfo> run = kRuns.Get(transaction, job.name);
  if (!run.ok()) return run.status().code() == Code::kNotFound ? Status() : run.status();
  std::vector<KeyValue> tags;
  if (!job.display_name.empty()) tags.push_back({std::string(kRunNameTag), job.display_name});
  const Json* given = job.properties.Find("tags");
  if (given != nullptr && given->is_object()) {
    for (const auto& [key, value] : given->object()) {
      if (value.is_string()) tags.push_back({key, value.string()});
    }
  }
  TRY(kRuns.SetTags(transaction, job.name, tags));
  return transaction.RecordChange("run", job.name);
}

Task<Response> PatchRun(const ApiContext& context, Request& request) {
  const Result<Json> body = co_await request.ReadJson();
  if (!body.ok()) co_return AzureError(body.status());
  const Time now = context.clock->Now();
  Json answer;
  Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(Job job, FindJob(transaction, request, request.Param("run")));
    TRY(Patch(job, body.value()));
    job.modified = now;
    TRY(kJobs.Save(transaction, job));
    TRY(TellRun(transaction, job));
    ASSIGN_OR_RETURN(answer, RunMessage(transaction, job));
    return {};
  };
  const Status status = co_await Write(*context.database, std::move(work));
  if (!status.ok()) co_return AzureError(status);
  co_return Response::OfJson(200, answer);
}

// Where the platform put the output of an attempt, or "".
std::string PlaceOfOutput(const Job& job, std::string_view output) {
  const Json* told = job.detail.Find("outputs");
  if (told == nullptr || !told->is_array()) return "";
  for (const Json& entry : told->array()) {
    if (entry.GetString("name") == output) return entry.GetString("uri");
  }
  return "";
}

// Where a job's output lies: where the attempt put it, where the job said, or at the place of its
// own.
std::string UriOfOutput(const Scope& scope, const Job& job, const OutputName& name,
                        const Json& output) {
  std::string uri = PlaceOfOutput(job, name.output);
  if (uri.empty()) uri = output.GetString("uri");
  if (!uri.empty()) return uri;
  return DatastoreUri(scope, kBlobDatastore, OutputPath(name.job, name.output)) + "/";
}

Result<Json> ResolveOutput(Transaction& transaction, const Request& request,
                           const std::string& id) {
  const auto name = ParseOutputAssetId(id);
  if (!name) {
    return InvalidArgument("\"" + id + "\" is no output, expected azureml://runs/JOB/outputs/NAME");
  }
  ASSIGN_OR_RETURN(const Job job, FindJob(transaction, request, name->job));
  const Json* outputs = job.properties.Find("outputs");
  const Json* output = outputs == nullptr ? nullptr : outputs->Find(name->output);
  if (output == nullptr) {
    return NotFound("job " + name->job + " has no output \"" + name->output + "\"");
  }
  const Scope scope{std::string(request.Param("subscription")), std::string(request.Param("group")),
                    std::string(request.Param("workspace"))};
  Json resolved = Json::MakeObject();
  resolved["uri"] = UriOfOutput(scope, job, *name, *output);
  resolved["type"] = OutputType(*output);
  return resolved;
}

Task<Response> ResolveOutputs(const ApiContext& context, Request& request) {
  const Result<Json> body = co_await request.ReadJson();
  if (!body.ok()) co_return AzureError(body.status());
  const Json* ids = body->Find("values");
  if (ids == nullptr || !ids->is_array() || ids->array().size() > kOutputsAskedMax) {
    co_return AzureError(InvalidArgument("values must be a list of at most " +
                                         std::to_string(kOutputsAskedMax) + " asset ids"));
  }
  std::function<Result<Json>(Transaction&)> make = [&](Transaction& transaction) -> Result<Json> {
    Json values = Json::MakeObject();
    for (const Json& id : ids->array()) {
      if (!id.is_string()) return InvalidArgument("values must be a list of asset ids");
      ASSIGN_OR_RETURN(values[id.string()], ResolveOutput(transaction, request, id.string()));
    }
    Json answer = Json::MakeObject();
    answer["values"] = std::move(values);
    return answer;
  };
  co_return co_await Answer(context, std::move(make));
}

}  // namespace
}  // namespace runhistory

void AddRunHistoryRoutes(Router& router, const ApiContext& context) {
  using namespace runhistory;
  const auto with = [&context](Task<Response> (*handler)(const ApiContext&, Request&)) {
    return [&context, handler](Request& request) { return handler(context, request); };
  };
  const std::string base = "/history/v1.0" + std::string(kScope);
  router.Get(base + "/runs/{run}/details", with(GetDetails));
  router.Get(base + "/runs/{run}/children", with(GetChildren));
  router.Post(base + "/rundata", with(PostRunData));
  for (const std::string& run :
       {base + "/runs/{run}", base + "/experiments/{experiment}/runs/{run}"}) {
    router.Get(run, with(GetRun));
    router.Patch(run, with(PatchRun));
  }
  router.Post("/data/v1.0" + std::string(kScope) + "/dataversion/batchGetResolvedUris",
              with(ResolveOutputs));
}

}  // namespace lazurite
