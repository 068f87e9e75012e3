#include <filesystem>

#include "domain/data/data_resolver.h"
#include "domain/workspace/places.h"

namespace lazurite {
namespace {

// Without links as far as it exists.
std::string WithoutLinks(const std::string& path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
  return error ? path : NormalPath(real.string());
}

bool LiesIn(const std::string& path, const std::string& folder) {
  return folder == "/" || path == folder || path.starts_with(folder + "/");
}

Status CheckHome(const BlobStore& blobs, const std::string& place) {
  const std::string home = WithoutLinks(DirName(blobs.root()));
  if (LiesIn(home, place)) {
    return {Code::kPermissionDenied, "\"" + place + "\" holds the server's home " + home +
                                         "; give a folder beside it, or upload the data"};
  }
  if (!LiesIn(place, home) || LiesIn(place, WithoutLinks(blobs.root()))) return {};
  return {Code::kPermissionDenied, "\"" + place +
                                       "\" is the server's own; of its home only what lies in "
                                       "datastores/ is given to jobs"};
}

Status CheckUploads(const BlobStore& blobs, const std::string& place) {
  const std::string uploads =
      WithoutLinks(JoinPath(JoinPath(blobs.root(), kBlobDatastore), DirName(UploadPath("x"))));
  if (!LiesIn(place, uploads) && !LiesIn(uploads, place)) return {};
  return {Code::kPermissionDenied,
          "\"" + place +
              "\" holds uploads, which assets share and which never change; write to "
              "another folder of " +
              std::string(kBlobDatastore) + ", or leave the uri of an output away"};
}

}  // namespace

Status CheckJobPlace(const BlobStore& blobs, const ResolvedData& place, DataAccess access) {
  const std::string real = WithoutLinks(place.path);
  if (place.uri.starts_with("file:")) TRY(CheckHome(blobs, real));
  return access == DataAccess::kWrite ? CheckUploads(blobs, real) : Status();
}

}  // namespace lazurite
