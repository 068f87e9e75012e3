#include "domain/workspace/places.h"

#include "base/file.h"
#include "base/text.h"

namespace lazurite {

std::string ArtifactsPath(std::string_view run) { return "ExperimentRun/dcid." + std::string(run); }

std::string OutputPath(std::string_view job, std::string_view output) {
  return "azureml/" + std::string(job) + "/" + std::string(output);
}

std::string UploadPath(std::string_view hash) { return "LocalUpload/" + std::string(hash); }

std::string DatabaseFile(const std::string& home) { return home + "/lazurite.db"; }
std::string DatastoresFolder(const std::string& home) { return home + "/datastores"; }
std::string EnvironmentsFolder(const std::string& home) { return home + "/envs"; }
std::string TlsFolder(const std::string& home) { return home + "/tls"; }
std::string KeysFolder(const std::string& home) { return home + "/keys"; }
std::string TokensFolder(const std::string& home) { return home + "/tokens"; }
std::string RemoteCacheFolder(const std::string& home) { return home + "/cache/remote"; }
std::string ManifestsFolder(const std::string& home) { return home + "/manifests"; }
std::string ManifestDraftsFolder(const std::string& home) {
  return ManifestsFolder(home) + "/.new";
}
std::string ManifestsOfData(const std::string& home, std::string_view workspace,
                            std::string_view name) {
  return JoinPath(JoinPath(ManifestsFolder(home), UrlEncode(Lower(workspace))), UrlEncode(name));
}
std::string ManifestOfVersion(const std::string& home, std::string_view workspace,
                              std::string_view name, std::string_view version) {
  return JoinPath(ManifestsOfData(home, workspace, name), UrlEncode(version));
}
std::string ServerFile(const std::string& home) { return home + "/run/server.json"; }
std::string LogFile(const std::string& home) { return home + "/logs/server.log"; }
std::string DoorbellFile(const std::string& home) { return home + "/run/doorbell.sock"; }

}  // namespace lazurite
