#include <fcntl.h>

#include "api/http/database_await.h"
#include "api/http/error.h"
#include "api/live/routes.h"
#include "base/real_path.h"
#include "domain/data/data_resolver.h"
#include "domain/job/job_store.h"

namespace lazurite::live {
namespace {

constexpr size_t kFilesMax = 1'000'000;

// Lies on this machine, in no datastore: the resolver gives it as file:///…
bool IsLocal(const ResolvedData& data) { return data.uri.starts_with("file:"); }

bool LiesBelow(std::string_view path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

// Of the home, nothing but the datastores is anybody's data: not tokens, keys and the database.
Status CheckOutsideHome(const ApiContext& context, const std::string& real) {
  const std::string home = RealPath(context.home);
  if (!LiesBelow(real, home) || LiesBelow(real, RealPath(context.blobs->root()))) return {};
  return {Code::kPermissionDenied,
          "\"" + real + "\" is the server's own; of its home only datastores are given out"};
}

Status CheckPlace(const ApiContext& context, const ResolvedData& data) {
  if (!IsLocal(data)) return {};
  const std::string real = RealPath(data.path);
  if (real.empty()) return NotFound("nothing lies at " + data.uri);
  return CheckOutsideHome(context, real);
}

// The workspace that the query names; for a job its own.
Result<Scope> ScopeOf(Transaction& transaction, const Caller& caller,
                      const std::string& workspace) {
  if (!workspace.empty()) return Scope{.workspace = workspace};
  if (caller.kind != Caller::Kind::kJob) return Scope{};
  ASSIGN_OR_RETURN(const std::optional<Job> job, JobStore().Find(transaction, caller.name));
  return job ? Scope{.workspace = job->workspace} : Scope{};
}

Task<Result<ResolvedData>> ResolveUri(const ApiContext& context, const Request& request) {
  const std::string uri(request.Query("uri"));
  const std::string workspace(request.Query("workspace"));
  const Caller& caller = request.caller;
  if (uri.empty()) {
    co_return InvalidArgument("the query has no uri; expected one like azureml:name:version");
  }
  std::optional<ResolvedData> resolved;
  Database::Work work = [&](Transaction& transaction) {
    ASSIGN_OR_RETURN(const Scope scope, ScopeOf(transaction, caller, workspace));
    ASSIGN_OR_RETURN(resolved, DataResolver(*context.blobs, scope).Resolve(transaction, uri));
    return Status();
  };
  const Status read = co_await Read(*context.database, std::move(work));
  if (!read.ok()) co_return read;
  if (caller.kind != Caller::Kind::kOwner && IsLocal(*resolved)) {
    co_return Status(Code::kPermissionDenied,
                     "this token opens datastores, assets and outputs, not local paths such as " +
                         resolved->uri + "; the owner's token does");
  }
  co_return std::move(*resolved);
}

// Jobs write into datastores by themselves, links to other places as well.
Result<Fd> OpenInDatastore(const ApiContext& context, const ResolvedData& data,
                           std::string_view path) {
  const std::string& root = context.blobs->root();
  if (!data.path.starts_with(root + "/")) return NotFound("nothing lies at " + data.uri);
  Result<Fd> opened = OpenBeneath(root, JoinPath(data.path.substr(root.size() + 1), path));
  if (opened.status().code() != Code::kNotFound) return opened;
  return NotFound(path.empty() ? "nothing lies at " + data.uri
                               : "there is no \"" + std::string(path) + "\" at " + data.uri);
}

Json FileJson(std::string path, const struct stat& info) {
  const Time modified = FromMillis(info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1'000'000);
  return Json(Json::Object{{"path", std::move(path)},
                           {"bytes", int64_t{info.st_size}},
                           {"modified", FormatTime(modified)}});
}

Result<Json> Listing(const ApiContext& context, const ResolvedData& data) {
  TRY(CheckPlace(context, data));
  if (!IsLocal(data)) TRY(OpenInDatastore(context, data, "").status());
  struct stat info {};
  if (lstat(data.path.c_str(), &info) != 0) {
    return NotFound("nothing lies at " + data.uri);
  }
  Json files = Json::MakeArray();
  if (!S_ISDIR(info.st_mode)) {
    files.Push(FileJson(BaseName(data.path), info));
  } else {
    ASSIGN_OR_RETURN(const std::vector<WalkEntry> entries, WalkTree(data.path));
    for (const WalkEntry& entry : entries) {
      if (!S_ISREG(entry.info.st_mode)) continue;
      if (files.array().size() == kFilesMax) {
        return Status(Code::kResourceExhausted,
                      data.uri + " holds more than 1 000 000 files; list a folder of it");
      }
      files.Push(FileJson(entry.path, entry.info));
    }
  }
  return Json(Json::Object{{"uri", data.uri},
                           {"is_folder", S_ISDIR(info.st_mode)},
                           {"asset", data.asset},
                           {"type", data.type},
                           {"files", std::move(files)}});
}

Task<Response> ListFiles(const ApiContext& context, Request& request) {
  const Result<ResolvedData> data = co_await ResolveUri(context, request);
  if (!data.ok()) co_return AzureError(data.status());
  Result<Json> listing = Json();
  std::function<void()> work = [&] { listing = Listing(context, *data); };
  co_await context.loop->Briefly(std::move(work));
  if (!listing.ok()) co_return AzureError(listing.status());
  co_return Response::OfJson(200, *listing);
}

// The owner's own place, by whatever links lead to it; below it none is followed.
Result<Fd> OpenLocal(const ApiContext& context, const ResolvedData& data, std::string_view path) {
  const std::string real = RealPath(data.path);
  if (real.empty()) return NotFound("nothing lies at " + data.uri);
  Result<Fd> opened =
      path.empty() ? OpenFile(real, O_RDONLY | O_NONBLOCK) : OpenBeneath(real, path);
  if (!opened.ok()) return opened;
  TRY(CheckOutsideHome(context, RealPath("/proc/self/fd/" + std::to_string(opened->get()))));
  return opened;
}

// The file that `path` means below the data; the data itself if that is one file.
Result<Fd> OpenContent(const ApiContext& context, const ResolvedData& data, std::string_view path) {
  const auto open = IsLocal(data) ? OpenLocal : OpenInDatastore;
  ASSIGN_OR_RETURN(Fd place, open(context, data, ""));
  struct stat info {};
  if (fstat(place.get(), &info) != 0) return ErrnoStatus("looking at " + data.uri, errno);
  if (!S_ISDIR(info.st_mode)) return place;
  TRY(SafeRelative(path).status());
  ASSIGN_OR_RETURN(Fd file, open(context, data, path));
  if (fstat(file.get(), &info) != 0) return ErrnoStatus("looking at " + data.uri, errno);
  if (S_ISREG(info.st_mode)) return file;
  return InvalidArgument("\"" + std::string(path) + "\" is a folder, or no file at all");
}

Task<Response> ReadContent(const ApiContext& context, Request& request) {
  const Result<ResolvedData> data = co_await ResolveUri(context, request);
  if (!data.ok()) co_return AzureError(data.status());
  const std::string path(request.Query("path"));
  Result<Fd> file = Fd();
  std::function<void()> work = [&] { file = OpenContent(context, *data, path); };
  co_await context.loop->Briefly(std::move(work));
  if (!file.ok()) co_return AzureError(file.status());
  co_return ServeFile(request, std::move(*file), "application/octet-stream");
}

}  // namespace

void AddFileRoutes(Router& router, const ApiContext& context) {
  router.Get("/lazurite/v1/files",
             [&context](Request& request) { return ListFiles(context, request); });
  router.Get("/lazurite/v1/files/content",
             [&context](Request& request) { return ReadContent(context, request); });
}

}  // namespace lazurite::live
