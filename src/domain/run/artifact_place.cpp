#include "domain/run/artifact_place.h"

#include "base/text.h"
#include "domain/workspace/places.h"

namespace lazurite {
namespace {

constexpr std::string_view kProxyRoute = "/api/2.0/mlflow-artifacts/artifacts";

std::string_view WithoutSlashes(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

std::string_view FirstPart(std::string_view path) { return path.substr(0, path.find('/')); }

}  // namespace

std::string RunArtifactPath(std::string_view run) { return ArtifactsPath(run); }

ArtifactPlace PlaceOfProxyPath(std::string_view path) {
  path = WithoutSlashes(path);
  if (!path.starts_with(kDatastoresPart)) {
    return {std::string(kArtifactDatastore), std::string(path)};
  }
  path.remove_prefix(kDatastoresPart.size());
  const std::string_view datastore = FirstPart(path);
  path.remove_prefix(datastore.size());
  return {std::string(datastore), std::string(WithoutSlashes(path))};
}

std::string ProxyUri(const ArtifactPlace& place) {
  const std::string scheme = std::string(kArtifactScheme) + "/";
  if (place.datastore == kArtifactDatastore) return scheme + place.path;
  return scheme + std::string(kDatastoresPart) + place.datastore + "/" + place.path;
}

std::optional<std::string> ProxyPathOf(std::string_view uri) {
  const bool is_http = uri.starts_with("http://") || uri.starts_with("https://");
  if (!is_http && !uri.starts_with(kArtifactScheme)) return std::nullopt;
  uri.remove_prefix(uri.find(':') + 1);
  if (uri.starts_with("//")) {
    const size_t slash = uri.find('/', 2);
    uri = slash == std::string_view::npos ? std::string_view() : uri.substr(slash);
  }
  if (uri.starts_with(kProxyRoute)) {
    uri.remove_prefix(kProxyRoute.size());
  } else if (is_http) {
    return std::nullopt;
  }
  return std::string(WithoutSlashes(uri));
}

std::string_view RunOfProxyPath(std::string_view path) {
  path = WithoutSlashes(path);
  static const std::string prefix = ArtifactsPath("");
  if (!path.starts_with(prefix)) return "";
  return FirstPart(path.substr(prefix.size()));
}

std::string_view ModelOfProxyPath(std::string_view path) {
  path = WithoutSlashes(path);
  const std::string_view experiment = FirstPart(path);
  if (!ParseInt(experiment)) return "";
  path.remove_prefix(experiment.size());
  path = WithoutSlashes(path);
  if (!path.starts_with("models/")) return "";
  return FirstPart(path.substr(7));
}

}  // namespace lazurite
