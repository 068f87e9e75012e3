#include "api/arm/in_place.h"

#include <malloc.h>

#include "base/log.h"
#include "domain/data/in_place.h"
#include "domain/data/manifest.h"
#include "domain/workspace/places.h"

namespace lazurite::arm {
namespace {

std::string FolderOf(const AssetRequest& asked, const std::string& version) {
  return ManifestOfVersion(asked.context.home, asked.scope.workspace, asked.name, version);
}

// "" if the data lies in a datastore or elsewhere.
std::string PlaceOf(const AssetRequest& asked, const Json& properties) {
  if (asked.kind != AssetKind::kData) return "";
  const Result<DataUri> uri = ParseDataUri(properties.GetString("dataUri"));
  const bool is_local = uri.ok() && uri->kind == DataUri::Kind::kLocal;
  return is_local ? NormalPath(uri->path) : std::string();
}

// The version is there, and so is its manifest.
Task<Result<bool>> IsRegistered(const AssetRequest& asked) {
  std::optional<AssetVersion> found;
  if (asked.version.empty()) co_return false;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(found, asked.Store().Find(transaction, asked.kind, asked.name, asked.version));
    return {};
  };
  const Status read = co_await Read(*asked.context.database, work);
  if (!read.ok()) co_return read;
  co_return found&& Exists(ManifestFilesPath(FolderOf(asked, asked.version)));
}

}  // namespace

ManifestDraft::~ManifestDraft() {
  if (folder_.empty()) return;
  const Status removed = RemoveTree(folder_);
  if (!removed.ok()) Log(LogLevel::kWarning, "a draft is left", {{"error", removed.text()}});
}

Status ManifestDraft::Keep(const std::string& folder) {
  return KeepManifest(std::exchange(folder_, ""), folder);
}

Task<Result<ManifestDraft>> TakeDraft(const AssetRequest& asked, const Json& properties) {
  const std::string place = PlaceOf(asked, properties);
  if (place.empty()) co_return ManifestDraft();
  const Result<bool> is_registered = co_await IsRegistered(asked);
  if (!is_registered.ok()) co_return is_registered.status();
  if (*is_registered) co_return ManifestDraft();
  Result<std::string> draft = std::string();
  const std::function<void()> take = [&asked, &place, &draft] {
    const ApiContext& context = asked.context;
    draft = DraftManifest(*context.blobs, context.home, place, context.clock->Now());
    malloc_trim(0);  // a great many small pieces
  };
  co_await asked.context.loop->Blocking(take);
  if (!draft.ok()) co_return draft.status();
  co_return ManifestDraft(std::move(*draft));
}

Task<Status> KeepDraft(const AssetRequest& asked, ManifestDraft& draft, std::string version) {
  if (!draft.has_one()) co_return Status();
  const std::string folder = FolderOf(asked, version);
  Status kept;
  const std::function<void()> keep = [&draft, &folder, &kept] { kept = draft.Keep(folder); };
  co_await asked.context.loop->Blocking(keep);
  if (kept.ok()) asked.context.manifest_added(folder);
  co_return kept;
}

Task<void> DropManifests(const AssetRequest& asked, std::string version) {
  if (asked.kind != AssetKind::kData) co_return;
  const std::string folder =
      version.empty() ? ManifestsOfData(asked.context.home, asked.scope.workspace, asked.name)
                      : FolderOf(asked, version);
  const std::function<void()> remove = [&folder] {
    const Status removed = RemoveTree(folder);
    if (!removed.ok()) Log(LogLevel::kWarning, "a manifest is left", {{"error", removed.text()}});
  };
  co_await asked.context.loop->Blocking(remove);
}

}  // namespace lazurite::arm
