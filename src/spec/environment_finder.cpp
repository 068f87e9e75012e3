#include "spec/environment_finder.h"

#include "base/text.h"
#include "domain/asset/asset_store.h"
#include "domain/workspace/resource_id.h"
#include "spec/environment_reader.h"

namespace lazurite::spec {
namespace {

constexpr std::string_view kCuratedPrefix = "azureml-";

}  // namespace

Result<EnvironmentSpec> FindEnvironment(Transaction& transaction, std::string_view workspace,
                                        const std::string& reference) {
  ASSIGN_OR_RETURN(const AssetReference parts, ParseAssetReference(reference));
  EnvironmentSpec spec;
  spec.name = parts.name;
  spec.version = parts.version;
  if (!parts.registry.empty()) return spec;
  const Result<AssetVersion> found =
      AssetStore(std::string(workspace)).Resolve(transaction, AssetKind::kEnvironment, reference);
  if (found.ok()) return ReadEnvironment(found->name, found->version, found->properties);
  const bool is_curated = Lower(parts.name).starts_with(kCuratedPrefix);
  if (is_curated && found.status().code() == Code::kNotFound) return spec;
  return found.status();
}

}  // namespace lazurite::spec
