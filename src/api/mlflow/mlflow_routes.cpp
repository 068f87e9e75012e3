#include "api/mlflow/mlflow_routes.h"

#include "api/http/database_await.h"
#include "api/mlflow/artifact_routes.h"
#include "api/mlflow/mlflow_error.h"
#include "api/mlflow/operations.h"
#include "api/mlflow/wire.h"
#include "base/text.h"
#include "domain/attempt/spool.h"
#include "domain/job/job_store.h"
#include "domain/workspace/resource_store.h"

namespace lazurite {
namespace mlflow {

Status Call::OnlyForPeople(std::string_view what) const {
  if (!writer.is_job()) return {};
  return Status(Code::kPermissionDenied,
                "the token of job " + writer.job + " does not allow to " + std::string(what));
}

Result<std::string> WorkspaceOf(Transaction& transaction, const Request& request) {
  const std::string_view named = request.Param("ws");
  if (!named.empty()) return FindWorkspace(transaction, named);
  if (request.caller.kind != Caller::Kind::kJob) return std::string(kDefaultWorkspace);
  ASSIGN_OR_RETURN(const std::optional<Job> job, JobStore().Find(transaction, request.caller.name));
  return job ? job->workspace : std::string(kDefaultWorkspace);
}

std::vector<std::string> ApiPrefixes() {
  std::vector<std::string> prefixes;
  const std::string workspace =
      "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.MachineLearningServices"
      "/workspaces/{ws}";
  for (const std::string& root :
       {std::string(), "/mlflow/v1.0" + workspace, "/mlflow/v2.0" + workspace}) {
    prefixes.push_back(root + "/api/2.0");
    prefixes.push_back(root + "/ajax-api/2.0");
  }
  return prefixes;
}

namespace {

// The release of MLflow whose API this is; clients ask for it.
constexpr std::string_view kMlflowVersion = "3.17.2";

bool IsJsonType(std::string_view content_type) {
  return EqualNoCase(Trim(content_type.substr(0, content_type.find(';'))), "application/json");
}

Status CheckContentType(const Request& request) {
  if (request.method != "POST") return {};
  const std::string_view type = request.headers.Get("content-type");
  if (type.empty()) return InvalidArgument("Bad Request. Content-Type header is missing.");
  if (IsJsonType(type)) return {};
  return InvalidArgument("Bad Request. Content-Type must be application/json.");
}

// What the call says: the query of a GET, else the body; with the parameters of the path.
Task<Result<Json>> ReadInput(Request& request) {
  CO_TRY(CheckContentType(request));
  Json input = QueryAsJson(request.target);
  if (request.method != "GET" || input.object().empty()) {
    CO_ASSIGN_OR_RETURN(Json body, co_await request.ReadJson());
    if (body.is_string()) {
      CO_ASSIGN_OR_RETURN(body, Json::Parse(body.string()));
    }
    if (!body.is_object()) {
      co_return InvalidArgument("Bad Request. The body must be a JSON object.");
    }
    input = std::move(body);
  }
  for (const auto& [name, value] : request.params) input[name] = value;
  co_return input;
}

tracking::Writer WriterOf(const Caller& caller) {
  return {caller.kind == Caller::Kind::kJob ? caller.name : std::string()};
}

// Whose what the call makes is: what a job makes belongs to whoever made the job.
Result<std::string> UserOf(Transaction& transaction, const Caller& caller) {
  if (caller.kind != Caller::Kind::kJob) return caller.name;
  ASSIGN_OR_RETURN(const std::optional<Job> job, JobStore().Find(transaction, caller.name));
  return job && !job->created_by.empty() ? job->created_by : caller.name;
}

Task<Response> Serve(const ApiContext& context, const Route& route, Request& request) {
  const Result<Json> input = co_await ReadInput(request);
  if (!input.ok()) co_return ErrorAnswer(input.status(), request.request_id);
  const std::string replay_id(request.headers.Get(kReplayHeader));
  const Time now = context.clock->Now();
  Json answer = Json::MakeObject();
  Database::Work work = [&](Transaction& transaction) -> Status {
    answer = Json::MakeObject();
    if (route.is_write && !replay_id.empty()) {
      ASSIGN_OR_RETURN(const bool is_new, tracking::TakeReplayId(transaction, replay_id, now));
      if (!is_new) return {};
    }
    const Fields fields(input.value());
    Call call{transaction,        fields, *context.ids, now, WriterOf(request.caller),
              request.caller.name};
    if (route.in_workspace || !call.writer.is_job()) {
      ASSIGN_OR_RETURN(call.workspace, WorkspaceOf(transaction, request));
      call.models = ModelStore(call.workspace);
      ASSIGN_OR_RETURN(call.user, UserOf(transaction, request.caller));
      TRY(call.CheckScope());
    }
    ASSIGN_OR_RETURN(answer, route.run(call));
    return {};
  };
  Status status;
  if (route.is_write) {
    status = co_await Write(*context.database, std::move(work));
  } else {
    status = co_await Read(*context.database, std::move(work));
  }
  if (!status.ok()) co_return ErrorAnswer(status, request.request_id);
  co_return Response::OfJson(200, answer);
}

Task<Response> ServerInfo(Request&) {
  Json info = Json::MakeObject();
  info["store_type"] = "SqlStore";
  info["workspaces_enabled"] = false;
  info["trace_archival_enabled"] = false;
  info["multipart_uploads_enabled"] = false;
  info["multipart_downloads_enabled"] = false;
  info["presigned_upload_run_id_supported"] = false;
  info["presigned_upload_model_id_supported"] = false;
  info["features_enabled"] = Wrap("gateway", false);
  co_return Response::OfJson(200, info);
}

Task<Response> Health(Request&) { co_return Response::Text(200, "OK"); }
Task<Response> Version(Request&) { co_return Response::Text(200, std::string(kMlflowVersion)); }

void AddOperations(Router& router, const ApiContext& context, std::span<const Route> routes) {
  for (const Route& route : routes) {
    for (const std::string& prefix : ApiPrefixes()) {
      router.Add(route.method, prefix + "/mlflow" + std::string(route.path),
                 [&context, &route](Request& request) { return Serve(context, route, request); });
    }
  }
}

}  // namespace
}  // namespace mlflow

void AddMlflowRoutes(Router& router, const ApiContext& context) {
  using namespace mlflow;
  for (const auto& operations :
       {ExperimentOperations(), RunOperations(), LogOperations(), HistoryOperations(),
        LoggedModelOperations(), RegisteredModelOperations(), ModelVersionOperations()}) {
    AddOperations(router, context, operations);
  }
  AddArtifactRoutes(router, context);
  router.Get("/api/3.0/mlflow/server-info", ServerInfo);
  router.Get("/ajax-api/3.0/mlflow/server-info", ServerInfo);
  router.Get("/health", Health);
  router.Get("/version", Version);
}

}  // namespace lazurite
