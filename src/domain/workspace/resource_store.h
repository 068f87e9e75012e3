// Named things without versions: workspaces, datastores, computes. Every function works inside the
// caller's transaction. Upper and lower case are the same in names, as Azure has it; they are given
// back as they were first written.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "storage/sql/database.h"

namespace lazurite {

enum class ResourceKind : unsigned char { kWorkspace, kDatastore, kCompute };

struct Resource {
  ResourceKind kind = ResourceKind::kDatastore;
  std::string workspace = "default";  // its own name for a workspace
  std::string name;
  // What the client wrote beside `properties`: {"location", "tags", "identity", …}; and
  // `properties` itself.
  Json envelope = Json::MakeObject();
  Json properties = Json::MakeObject();
  Time created{};
  std::string created_by;
  Time modified{};
};

class ResourceStore final {
 public:
  // Adds or replaces; `created` and `created_by` of an existing one stay. True if it is new.
  Result<bool> Put(Transaction& transaction, const Resource& resource, Time now) const;
  Result<std::optional<Resource>> Find(Transaction& transaction, ResourceKind kind,
                                       std::string_view workspace, std::string_view name) const;
  // Sorted by name; of workspaces all, whatever `workspace` says.
  Result<std::vector<Resource>> List(Transaction& transaction, ResourceKind kind,
                                     std::string_view workspace) const;
  // False if it was not there.
  Result<bool> Delete(Transaction& transaction, ResourceKind kind, std::string_view workspace,
                      std::string_view name) const;
};

// The workspace's name as it was first written; the one that is always there is kDefaultWorkspace.
// kNotFound.
Result<std::string> FindWorkspace(Transaction& transaction, std::string_view name);

// When the home was made, and with it what is always there.
Result<Time> HomeCreated(Transaction& transaction);

}  // namespace lazurite
