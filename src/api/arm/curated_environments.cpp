#include "api/arm/curated_environments.h"

#include <algorithm>

#include "base/text.h"
#include "domain/environment/curated.h"

namespace lazurite::arm {
namespace {

constexpr std::string_view kPrefix = "AzureML-";
constexpr std::string_view kOnlyVersion = "1";
constexpr std::string_view kImages = "mcr.microsoft.com/azureml/curated/";

Json PropertiesOf(const CuratedEnvironment& curated) {
  std::string conda = "name: " + curated.name + "\ndependencies:\n";
  conda += "- python" + (curated.python.empty() ? "" : "=" + curated.python) + "\n- pip\n- pip:\n";
  for (const std::string& package : curated.packages) conda += "  - \"" + package + "\"\n";
  Json properties = Json::MakeObject();
  properties["description"] =
      "curated: packages from PyPI in place of Azure ML's image; jobs name it azureml:" +
      std::string(kPrefix) + curated.name + "@latest";
  properties["tags"]["curated"] = "true";
  properties["image"] = std::string(kImages) + curated.name + ":" + std::string(kOnlyVersion);
  properties["condaFile"] = conda;
  properties["osType"] = "Linux";
  return properties;
}

}  // namespace

std::optional<AssetVersion> CuratedVersion(std::string_view name, Time created) {
  if (!Lower(name).starts_with(Lower(kPrefix))) return std::nullopt;
  const std::optional<CuratedEnvironment> curated = FindCurated(name);
  if (!curated) return std::nullopt;
  AssetVersion version;
  version.kind = AssetKind::kEnvironment;
  version.name = name;
  version.version = kOnlyVersion;
  version.properties = PropertiesOf(*curated);
  version.created = version.modified = created;
  return version;
}

std::vector<AssetContainer> CuratedContainers(Time created) {
  std::vector<std::string> names = CuratedNames();
  std::sort(names.begin(), names.end());
  std::vector<AssetContainer> containers;
  for (const std::string& name : names) {
    // "tensorflow-2." stands for the releases that have no row of their own.
    if (name.ends_with('.')) continue;
    const std::optional<AssetVersion> version =
        CuratedVersion(std::string(kPrefix) + name, created);
    if (!version) continue;
    AssetContainer container;
    container.kind = AssetKind::kEnvironment;
    container.name = version->name;
    container.latest_version = kOnlyVersion;
    container.next_version = "2";
    for (const std::string_view key : {"description", "tags"}) {
      container.properties[key] = *version->properties.Find(key);
    }
    container.created = container.modified = created;
    containers.push_back(std::move(container));
  }
  return containers;
}

}  // namespace lazurite::arm
