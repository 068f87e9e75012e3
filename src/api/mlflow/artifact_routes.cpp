#include "api/mlflow/artifact_routes.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "api/http/database_await.h"
#include "api/mlflow/fields.h"
#include "api/mlflow/mlflow_error.h"
#include "api/mlflow/operations.h"
#include "api/mlflow/wire.h"
#include "base/text.h"
#include "domain/run/artifact_place.h"
#include "domain/run/logged_model_store.h"
#include "domain/run/run_store.h"
#include "engine/tracking/tracking.h"

namespace lazurite::mlflow {
namespace {

// Names of one folder that a listing shows.
constexpr size_t kListedMax = 100000;

struct Listed {
  std::string name;
  bool is_dir = false;
  int64_t bytes = 0;
};

// Percent signs are part of names: the path was decoded once, and that is all.
Status CheckProxyPath(std::string_view path) {
  if (SafeRelative(path).ok() && path.find('#') == std::string_view::npos) return {};
  return InvalidArgument("Invalid path");
}

std::string_view ProxyPath(const Request& request) {
  std::string_view path = request.Param("path");
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

// A file or folder. Jobs write into datastores by themselves, links to other places as well.
Result<Fd> OpenArtifact(const ApiContext& context, std::string_view proxy_path) {
  if (!proxy_path.empty()) TRY(CheckProxyPath(proxy_path));
  const ArtifactPlace place = PlaceOfProxyPath(proxy_path);
  return OpenBeneath(context.blobs->root(), JoinPath(place.datastore, place.path));
}

bool IsDir(const Fd& opened) {
  struct stat info {};
  return fstat(opened.get(), &info) == 0 && S_ISDIR(info.st_mode);
}

// Whoever was let in may write below the artifact datastore, a job only to its own runs and their
// models.
Status CheckMayStore(Transaction& transaction, std::string_view path, const Caller& caller) {
  if (caller.kind != Caller::Kind::kJob) return {};
  const tracking::Writer writer{caller.name};
  if (const std::string_view run = RunOfProxyPath(path); !run.empty()) {
    return tracking::GetWritable(transaction, run, writer).status();
  }
  if (const std::string_view model = ModelOfProxyPath(path); !model.empty()) {
    return tracking::CheckMayWriteModel(transaction, model, writer);
  }
  return Status(Code::kPermissionDenied,
                "job " + caller.name + " may write artifacts only of its own runs and models");
}

Task<Status> CheckMayChange(const ApiContext& context, const Request& request,
                            std::string_view path) {
  CO_TRY(CheckProxyPath(path));
  if (path.starts_with(kDatastoresPart)) {
    co_return Status(Code::kPermissionDenied,
                     "datastores are read-only here: upload data as an asset instead");
  }
  Database::Work work = [&](Transaction& transaction) {
    return CheckMayStore(transaction, path, request.caller);
  };
  co_return co_await Read(*context.database, std::move(work));
}

// The body into the file; it appears under its name when all of it is there.
Task<Status> Store(const ApiContext& context, Request& request, const ArtifactPlace& place) {
  Result<std::unique_ptr<BlobWriter>> writer = Status(Code::kInternal, "not opened");
  std::function<void()> create = [&] {
    writer = context.blobs->Create(place.datastore, place.path);
  };
  co_await context.loop->Blocking(std::move(create));
  if (!writer.ok()) co_return writer.status();
  Status done;
  std::string piece;
  while (request.body != nullptr) {
    CO_ASSIGN_OR_RETURN(piece, co_await request.body->ReadSome());
    if (piece.empty()) break;
    std::function<void()> append = [&] { done = writer.value()->Append(piece); };
    co_await context.loop->Blocking(std::move(append));
    CO_TRY(done);
  }
  std::function<void()> commit = [&] { done = writer.value()->Commit().status(); };
  co_await context.loop->Blocking(std::move(commit));
  co_return done;
}

Task<Response> Put(const ApiContext& context, Request& request) {
  const std::string path(ProxyPath(request));
  Status status = co_await CheckMayChange(context, request, path);
  const ArtifactPlace place = PlaceOfProxyPath(path);
  if (status.ok()) status = co_await Store(context, request, place);
  if (!status.ok()) co_return ErrorAnswer(status, request.request_id);
  co_return Response::OfJson(200, Json::MakeObject());
}

Task<Response> Delete(const ApiContext& context, Request& request) {
  const std::string path(ProxyPath(request));
  Status status = co_await CheckMayChange(context, request, path);
  if (status.ok()) {
    const ArtifactPlace place = PlaceOfProxyPath(path);
    std::function<void()> remove = [&] {
      status = context.blobs->Remove(place.datastore, place.path);
    };
    co_await context.loop->Blocking(std::move(remove));
  }
  if (!status.ok()) co_return ErrorAnswer(status, request.request_id);
  co_return Response::OfJson(200, Json::MakeObject());
}

std::string_view TypeOf(std::string_view path) {
  struct Row {
    std::string_view ending;
    std::string_view type;
  };
  static constexpr Row kRows[] = {
      {".txt", "text/plain"},    {".log", "text/plain"},        {".md", "text/plain"},
      {".yaml", "text/plain"},   {".yml", "text/plain"},        {"MLmodel", "text/plain"},
      {".py", "text/plain"},     {".json", "application/json"}, {".csv", "text/csv"},
      {".html", "text/html"},    {".png", "image/png"},         {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},   {".gif", "image/gif"},         {".webp", "image/webp"},
      {".svg", "image/svg+xml"}, {".pdf", "application/pdf"},   {".zip", "application/zip"}};
  for (const Row& row : kRows) {
    if (path.ends_with(row.ending)) return row.type;
  }
  return "application/octet-stream";
}

Task<Response> SendFile(const ApiContext& context, const Request& request,
                        const std::string& proxy_path, const std::string& name) {
  Result<Fd> file = Status(Code::kInternal, "not opened");
  Response response;
  bool is_file = false;
  std::function<void()> open = [&] {
    file = OpenArtifact(context, proxy_path);
    is_file = file.ok() && !IsDir(*file);
    if (is_file) response = ServeFile(request, std::move(*file), TypeOf(proxy_path));
  };
  co_await context.loop->Blocking(std::move(open));
  if (!file.ok() && file.status().code() != Code::kNotFound) {
    co_return ErrorAnswer(file.status(), request.request_id);
  }
  if (!is_file || response.status == 404) {
    co_return ErrorAnswer(NotFound("No such artifact: '" + name + "'"), request.request_id);
  }
  response.headers.Set("Content-Disposition",
                       "attachment; filename*=UTF-8''" + UrlEncode(BaseName(proxy_path)));
  response.headers.Set("X-Content-Type-Options", "nosniff");
  co_return response;
}

Task<Response> Get(const ApiContext& context, Request& request) {
  const std::string path(ProxyPath(request));
  co_return co_await SendFile(context, request, path, path);
}

// Links and other things that are neither files nor folders are left out.
Result<std::vector<Listed>> ListFolder(const Fd& folder) {
  std::vector<Listed> listed;
  if (!IsDir(folder)) return listed;
  ASSIGN_OR_RETURN(const std::vector<std::string> names,
                   ListDir("/proc/self/fd/" + std::to_string(folder.get())));
  if (names.size() > kListedMax) {
    return InvalidArgument("the folder has more than " + std::to_string(kListedMax) + " entries");
  }
  for (const std::string& name : names) {
    struct stat info {};
    if (fstatat(folder.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(info.st_mode)) {
      listed.push_back({name, true, 0});
    } else if (S_ISREG(info.st_mode)) {
      listed.push_back({name, false, info.st_size});
    }
  }
  return listed;
}

Result<std::vector<Listed>> ListArtifacts(const ApiContext& context,
                                          const std::string& proxy_path) {
  const Result<Fd> folder = OpenArtifact(context, proxy_path);
  if (folder.status().code() == Code::kNotFound) return std::vector<Listed>();
  if (!folder.ok()) return folder.status();
  return ListFolder(*folder);
}

Json FilesOf(const std::vector<Listed>& listed, const std::string& prefix) {
  Json answer = Json::MakeObject();
  for (const Listed& entry : listed) {
    Json file = Wrap("path", prefix.empty() ? entry.name : prefix + "/" + entry.name);
    file["is_dir"] = entry.is_dir;
    if (!entry.is_dir && entry.bytes > 0) file["file_size"] = entry.bytes;
    answer["files"].Push(std::move(file));
  }
  return answer;
}

Task<Result<Json>> ListAt(const ApiContext& context, const std::string& proxy_path,
                          std::string_view prefix) {
  Result<std::vector<Listed>> listed = Status(Code::kInternal, "not listed");
  std::function<void()> list = [&] { listed = ListArtifacts(context, proxy_path); };
  co_await context.loop->Blocking(std::move(list));
  if (!listed.ok()) co_return listed.status();
  co_return FilesOf(listed.value(), std::string(prefix));
}

Task<Response> List(const ApiContext& context, Request& request) {
  std::string path(request.Query("path"));
  while (path.ends_with('/')) path.pop_back();
  const Result<Json> answer = co_await ListAt(context, path, "");
  if (!answer.ok()) co_return ErrorAnswer(answer.status(), request.request_id);
  co_return Response::OfJson(200, answer.value());
}

// The artifacts of something whose address is `root`, listed below `path`.
Task<Response> ListBelow(const ApiContext& context, const Request& request, const std::string& root,
                         const std::string& path) {
  const auto proxy_path = ProxyPathOf(root);
  Json answer = Json::MakeObject();
  if (!path.empty() && !CheckProxyPath(path).ok()) {
    co_return ErrorAnswer(InvalidArgument("Invalid path"), request.request_id);
  }
  if (!proxy_path) {
    co_return ErrorAnswer(InvalidArgument("the artifacts lie at " + root +
                                          ": list them there with a client of that storage"),
                          request.request_id);
  }
  std::string below = *proxy_path;
  if (!path.empty()) below += "/" + path;
  const Result<Json> files = co_await ListAt(context, below, path);
  if (!files.ok()) co_return ErrorAnswer(files.status(), request.request_id);
  answer = files.value();
  answer["root_uri"] = root;
  co_return Response::OfJson(200, answer);
}

Task<Result<std::string>> RunRoot(const ApiContext& context, const Request& request) {
  const Json query = QueryAsJson(request.target);
  const Fields fields(query);
  CO_ASSIGN_OR_RETURN(const std::string run, fields.RunId());
  std::string root;
  Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(const std::string workspace, WorkspaceOf(transaction, request));
    ASSIGN_OR_RETURN(const bool is_elsewhere, RunStore().IsElsewhere(transaction, run, workspace));
    if (is_elsewhere) return MissingRun(run);
    ASSIGN_OR_RETURN(const RunInfo info, RunStore().Get(transaction, run));
    root = info.artifact_uri;
    return {};
  };
  const Status status = co_await Read(*context.database, std::move(work));
  if (!status.ok()) co_return status;
  co_return root;
}

Task<Response> ListOfRun(const ApiContext& context, Request& request) {
  const Result<std::string> root = co_await RunRoot(context, request);
  if (!root.ok()) co_return ErrorAnswer(root.status(), request.request_id);
  const std::string path(request.Query("path"));
  co_return co_await ListBelow(context, request, root.value(), path);
}

Task<Result<std::string>> ModelRoot(const ApiContext& context, const Request& request) {
  std::string root;
  Database::Work work = [&](Transaction& transaction) -> Status {
    const std::string_view id = request.Param("model_id");
    const LoggedModelStore models;
    ASSIGN_OR_RETURN(const std::string workspace, WorkspaceOf(transaction, request));
    ASSIGN_OR_RETURN(const bool is_elsewhere, models.IsElsewhere(transaction, id, workspace));
    if (is_elsewhere) return MissingLoggedModel(id);
    ASSIGN_OR_RETURN(const LoggedModel model, models.Load(transaction, id));
    root = model.artifact_uri;
    return {};
  };
  const Status status = co_await Read(*context.database, std::move(work));
  if (!status.ok()) co_return status;
  co_return root;
}

Task<Response> ListOfModel(const ApiContext& context, Request& request) {
  const Result<std::string> root = co_await ModelRoot(context, request);
  if (!root.ok()) co_return ErrorAnswer(root.status(), request.request_id);
  const std::string path(request.Query("artifact_directory_path"));
  co_return co_await ListBelow(context, request, root.value(), path);
}

// One file below an artifact address, as browsers ask for it.
Task<Response> GetBelow(const ApiContext& context, const Request& request, const std::string& root,
                        const std::string& path) {
  const auto proxy_path = ProxyPathOf(root);
  if (!proxy_path || !CheckProxyPath(path).ok()) {
    co_return ErrorAnswer(InvalidArgument("Invalid path"), request.request_id);
  }
  const std::string below = *proxy_path + "/" + path;
  co_return co_await SendFile(context, request, below, path);
}

Task<Response> GetOfRun(const ApiContext& context, Request& request) {
  const Result<std::string> root = co_await RunRoot(context, request);
  if (!root.ok()) co_return ErrorAnswer(root.status(), request.request_id);
  const std::string path(request.Query("path"));
  co_return co_await GetBelow(context, request, root.value(), path);
}

Task<Response> GetOfModel(const ApiContext& context, Request& request) {
  const Result<std::string> root = co_await ModelRoot(context, request);
  if (!root.ok()) co_return ErrorAnswer(root.status(), request.request_id);
  const std::string path(request.Query("artifact_file_path"));
  co_return co_await GetBelow(context, request, root.value(), path);
}

Task<Response> GetOfVersion(const ApiContext& context, Request& request) {
  const std::string path(request.Query("path"));
  const Status checked = CheckProxyPath(path);
  if (!checked.ok()) co_return ErrorAnswer(checked, request.request_id);
  std::string root;
  Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(const std::string workspace, WorkspaceOf(transaction, request));
    ASSIGN_OR_RETURN(const ModelVersion version,
                     ModelStore(workspace).GetVersion(transaction, request.Query("name"),
                                                      request.Query("version")));
    root = DownloadUri(version.model_uri);
    return {};
  };
  const Status status = co_await Read(*context.database, std::move(work));
  if (!status.ok()) co_return ErrorAnswer(status, request.request_id);
  co_return co_await GetBelow(context, request, root, path);
}

// Clients fall back to the proxy when they read this sentence.
Task<Response> RefuseMultipart(Request&) {
  co_return ErrorAnswer(501, "NOT_IMPLEMENTED",
                        "Multipart upload is not supported for the current artifact repository");
}
Task<Response> RefusePresigned(Request&) {
  co_return ErrorAnswer(501, "NOT_IMPLEMENTED",
                        "Multipart download is not supported for the current artifact repository");
}

}  // namespace

void AddArtifactRoutes(Router& router, const ApiContext& context) {
  const auto with = [&context](Task<Response> (*handler)(const ApiContext&, Request&)) {
    return [&context, handler](Request& request) { return handler(context, request); };
  };
  for (const std::string& prefix : ApiPrefixes()) {
    const std::string proxy = prefix + "/mlflow-artifacts";
    router.Get(proxy + "/artifacts", with(List));
    router.Get(proxy + "/artifacts/{path...}", with(Get));
    router.Put(proxy + "/artifacts/{path...}", with(Put));
    router.Delete(proxy + "/artifacts/{path...}", with(Delete));
    router.Post(proxy + "/mpu/create/{path...}", RefuseMultipart);
    router.Post(proxy + "/mpu/complete/{path...}", RefuseMultipart);
    router.Post(proxy + "/mpu/abort/{path...}", RefuseMultipart);
    router.Get(proxy + "/presigned/{path...}", RefusePresigned);
    router.Post(prefix + "/mlflow/artifacts/presigned-download-url", RefusePresigned);
    router.Get(prefix + "/mlflow/artifacts/list", with(ListOfRun));
    router.Get(prefix + "/mlflow/logged-models/{model_id}/artifacts/directories",
               with(ListOfModel));
    router.Get(prefix + "/mlflow/logged-models/{model_id}/artifacts/files", with(GetOfModel));
  }
  router.Get("/get-artifact", with(GetOfRun));
  router.Get("/model-versions/get-artifact", with(GetOfVersion));
}

}  // namespace lazurite::mlflow
