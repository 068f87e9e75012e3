// Azure's curated environments that can be made here, as assets: everybody has them and nobody has
// registered them.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/asset/asset_store.h"

namespace lazurite::arm {

// All of them, by name: "AzureML-sklearn-1.5".
std::vector<AssetContainer> CuratedContainers(Time created);
// The one version of the environment that `name` means, whatever the version is called; nothing if
// it is none of them.
std::optional<AssetVersion> CuratedVersion(std::string_view name, Time created);

}  // namespace lazurite::arm
