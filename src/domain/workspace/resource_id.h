// Azure's ways to name things: ARM ids, asset references and azureml:// URIs. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace lazurite {

inline constexpr std::string_view kSubscription = "00000000-0000-0000-0000-000000000000";
inline constexpr std::string_view kResourceGroup = "lazurite";
inline constexpr std::string_view kDefaultWorkspace = "default";

// Which workspace, in ARM's terms.
struct Scope {
  std::string subscription{kSubscription};
  std::string resource_group{kResourceGroup};
  std::string workspace{kDefaultWorkspace};
};

// "/subscriptions/S/resourceGroups/RG/providers/Microsoft.MachineLearningServices/workspaces/W"
std::string WorkspaceId(const Scope& scope);
// WorkspaceId + "/jobs/NAME" and so on; `collection` is REST's word.
std::string ResourceId(const Scope& scope, std::string_view collection, std::string_view name);
std::string VersionId(const Scope& scope, std::string_view collection, std::string_view name,
                      std::string_view version);

// What a reference to an asset or a compute means, in whatever form it was written:
// "azureml:name:1", "name:1", "azureml:name@latest", "azureml:name", a full ARM id (with or without
// "azureml:" before it), or "azureml://registries/R/environments/N/versions/V" (or labels/L).
struct AssetReference {
  std::string collection;  // from an ARM id or registry URI: "environments"; else ""
  std::string registry;    // of a registry URI, else ""
  std::string name;
  std::string version;  // at most one of version and label
  std::string label;
  std::string workspace = {};  // from an ARM id, else ""
};
Result<AssetReference> ParseAssetReference(std::string_view text);

// Where data lies.
struct DataUri {
  enum class Kind : unsigned char {
    kDatastore,  // azureml://[subscriptions/…/workspaces/W/]datastores/D/paths/P
    kJobOutput,  // azureml://jobs/J/outputs/O[/paths/P]
    kAsset,      // azureml:name:1 or an ARM id of a data or model version
    kLocal,      // file:///… or an absolute path on the server
    kRun,        // runs:/RUN/PATH
    kRemote,     // http(s), wasbs, abfss, s3 …
  } kind = Kind::kRemote;
  std::string text;       // as written
  std::string datastore;  // kDatastore
  std::string path;  // kDatastore, kJobOutput, kLocal, kRun: without a leading slash but for kLocal
  std::string job;   // kJobOutput, kRun
  std::string output;    // kJobOutput; "artifacts" and "default" mean the run's artifacts
  AssetReference asset;  // kAsset
};
Result<DataUri> ParseDataUri(std::string_view text);
// "azureml://subscriptions/…/workspaces/W/datastores/D/paths/P"
std::string DatastoreUri(const Scope& scope, std::string_view datastore, std::string_view path);

}  // namespace lazurite
