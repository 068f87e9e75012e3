#include "app/serve/defaults.h"

#include "domain/workspace/places.h"
#include "domain/workspace/resource_id.h"
#include "domain/workspace/resource_store.h"

namespace lazurite::serve {
namespace {

constexpr std::string_view kLocation = "local";
constexpr std::string_view kLocalCompute = "local";

Resource Named(ResourceKind kind, std::string_view name) {
  Resource resource;
  resource.kind = kind;
  resource.name = name;
  return resource;
}

Resource WorkspaceResource() {
  Resource workspace = Named(ResourceKind::kWorkspace, kDefaultWorkspace);
  workspace.workspace = workspace.name;
  workspace.envelope["location"] = kLocation;
  workspace.properties["friendlyName"] = workspace.name;
  workspace.properties["description"] = "the workspace that every home has";
  return workspace;
}

Resource DatastoreResource(std::string_view name, std::string_view type,
                           std::string_view container) {
  Resource datastore = Named(ResourceKind::kDatastore, name);
  Json& properties = datastore.properties;
  properties["datastoreType"] = type;
  properties["accountName"] = "lazurite";
  properties[type == "AzureFile" ? "fileShareName" : "containerName"] = container;
  properties["endpoint"] = "core.windows.net";
  properties["protocol"] = "https";
  properties["isDefault"] = name == kBlobDatastore;
  properties.Set("credentials.credentialsType", "Sas");
  properties["serviceDataAccessAuthIdentity"] = "None";
  return datastore;
}

Resource ComputeResource(int cores) {
  Resource compute = Named(ResourceKind::kCompute, kLocalCompute);
  compute.envelope["location"] = kLocation;
  compute.properties["computeType"] = "AmlCompute";
  compute.properties["description"] = "this machine: an instance for each core";
  compute.properties.Set("properties.vmSize", "local");
  compute.properties.Set("properties.osType", "Linux");
  compute.properties.Set("properties.scaleSettings.minNodeCount", 0);
  compute.properties.Set("properties.scaleSettings.maxNodeCount", cores);
  return compute;
}

Status PutIfMissing(Transaction& transaction, const Resource& resource, Time now) {
  const ResourceStore store;
  ASSIGN_OR_RETURN(const auto found,
                   store.Find(transaction, resource.kind, resource.workspace, resource.name));
  return found ? Status() : store.Put(transaction, resource, now).status();
}

// Writes only what differs: most starts change nothing and need no commit.
Status PutLocalCompute(Transaction& transaction, int cores, Time now) {
  const ResourceStore store;
  ASSIGN_OR_RETURN(auto found, store.Find(transaction, ResourceKind::kCompute, kDefaultWorkspace,
                                          kLocalCompute));
  if (!found) return store.Put(transaction, ComputeResource(cores), now).status();
  constexpr std::string_view kPath = "properties.scaleSettings.maxNodeCount";
  const Json* instances = found->properties.At(kPath);
  if (instances != nullptr && *instances == Json(cores)) return {};
  found->properties.Set(kPath, cores);
  return store.Put(transaction, *found, now).status();
}

}  // namespace

Status AddDefaults(Database& database, int cores, Time now) {
  return database.WriteNow([cores, now](Transaction& transaction) {
    TRY(PutIfMissing(transaction, WorkspaceResource(), now));
    for (const auto& [name, type, container] :
         {std::tuple(kBlobDatastore, "AzureBlob", "azureml-blobstore"),
          std::tuple(kArtifactDatastore, "AzureBlob", "azureml"),
          std::tuple(kFileDatastore, "AzureFile", "azureml-filestore"),
          std::tuple(kWorkingDatastore, "AzureFile", "code")}) {
      TRY(PutIfMissing(transaction, DatastoreResource(name, type, container), now));
    }
    return PutLocalCompute(transaction, cores, now);
  });
}

}  // namespace lazurite::serve
