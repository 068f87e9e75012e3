// Where artifacts lie: MLflow's "mlflow-artifacts:/…" addresses and the datastores behind them.
// Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lazurite {

inline constexpr std::string_view kArtifactScheme = "mlflow-artifacts:";
// First part of a proxy path that leads into any datastore: "datastores/<name>/<path>". Other proxy
// paths lie below the artifact datastore.
inline constexpr std::string_view kDatastoresPart = "datastores/";

struct ArtifactPlace {
  std::string datastore;
  std::string path;
  bool operator==(const ArtifactPlace&) const = default;
};

// A run's artifacts as a path of the proxy, "ExperimentRun/dcid.<run>": a job's artifacts lie there
// too.
std::string RunArtifactPath(std::string_view run);
// What lies behind a path of the proxy. The path is not checked: it may still try to leave the
// datastore.
ArtifactPlace PlaceOfProxyPath(std::string_view path);
// "mlflow-artifacts:/…" of a place.
std::string ProxyUri(const ArtifactPlace& place);
// The proxy path in "mlflow-artifacts:/P", "mlflow-artifacts://host:1/P" or
// "http://host/api/2.0/mlflow-artifacts/artifacts/P"; nothing for other addresses.
std::optional<std::string> ProxyPathOf(std::string_view uri);
// The run whose artifacts a proxy path belongs to, or "".
std::string_view RunOfProxyPath(std::string_view path);
// The logged model whose files a proxy path belongs to ("<experiment>/models/<model>/artifacts/…"),
// or "".
std::string_view ModelOfProxyPath(std::string_view path);

}  // namespace lazurite
