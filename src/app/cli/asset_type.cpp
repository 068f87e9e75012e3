#include "app/cli/asset_type.h"

#include "base/http/target.h"
#include "base/text.h"
#include "domain/workspace/resource_id.h"

namespace lazurite::cli {
namespace {

constexpr std::string_view kData = "data";
constexpr std::string_view kModels = "models";

std::string TypeIn(Server& server, std::string_view collection, const AssetReference& asset) {
  const std::string label = asset.label.empty() ? "latest" : asset.label;
  const std::string end = asset.version.empty() ? "/labels/" + UrlEncode(label)
                                                : "/versions/" + UrlEncode(asset.version);
  const std::string rest = std::string(collection) + "/" + UrlEncode(asset.name) + end;
  const Result<Json> found = server.Get(server.Workspace(rest));
  if (!found.ok()) return "";
  const Json* properties = found->Find("properties");
  if (properties == nullptr) return "";
  return properties->GetString(collection == kData ? "dataType" : "modelType");
}

}  // namespace

std::string AssetTypeOf(Server& server, const std::string& uri) {
  const Result<DataUri> parsed = ParseDataUri(uri);
  if (!parsed.ok() || parsed->kind != DataUri::Kind::kAsset) return "";
  const AssetReference& asset = parsed->asset;
  if (!asset.registry.empty()) return "";
  std::string type;
  if (asset.collection != kModels) type = TypeIn(server, kData, asset);
  if (type.empty() && asset.collection != kData) type = TypeIn(server, kModels, asset);
  return type;
}

}  // namespace lazurite::cli
