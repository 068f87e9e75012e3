#include "base/text.h"
#include "domain/model/model_store.h"
#include "domain/run/artifact_place.h"
#include "domain/workspace/places.h"
#include "domain/workspace/resource_id.h"

namespace lazurite {
namespace {

ArtifactPlace PlaceOfJobOutput(const DataUri& uri) {
  const bool is_artifact = uri.output == "artifacts" || uri.output == "default";
  ArtifactPlace place;
  place.datastore = std::string(is_artifact ? kArtifactDatastore : kBlobDatastore);
  place.path = is_artifact ? ArtifactsPath(uri.job) : OutputPath(uri.job, uri.output);
  if (!uri.path.empty()) place.path += "/" + uri.path;
  return place;
}

}  // namespace

std::string DownloadUri(std::string_view model_uri) {
  const Result<DataUri> uri = ParseDataUri(model_uri);
  if (!uri.ok()) return std::string(model_uri);
  if (uri->kind == DataUri::Kind::kDatastore) return ProxyUri({uri->datastore, uri->path});
  if (uri->kind == DataUri::Kind::kJobOutput) return ProxyUri(PlaceOfJobOutput(uri.value()));
  return std::string(model_uri);
}

std::string ModelUriOf(std::string_view workspace, std::string_view artifact_uri) {
  const auto path = ProxyPathOf(artifact_uri);
  if (!path) return std::string(artifact_uri);
  const ArtifactPlace place = PlaceOfProxyPath(*path);
  return DatastoreUri({.workspace = std::string(workspace)}, place.datastore, place.path);
}

}  // namespace lazurite
