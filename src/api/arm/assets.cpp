// data, environments, models, codes and components: one table of routes for each of them.
#include "api/arm/asset_request.h"

namespace lazurite::arm {
namespace {

Task<Response> Answer(const ApiContext& context, AssetKind kind, AssetAction action,
                      Request& request) {
  const Status checked = CheckNoFilter(request);
  if (!checked.ok()) co_return AzureError(checked);
  Result<Response> result = co_await action(context, kind, request);
  if (!result.ok()) co_return AzureError(result.status());
  co_return std::move(result).value();
}

void AddRoutes(Router& router, const ApiContext& context, std::span<const AssetRoute> routes) {
  for (const AssetKind kind : {AssetKind::kData, AssetKind::kEnvironment, AssetKind::kModel,
                               AssetKind::kCode, AssetKind::kComponent}) {
    for (const AssetRoute& route : routes) {
      const AssetAction action = route.action;
      router.Add(route.method,
                 kWorkspace + "/" + std::string(ToText(kind)) + std::string(route.path),
                 [&context, kind, action](Request& request) {
                   return Answer(context, kind, action, request);
                 });
    }
  }
}

}  // namespace

AssetRequest Ask(const ApiContext& context, AssetKind kind, const Request& request) {
  return {context,
          kind,
          ScopeOf(request),
          std::string(request.Param("name")),
          std::string(request.Param("version")),
          CallerName(request)};
}

Json VersionResource(const AssetRequest& asked, const AssetVersion& version) {
  Json properties = version.properties;
  properties["isArchived"] = version.is_archived;
  properties["isAnonymous"] = version.is_anonymous;
  for (const std::string_view key : {"tags", "properties"}) {
    if (!properties[key].is_object()) properties[key] = Json::MakeObject();
  }
  if (version.kind == AssetKind::kModel && !properties["flavors"].is_object()) {
    properties["flavors"] = Json::MakeObject();
  }
  Json* build = properties.Find("build");
  if (build != nullptr && build->is_object() && build->GetString("dockerfilePath").empty()) {
    (*build)["dockerfilePath"] = "Dockerfile";
  }
  properties["provisioningState"] = "Succeeded";
  return Envelope(VersionId(asked.scope, asked.Kind(), version.name, version.version),
                  version.version, asked.Kind() + "/versions", std::move(properties),
                  {version.created, version.created_by, version.modified});
}

Json ContainerResource(const AssetRequest& asked, const AssetContainer& container) {
  Json properties = container.properties;
  for (const std::string_view key : {"tags", "properties"}) {
    if (!properties[key].is_object()) properties[key] = Json::MakeObject();
  }
  properties["isArchived"] = container.is_archived;
  properties["latestVersion"] =
      container.latest_version.empty() ? Json() : Json(container.latest_version);
  properties["nextVersion"] = container.next_version;
  properties["provisioningState"] = "Succeeded";
  return Envelope(ResourceId(asked.scope, asked.Kind(), container.name), container.name,
                  asked.Kind(), std::move(properties), {container.created, "", container.modified});
}

void AddAssetRoutes(Router& router, const ApiContext& context) {
  AddRoutes(router, context, ContainerRoutes());
  AddRoutes(router, context, VersionRoutes());
}

}  // namespace lazurite::arm
