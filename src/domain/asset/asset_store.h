// Versioned assets: data, environments, models, codes and components share one life: a name with
// versions, each immutable in what it is and changeable in its description, tags, stage and archive
// mark. Names are of a workspace: two workspaces may hold the same one. Upper and lower case differ
// in names, not in the workspace's. Every function works inside the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "storage/sql/database.h"

namespace lazurite {

enum class AssetKind : unsigned char { kData, kEnvironment, kModel, kCode, kComponent };
std::string_view ToText(
    AssetKind kind);  // REST's collection: "data", "environments", "models", "codes", "components"

// One version of an asset.
struct AssetVersion {
  AssetKind kind = AssetKind::kData;
  std::string workspace;  // set by the store
  std::string name;
  std::string version;
  bool is_anonymous = false;
  bool is_archived = false;
  std::string hash;                      // of the content, for codes; "" if unknown
  Json properties = Json::MakeObject();  // REST `properties` as the client wrote them
  Time created{};
  std::string created_by;
  Time modified{};
  int64_t sequence = 0;  // order of creation; set by Insert
};

// The name all versions share.
struct AssetContainer {
  AssetKind kind = AssetKind::kData;
  std::string workspace;  // set by the store
  std::string name;
  bool is_archived = false;
  std::string latest_version;  // the most recently created one
  std::string next_version;    // largest integer version + 1, "1" if there is none
  Json properties =
      Json::MakeObject();  // description, tags; for models what MLflow's registry keeps
  Time created{};
  Time modified{};
  int64_t sequence = 0;  // order of creation; set by the store
};

struct AssetQuery {
  AssetKind kind = AssetKind::kData;
  std::string name;  // versions of this name; "" = of all names
  std::string hash;  // only versions with this content
  bool archived_too = false;
  bool only_archived = false;
  bool anonymous_too = false;
  int64_t before_sequence = 0;  // page token; 0 = from the newest
  int limit = 100;              // 1 to kListLimitMax
};

// The assets of one workspace.
class AssetStore final {
 public:
  static constexpr int kListLimitMax = 1000;

  explicit AssetStore(std::string_view workspace) : workspace_(workspace) {}

  // Adds a version (and its container if need be); an empty version becomes the next integer.
  // kConflict if it exists.
  Status Insert(Transaction& transaction, AssetVersion& version, Time now) const;
  // Replaces properties, archive mark and hash of an existing version. kNotFound.
  Status Save(Transaction& transaction, const AssetVersion& version, Time now) const;
  Result<std::optional<AssetVersion>> Find(Transaction& transaction, AssetKind kind,
                                           std::string_view name, std::string_view version) const;
  // By label: "latest" (most recently created, archived ones left out) or a label/alias kept in the
  // container's properties.labels {"prod": "3"}. kNotFound names what there is.
  Result<AssetVersion> FindByLabel(Transaction& transaction, AssetKind kind, std::string_view name,
                                   std::string_view label) const;
  // The asset a reference means: "name:version", "name@label", "azureml:…" of both, or a full ARM
  // id. kNotFound, kInvalidArgument if it is no reference to this kind, or one to another
  // workspace.
  Result<AssetVersion> Resolve(Transaction& transaction, AssetKind kind,
                               std::string_view reference) const;
  // Newest first. kInvalidArgument: a limit out of bounds.
  Result<std::vector<AssetVersion>> ListVersions(Transaction& transaction,
                                                 const AssetQuery& query) const;
  Result<std::optional<AssetContainer>> FindContainer(Transaction& transaction, AssetKind kind,
                                                      std::string_view name) const;
  // Newest first; `name` and `hash` of the query do not count. Names all of whose versions are
  // anonymous are left out unless asked for.
  Result<std::vector<AssetContainer>> ListContainers(Transaction& transaction,
                                                     const AssetQuery& query) const;
  // Adds or replaces the container's own fields (properties, archive mark).
  Status SaveContainer(Transaction& transaction, const AssetContainer& container, Time now) const;
  // The labels that meant the version go with it; the container stays. kNotFound.
  Status DeleteVersion(Transaction& transaction, AssetKind kind, std::string_view name,
                       std::string_view version) const;
  // With all its versions. kNotFound.
  Status DeleteContainer(Transaction& transaction, AssetKind kind, std::string_view name) const;
  // kNotFound; kConflict if the new name is taken.
  Status RenameContainer(Transaction& transaction, AssetKind kind, std::string_view name,
                         std::string_view new_name) const;

 private:
  std::string workspace_;
};

// An asset of any workspace whose content lies at `place` or below it ("model m:1"), "" if there is
// none. `place` is part of an address, without a slash at its end. Reads all assets.
Result<std::string> NameOfAssetBelow(Transaction& transaction, std::string_view place);

}  // namespace lazurite
