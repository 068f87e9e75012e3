#include "domain/model/lineage.h"

#include "domain/job/job_store.h"
#include "domain/workspace/resource_id.h"

namespace lazurite {

Status AddLineage(Transaction& transaction, Json& properties) {
  const std::string name = properties.GetString("jobName");
  if (name.empty()) return {};
  ASSIGN_OR_RETURN(const std::optional<Job> job, JobStore().Find(transaction, name));
  const Json* inputs = job ? job->detail.Find("inputs") : nullptr;
  if (inputs == nullptr || !inputs->is_array()) return {};
  std::string read;
  for (const Json& input : inputs->array()) {
    const Result<AssetReference> asset = ParseAssetReference(input.GetString("asset"));
    if (!asset.ok() || asset->version.empty()) continue;
    read += (read.empty() ? "azureml:" : " azureml:") + asset->name + ":" + asset->version;
  }
  if (read.empty()) return {};
  Json* own = properties.Find("properties");
  if (own == nullptr || !own->is_object()) properties["properties"] = Json::MakeObject();
  properties["properties"]["lazurite_data"] = read;
  return {};
}

}  // namespace lazurite
