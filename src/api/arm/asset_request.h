// What the routes of versions and of containers share. Only for this folder.
#pragma once

#include <span>
#include <string>

#include "api/arm/arm.h"
#include "domain/asset/asset_store.h"

namespace lazurite::arm {

inline constexpr NameRule kAssetName{.what = "asset", .extra = "-_. "};

// One request about assets of a kind.
struct AssetRequest {
  const ApiContext& context;
  AssetKind kind;
  Scope scope;
  std::string name;
  std::string version;
  std::string caller;

  std::string Kind() const { return std::string(ToText(kind)); }
  AssetStore Store() const { return AssetStore(scope.workspace); }
};

AssetRequest Ask(const ApiContext& context, AssetKind kind, const Request& request);

using AssetAction = Task<Result<Response>> (*)(const ApiContext&, AssetKind, Request&);
struct AssetRoute {
  std::string_view method;
  std::string_view path;  // below the collection
  AssetAction action;
};
std::span<const AssetRoute> VersionRoutes();
std::span<const AssetRoute> ContainerRoutes();

Json VersionResource(const AssetRequest& asked, const AssetVersion& version);
Json ContainerResource(const AssetRequest& asked, const AssetContainer& container);

}  // namespace lazurite::arm
