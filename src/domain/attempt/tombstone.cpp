#include "domain/attempt/tombstone.h"

#include "base/file.h"
#include "base/hash.h"

namespace lazurite {
namespace {

// No job's name begins with a dot.
constexpr std::string_view kPrefix = ".deleted-";
constexpr size_t kRandomBytes = 8;

}  // namespace

Result<std::string> Bury(const std::string& home, const std::string& path) {
  const std::string grave =
      home + "/jobs/" + std::string(kPrefix) + HexEncode(RandomBytes(kRandomBytes));
  Status moved = Rename(path, grave);
  if (moved.ok()) return grave;
  if (!Exists(path)) return std::string();
  return std::move(moved).With(path);
}

Status RemoveBuried(const std::string& home) {
  const std::string jobs = home + "/jobs";
  if (!Exists(jobs)) return {};
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDir(jobs));
  Status result;
  for (const std::string& name : names) {
    if (!name.starts_with(kPrefix)) continue;
    Status removed = RemoveTree(JoinPath(jobs, name));
    if (!removed.ok()) result = std::move(removed);
  }
  return result;
}

}  // namespace lazurite
