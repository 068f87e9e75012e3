#include "api/http/database_await.h"
#include "api/http/error.h"
#include "api/live/routes.h"
#include "domain/data/data_resolver.h"

namespace lazurite::live {
namespace {

constexpr size_t kFilesMax = 1'000'000;

Task<Result<ResolvedData>> ResolveUri(const ApiContext& context, std::string uri) {
  if (uri.empty()) {
    co_return InvalidArgument("the query has no uri; expected one like azureml:name:version");
  }
  std::optional<ResolvedData> resolved;
  const DataResolver resolver(*context.blobs, Scope{});
  Database::Work work = [&resolved, &resolver, uri](Transaction& transaction) {
    ASSIGN_OR_RETURN(resolved, resolver.Resolve(transaction, uri));
    return Status();
  };
  const Status read = co_await Read(*context.database, std::move(work));
  if (!read.ok()) co_return read;
  co_return std::move(*resolved);
}

Json FileJson(std::string path, const struct stat& info) {
  const Time modified = FromMillis(info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1'000'000);
  return Json(Json::Object{{"path", std::move(path)},
                           {"bytes", int64_t{info.st_size}},
                           {"modified", FormatTime(modified)}});
}

Result<Json> Listing(const ResolvedData& data) {
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
  std::string uri(request.Query("uri"));
  const Result<ResolvedData> data = co_await ResolveUri(context, std::move(uri));
  if (!data.ok()) co_return AzureError(data.status());
  Result<Json> listing = Json();
  std::function<void()> work = [&listing, &data] { listing = Listing(*data); };
  co_await context.loop->Blocking(std::move(work));
  if (!listing.ok()) co_return AzureError(listing.status());
  co_return Response::OfJson(200, *listing);
}

// The file that `path` means below the data; the data itself if that is one file. Symbolic links do
// not lead out.
Result<std::string> FileBelow(const ResolvedData& data, std::string_view path) {
  struct stat info {};
  if (lstat(data.path.c_str(), &info) != 0) return NotFound("nothing lies at " + data.uri);
  if (!S_ISDIR(info.st_mode)) return data.path;
  ASSIGN_OR_RETURN(const std::string file, ConfinedPath(data.path, path));
  std::unique_ptr<char, void (*)(void*)> real(realpath(file.c_str(), nullptr), std::free);
  std::unique_ptr<char, void (*)(void*)> root(realpath(data.path.c_str(), nullptr), std::free);
  if (!real || !root) return NotFound("there is no \"" + std::string(path) + "\" at " + data.uri);
  if (!std::string_view(real.get()).starts_with(std::string(root.get()) + "/")) {
    return Status(Code::kPermissionDenied,
                  "\"" + std::string(path) + "\" is a link to a place outside " + data.uri);
  }
  if (IsDir(file)) return InvalidArgument("\"" + std::string(path) + "\" is a folder");
  return file;
}

Task<Response> ReadContent(const ApiContext& context, Request& request) {
  std::string uri(request.Query("uri"));
  const Result<ResolvedData> data = co_await ResolveUri(context, std::move(uri));
  if (!data.ok()) co_return AzureError(data.status());
  const std::string path(request.Query("path"));
  Result<std::string> file = std::string();
  std::function<void()> work = [&file, &data, &path] { file = FileBelow(*data, path); };
  co_await context.loop->Blocking(std::move(work));
  if (!file.ok()) co_return AzureError(file.status());
  co_return ServeFile(request, *file, "application/octet-stream");
}

}  // namespace

void AddFileRoutes(Router& router, const ApiContext& context) {
  router.Get("/lazurite/v1/files",
             [&context](Request& request) { return ListFiles(context, request); });
  router.Get("/lazurite/v1/files/content",
             [&context](Request& request) { return ReadContent(context, request); });
}

}  // namespace lazurite::live
