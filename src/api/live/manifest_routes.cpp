// What is known of data that is used in place: what was registered, how far its hashes are, and
// what has changed since.
#include "api/http/database_await.h"
#include "api/http/error.h"
#include "api/live/routes.h"
#include "domain/asset/asset_store.h"
#include "domain/data/manifest.h"
#include "domain/workspace/places.h"

namespace lazurite::live {
namespace {

Json ProgressJson(const ManifestProgress& progress, int64_t bytes_in_hand) {
  const ManifestHead& head = progress.head;
  return Json(
      Json::Object{{"place", head.place},
                   {"registered", FormatTime(head.taken)},
                   {"is_folder", head.is_folder},
                   {"files", head.files},
                   {"bytes", head.bytes},
                   {"hashes", Json(Json::Object{{"is_done", progress.is_done},
                                                {"files", progress.files_hashed},
                                                {"bytes", progress.bytes_hashed + bytes_in_hand},
                                                {"left_out", progress.files_left_out}})}});
}

// What a job would be told now.
Result<Json> ChangesJson(const std::string& folder) {
  ASSIGN_OR_RETURN(const Manifest then, ReadManifest(folder));
  const Result<Manifest> now = TakeManifest(then.place, Time());
  Json json = Json::MakeObject();
  json["is_there"] = now.ok();
  if (!now.ok()) {
    json["error"] = now.status().text();
    return json;
  }
  const ManifestChanges changes = CompareManifest(then, *now);
  json["changed"] = changes.changed;
  json["added"] = changes.added;
  json["removed"] = changes.removed;
  json["examples"] = Json::MakeArray();
  for (const std::string& example : changes.examples) json["examples"].Push(example);
  return json;
}

Result<Json> Describe(const LiveContext& live, const std::string& folder, bool is_compared) {
  ASSIGN_OR_RETURN(const ManifestProgress progress, ReadManifestProgress(folder));
  Json json = ProgressJson(progress, live.bytes_in_hand(folder));
  if (is_compared) {
    ASSIGN_OR_RETURN(json["now"], ChangesJson(folder));
  }
  return json;
}

Task<Response> ShowManifest(const ApiContext& context, const LiveContext& live, Request& request) {
  const std::string name(request.Param("name"));
  const std::string version(request.Param("version"));
  std::string workspace(request.Query("workspace"));
  if (workspace.empty()) workspace = kDefaultWorkspace;
  const bool is_compared = request.Query("compare") == "true";
  bool is_there = false;
  Database::Work find = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(const auto found,
                     AssetStore(workspace).Find(transaction, AssetKind::kData, name, version));
    is_there = found.has_value();
    return {};
  };
  const Status read = co_await Read(*context.database, std::move(find));
  if (!read.ok()) co_return AzureError(read);
  const std::string which = "data \"" + name + "\" version \"" + version + "\"";
  if (!is_there) {
    co_return AzureError(NotFound("there is no " + which + " in workspace " + workspace));
  }
  const std::string folder = ManifestOfVersion(context.home, workspace, name, version);
  Result<Json> json = Json();
  std::function<void()> work = [&] { json = Describe(live, folder, is_compared); };
  co_await context.loop->Blocking(std::move(work));
  if (json.status().code() == Code::kNotFound) {
    co_return AzureError(NotFound(which + " is not used in place, so it has no manifest"));
  }
  if (!json.ok()) co_return AzureError(json.status());
  co_return Response::OfJson(200, *json);
}

}  // namespace

void AddManifestRoutes(Router& router, const ApiContext& context, const LiveContext& live) {
  router.Get("/lazurite/v1/data/{name}/versions/{version}/manifest",
             [&context, &live](Request& request) { return ShowManifest(context, live, request); });
}

}  // namespace lazurite::live
