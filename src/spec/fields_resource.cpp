#include "spec/tables.h"

namespace lazurite::spec {
namespace {

constexpr std::string_view kSchemaSentence =
    "Where editors find the JSON Schema of this file; never fetched.";
constexpr std::string_view kReadOnlySentence = "What `show` prints (read-only).";
constexpr std::string_view kTagsSentence = "Words to find it by.";
constexpr std::string_view kSizeSentence =
    "Size of an instance: Azure's name of a machine. Its cores, memory and GPUs are used, cut to "
    "what "
    "this machine has.";
constexpr std::string_view kIdentityTypes =
    "enum:system_assigned=SystemAssigned|user_assigned=UserAssigned|none=None|"
    "system_assigned_user_assigned=SystemAssigned,UserAssigned!";

constexpr Field kWorkspace[] = {
    {"$schema", "string", "", "", kSchemaSentence},
    {"name", "name!", "", "", "Name of the workspace."},
    {"location", "string", "local", "location", "Region; any word here."},
    {"resource_group", "string", "", "", "Resource group, if not the current one."},
    {"description", "string", "", "properties.description", "Text about the workspace."},
    {"display_name", "string", "", "properties.friendlyName", "What lists show."},
    {"tags", "map:string", "", "tags", kTagsSentence},
    {"hbi_workspace", "boolean", "false", "properties.hbiWorkspace",
     "Azure: sends less diagnostic data."},
    {"storage_account", "string", "", "properties.storageAccount", "Azure: storage account."},
    {"key_vault", "string", "", "properties.keyVault", "Azure: key vault."},
    {"container_registry", "string", "", "properties.containerRegistry",
     "Azure: container registry."},
    {"application_insights", "string", "", "properties.applicationInsights",
     "Azure: Application Insights."},
    {"customer_managed_key", "object", "", "", "Azure: a key of one's own."},
    {"customer_managed_key.key_vault", "string", "",
     "properties.encryption.keyVaultProperties.keyVaultArmId", "Its key vault."},
    {"customer_managed_key.key_uri", "string", "",
     "properties.encryption.keyVaultProperties.keyIdentifier", "Its address."},
    {"image_build_compute", "string", "", "properties.imageBuildCompute",
     "Compute that builds images."},
    {"public_network_access", "enum:enabled=Enabled|disabled=Disabled", "",
     "properties.publicNetworkAccess", "Azure: reachable from the internet."},
    {"managed_network", "map:any", "", "properties.managedNetwork", "Azure: network isolation."},
    {"primary_user_assigned_identity", "string", "", "properties.primaryUserAssignedIdentity",
     "Azure: the identity that the workspace uses."},
    {"identity", "object", "", "", "Azure: identities of the workspace."},
    {"identity.type", kIdentityTypes, "", "identity.type", "The kind of identity."},
    {"identity.user_assigned_identities", "any", "", "identity.userAssignedIdentities",
     "The identities by resource id."},
    {"identity.principal_id", "readonly", "", "identity.principalId", kReadOnlySentence},
    {"identity.tenant_id", "readonly", "", "identity.tenantId", kReadOnlySentence},
    {"mlflow_tracking_uri", "readonly", "", "properties.mlFlowTrackingUri", kReadOnlySentence},
    {"discovery_url", "readonly", "", "properties.discoveryUrl", kReadOnlySentence},
    {"id", "readonly", "", "", kReadOnlySentence},
    {"creation_context", "readonly", "", "", kReadOnlySentence},
    {"resourceGroup", "readonly", "", "", kReadOnlySentence},
};

#define LAZURITE_COMPUTE_HEAD                                                             \
  {"$schema", "string", "", "", kSchemaSentence},                                         \
      {"name", "name!", "", "", "Name of the compute."},                                  \
      {"location", "string", "local", "location", "Region; any word here."},              \
      {"description", "string", "", "properties.description", "Text about the compute."}, \
      {"tags", "map:string", "", "tags", kTagsSentence},                                  \
      {"size", "string", "", "properties.properties.vmSize", kSizeSentence},              \
      {"cpus", "integer:1..4096", "", "properties.properties.cpus",                       \
       "Cores of an instance; over those of its size."},                                  \
      {"memory", "string", "", "properties.properties.memory",                            \
       "Memory of an instance, such as 16GB or 512MiB; over that of its size."},          \
  {                                                                                       \
    "gpus", "integer:0..1024", "", "properties.properties.gpus",                          \
        "GPUs of an instance; over those of its size."                                    \
  }

#define LAZURITE_COMPUTE_TAIL                                                                      \
  {"ssh_public_access_enabled", "switch", "", "properties.properties.remoteLoginPortPublicAccess", \
   "Azure: SSH from outside."},                                                                    \
      {"ssh_settings", "object", "", "", "Azure: who may log in by SSH."},                         \
      {"ssh_settings.admin_username", "string", "",                                                \
       "properties.properties.userAccountCredentials.adminUserName", "User name."},                \
      {"ssh_settings.admin_password", "string", "",                                                \
       "properties.properties.userAccountCredentials.adminUserPassword", "Password."},             \
      {"ssh_settings.ssh_key_value", "string", "",                                                 \
       "properties.properties.userAccountCredentials.adminUserSshPublicKey", "Key."},              \
      {"network_settings", "object", "", "", "Azure: virtual network."},                           \
      {"network_settings.vnet_name", "string", "", "", "Network, beside a bare subnet."},          \
      {"network_settings.subnet", "string", "", "properties.properties.subnet.id", "Subnet."},     \
      {"enable_node_public_ip", "boolean", "true", "properties.properties.enableNodePublicIp",     \
       "Azure: a public address."},                                                                \
      {"identity", "object", "", "", "Azure: identities of the nodes."},                           \
      {"identity.type", kIdentityTypes, "", "identity.type", "The kind of identity."},             \
      {"identity.user_assigned_identities", "any", "", "identity.userAssignedIdentities",          \
       "The identities by resource id."},                                                          \
      {"provisioning_state", "readonly", "", "properties.provisioningState", kReadOnlySentence},   \
      {"provisioning_errors", "readonly", "", "properties.provisioningErrors", kReadOnlySentence}, \
      {"created_on", "readonly", "", "properties.createdOn", kReadOnlySentence},                   \
      {"resource_id", "readonly", "", "properties.resourceId", kReadOnlySentence},                 \
      {"id", "readonly", "", "", kReadOnlySentence},                                               \
      {"creation_context", "readonly", "", "", kReadOnlySentence},                                 \
      {"resourceGroup", "readonly", "", "", kReadOnlySentence},                                    \
      {"os_type", "readonly", "", "", kReadOnlySentence},                                          \
      {"disable_local_auth", "readonly", "", "", kReadOnlySentence},                               \
      {"is_attached_compute", "readonly", "", "", kReadOnlySentence},                              \
      {"compute_location", "readonly", "", "", kReadOnlySentence},                                 \
      {"modified_on", "readonly", "", "", kReadOnlySentence}, {                                    \
    "lazurite", "readonly", "", "", kReadOnlySentence                                              \
  }

constexpr Field kAmlCompute[] = {
    LAZURITE_COMPUTE_HEAD,
    {"type", "enum:amlcompute=AmlCompute!", "", "properties.computeType",
     "The kind of compute: amlcompute, a share of this machine."},
    {"tier", "enum:dedicated=Dedicated|low_priority=LowPriority", "dedicated",
     "properties.properties.vmPriority",
     "low_priority: its jobs give way to others, as with queue_settings.job_tier: spot."},
    {"min_instances", "integer:0..1024", "0", "properties.properties.scaleSettings.minNodeCount",
     "Fewest nodes."},
    {"max_instances", "integer:0..1024", "4", "properties.properties.scaleSettings.maxNodeCount",
     "Most instances at the same time; 0: it takes no jobs, they wait."},
    {"idle_time_before_scale_down", "seconds:0..315360000", "120",
     "properties.properties.scaleSettings.nodeIdleTimeBeforeScaleDown",
     "Seconds after which an idle node is given back."},
    LAZURITE_COMPUTE_TAIL,
};

constexpr Field kComputeInstance[] = {
    LAZURITE_COMPUTE_HEAD,
    {"type", "enum:computeinstance=ComputeInstance!", "", "properties.computeType",
     "The kind of compute: computeinstance, one machine for one person."},
    {"idle_time_before_shutdown", "string", "", "properties.properties.idleTimeBeforeShutdown",
     "How long it may idle, such as PT30M."},
    {"idle_time_before_shutdown_minutes", "minutes", "",
     "properties.properties.idleTimeBeforeShutdown", "The same in minutes."},
    {"schedules", "map:any", "", "properties.properties.schedules", "When it starts and stops."},
    {"setup_scripts", "map:any", "", "properties.properties.setupScripts",
     "Scripts run when it is made or starts."},
    {"custom_applications", "any", "", "properties.properties.customServices",
     "More applications."},
    {"create_on_behalf_of", "object", "", "", "The person it is for."},
    {"create_on_behalf_of.user_tenant_id", "string", "",
     "properties.properties.personalComputeInstanceSettings.assignedUser.tenantId", "Tenant."},
    {"create_on_behalf_of.user_object_id", "string", "",
     "properties.properties.personalComputeInstanceSettings.assignedUser.objectId", "Person."},
    {"enable_sso", "boolean", "true", "properties.properties.enableSSO", "Azure: single sign-on."},
    {"enable_root_access", "boolean", "true", "properties.properties.enableRootAccess",
     "Azure: sudo."},
    {"enable_os_patching", "boolean", "false", "properties.properties.enableOSPatching",
     "Azure: patches the system."},
    {"release_quota_on_stop", "boolean", "false", "properties.properties.releaseQuotaOnStop",
     "Azure: gives its quota back."},
    {"state", "readonly", "", "properties.properties.state", kReadOnlySentence},
    {"last_operation", "readonly", "", "properties.properties.lastOperation", kReadOnlySentence},
    {"services", "readonly", "", "properties.properties.applications", kReadOnlySentence},
    LAZURITE_COMPUTE_TAIL,
};

#define LAZURITE_DATASTORE_HEAD(word, rest_word)                                            \
  {"$schema", "string", "", "", kSchemaSentence},                                           \
      {"name", "name!", "", "", "Name of the datastore."},                                  \
      {"type", "enum:" word "=" rest_word "!", "", "properties.datastoreType",              \
       "The kind of storage."},                                                             \
      {"description", "string", "", "properties.description", "Text about the datastore."}, \
      {"tags", "map:string", "", "properties.tags", kTagsSentence}, {                       \
    "properties", "map:string", "", "properties.properties", "Facts about it."              \
  }

#define LAZURITE_DATASTORE_TAIL                                                                  \
  {"credentials", "object", "", "", "How to get in; without them, as who asks."},                \
      {"credentials.account_key", "string", "", "properties.credentials.secrets.key",            \
       "Key of the storage account."},                                                           \
      {"credentials.sas_token", "string", "", "properties.credentials.secrets.sasToken",         \
       "Shared access signature."},                                                              \
      {"credentials.tenant_id", "string", "", "properties.credentials.tenantId",                 \
       "Tenant of a service principal."},                                                        \
      {"credentials.client_id", "string", "", "properties.credentials.clientId",                 \
       "Service principal."},                                                                    \
      {"credentials.client_secret", "string", "", "properties.credentials.secrets.clientSecret", \
       "Its secret."},                                                                           \
      {"credentials.authority_url", "string", "", "properties.credentials.authorityUrl",         \
       "Where it signs in."},                                                                    \
      {"credentials.resource_url", "string", "", "properties.credentials.resourceUrl",           \
       "What it signs in for."},                                                                 \
      {"id", "readonly", "", "", kReadOnlySentence},                                             \
      {"is_default", "readonly", "", "properties.isDefault", kReadOnlySentence},                 \
      {"creation_context", "readonly", "", "", kReadOnlySentence}, {                             \
    "resourceGroup", "readonly", "", "", kReadOnlySentence                                       \
  }

#define LAZURITE_ACCOUNT                                                                    \
  {"account_name", "string!", "", "properties.accountName", "Storage account."},            \
      {"protocol", "string", "https", "properties.protocol", "https or wasbs."}, {          \
    "endpoint", "string", "core.windows.net", "properties.endpoint", "Domain of the cloud." \
  }

constexpr Field kBlobDatastore[] = {
    LAZURITE_DATASTORE_HEAD("azure_blob", "AzureBlob"),
    LAZURITE_ACCOUNT,
    {"container_name", "string!", "", "properties.containerName", "Container of the account."},
    LAZURITE_DATASTORE_TAIL,
};

constexpr Field kFileDatastore[] = {
    LAZURITE_DATASTORE_HEAD("azure_file", "AzureFile"),
    LAZURITE_ACCOUNT,
    {"file_share_name", "string!", "", "properties.fileShareName", "File share of the account."},
    LAZURITE_DATASTORE_TAIL,
};

constexpr Field kLakeDatastore[] = {
    LAZURITE_DATASTORE_HEAD("azure_data_lake_gen2", "AzureDataLakeGen2"),
    LAZURITE_ACCOUNT,
    {"filesystem", "string!", "", "properties.filesystem", "File system of the account."},
    LAZURITE_DATASTORE_TAIL,
};

constexpr Field kOldLakeDatastore[] = {
    LAZURITE_DATASTORE_HEAD("azure_data_lake_gen1", "AzureDataLakeGen1"),
    {"store_name", "string!", "", "properties.storeName", "Name of the store."},
    LAZURITE_DATASTORE_TAIL,
};

}  // namespace

std::span<const Field> WorkspaceFields() { return kWorkspace; }
std::span<const Field> AmlComputeFields() { return kAmlCompute; }
std::span<const Field> ComputeInstanceFields() { return kComputeInstance; }
std::span<const Field> BlobDatastoreFields() { return kBlobDatastore; }
std::span<const Field> FileDatastoreFields() { return kFileDatastore; }
std::span<const Field> LakeDatastoreFields() { return kLakeDatastore; }
std::span<const Field> OldLakeDatastoreFields() { return kOldLakeDatastore; }

}  // namespace lazurite::spec
