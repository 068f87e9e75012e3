// Where the platform puts things in the built-in datastores, and in its home. The same places as
// Azure ML's.
#pragma once

#include <string>
#include <string_view>

namespace lazurite {

inline constexpr std::string_view kBlobDatastore = "workspaceblobstore";  // the default datastore
inline constexpr std::string_view kArtifactDatastore = "workspaceartifactstore";
inline constexpr std::string_view kFileDatastore = "workspacefilestore";
inline constexpr std::string_view kWorkingDatastore = "workspaceworkingdirectory";

// Paths below the artifact datastore.
std::string ArtifactsPath(std::string_view run);  // "ExperimentRun/dcid.<run>"
// Paths below the default datastore.
std::string OutputPath(std::string_view job, std::string_view output);  // "azureml/<job>/<output>"
std::string UploadPath(std::string_view hash);                          // "LocalUpload/<hash>"

// LAZURITE_HOME, else $XDG_DATA_HOME/lazurite, else ~/.local/share/lazurite.
std::string DefaultHome();

// Files and folders of a home.
std::string DatabaseFile(const std::string& home);        // lazurite.db
std::string DatastoresFolder(const std::string& home);    // datastores, one folder each
std::string EnvironmentsFolder(const std::string& home);  // envs
std::string TlsFolder(const std::string& home);   // tls: the authority and the server's certificate
std::string KeysFolder(const std::string& home);  // keys: signs tokens
std::string TokensFolder(const std::string& home);  // tokens/owner
std::string RemoteCacheFolder(const std::string& home);  // cache/remote: files of other servers
std::string ManifestsFolder(const std::string& home);  // manifests: of data that is used in place
std::string ManifestDraftsFolder(const std::string& home);  // manifests/.new
// manifests/<workspace>/<name>/<version>: a folder for each version of such data.
std::string ManifestsOfData(const std::string& home, std::string_view workspace,
                            std::string_view name);
std::string ManifestOfVersion(const std::string& home, std::string_view workspace,
                              std::string_view name, std::string_view version);
std::string ServerFile(
    const std::string& home);  // run/server.json: who serves this home, and where
std::string LogFile(const std::string& home);       // logs/server.log: what the server says
std::string DoorbellFile(const std::string& home);  // run/doorbell.sock: runners ring here

}  // namespace lazurite
