#include "domain/data/in_place.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "domain/data/data_resolver.h"
#include "domain/data/manifest.h"
#include "domain/workspace/places.h"

namespace lazurite {
namespace {

Status CheckThere(const std::string& place) {
  const bool is_folder = IsDir(place);
  if (access(place.c_str(), is_folder ? R_OK | X_OK : R_OK) == 0) return {};
  if (errno == ENOENT || errno == ENOTDIR) {
    return InvalidArgument("nothing lies at \"" + place +
                           "\" on the server's machine; to upload what lies on yours, leave "
                           "--in-place away and give its path without file://");
  }
  return {Code::kPermissionDenied,
          ErrnoStatus("reading \"" + place + "\"", errno).text() +
              "; the server's user must be able to read data that is used in place"};
}

// What lies in a datastore has an address there, and rules that a path of the machine would go
// around.
Status CheckOutside(const BlobStore& blobs, const std::string& place) {
  std::error_code error;
  const std::filesystem::path root = std::filesystem::weakly_canonical(blobs.root(), error);
  const std::filesystem::path real = std::filesystem::weakly_canonical(place, error);
  const std::string inside = real.lexically_relative(root).string();
  if (inside.empty() || inside.starts_with("..")) return {};
  return InvalidArgument("\"" + place +
                         "\" lies in the server's datastores; give its address there, "
                         "azureml://datastores/NAME/paths/PATH, instead of its path");
}

}  // namespace

Result<std::string> DraftManifest(const BlobStore& blobs, const std::string& home,
                                  const std::string& place, Time now) {
  TRY(CheckThere(place));
  ResolvedData resolved;
  resolved.path = place;
  resolved.uri = "file://";
  TRY(CheckJobPlace(blobs, resolved, DataAccess::kRead));
  TRY(CheckOutside(blobs, place));
  Result<Manifest> manifest = TakeManifest(place, now);
  if (!manifest.ok()) {
    const Status& status = manifest.status();
    // Gone this very moment: the user's matter, not the server's.
    return status.code() == Code::kNotFound ? InvalidArgument(status.text()) : status;
  }
  TRY(MakeDirs(ManifestDraftsFolder(home), 0700));
  std::string draft = ManifestDraftsFolder(home) + "/XXXXXX";
  if (mkdtemp(draft.data()) == nullptr) return ErrnoStatus("making " + draft, errno);
  const Status written = WriteManifest(draft, *manifest);
  if (written.ok()) return draft;
  (void)RemoveTree(draft);
  return written;
}

Status KeepManifest(const std::string& draft, const std::string& folder) {
  TRY(MakeDirs(DirName(folder), 0700));
  TRY(RemoveTree(folder));
  TRY(Rename(draft, folder));
  return SyncDir(DirName(folder));
}

}  // namespace lazurite
