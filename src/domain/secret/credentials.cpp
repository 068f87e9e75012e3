#include "domain/secret/credentials.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace lazurite {
namespace {

constexpr std::string_view kSecrets = "secrets";
constexpr std::string_view kSealed = "sealed";
constexpr std::string_view kType = "credentialsType";

std::string PlaceOf(const Resource& datastore) {
  return "datastore/" + Lower(datastore.workspace) + "/" + Lower(datastore.name);
}

Json* CredentialsOf(Json& properties) {
  Json* credentials = properties.Find("credentials");
  return credentials != nullptr && credentials->is_object() ? credentials : nullptr;
}

// What of a datastore has no say in where its credentials are shown.
constexpr auto kNoTarget = std::to_array<std::string_view>(
    {"tags", "description", "properties", "isDefault", "subscriptionId", "resourceGroup",
     "serviceDataAccessAuthIdentity"});

// Members in one order, and none that says nothing.
Json Plain(const Json& json) {
  if (!json.is_object()) return json;
  Json::Object members;
  for (const auto& [key, value] : json.object()) {
    if (!value.is_null()) members.emplace_back(key, Plain(value));
  }
  std::ranges::sort(members, {}, &Json::Member::first);
  return Json(std::move(members));
}

Json TargetOf(Json properties) {
  HideCredentials(properties);
  for (const std::string_view key : kNoTarget) properties.Erase(key);
  return Plain(properties);
}

// Datastores of all workspaces whose credentials lie open.
Result<std::vector<Resource>> OpenOnes(Transaction& transaction) {
  const ResourceStore store;
  ASSIGN_OR_RETURN(std::vector<Resource> workspaces,
                   store.List(transaction, ResourceKind::kWorkspace, ""));
  // The first one need not have been written down.
  workspaces.emplace_back();
  workspaces.back().name = workspaces.back().workspace;
  std::vector<Resource> found;
  for (const Resource& workspace : workspaces) {
    ASSIGN_OR_RETURN(std::vector<Resource> datastores,
                     store.List(transaction, ResourceKind::kDatastore, workspace.name));
    for (Resource& datastore : datastores) {
      const Json* open = datastore.properties.At("credentials.secrets");
      if (open != nullptr && !open->is_null()) found.push_back(std::move(datastore));
    }
  }
  return found;
}

}  // namespace

void SealCredentials(const Vault& vault, const Resource* before, Resource& datastore) {
  Json* credentials = CredentialsOf(datastore.properties);
  if (credentials == nullptr) return;
  credentials->Erase(kSealed);
  const Json* secrets = credentials->Find(kSecrets);
  if (secrets != nullptr && !secrets->is_null()) {
    (*credentials)[kSealed] = vault.Seal(secrets->Dump(), PlaceOf(datastore));
  } else if (before != nullptr) {
    const Json* old = before->properties.Find("credentials");
    const bool is_same_type =
        old != nullptr && old->GetString(kType) == credentials->GetString(kType);
    if (is_same_type && old->Find(kSealed) != nullptr)
      (*credentials)[kSealed] = *old->Find(kSealed);
  }
  credentials->Erase(kSecrets);
}

bool IsSameTarget(const Resource& one, const Resource& other) {
  return TargetOf(one.properties) == TargetOf(other.properties);
}

Result<Json> OpenCredentials(const Vault& vault, const Resource& datastore) {
  const Json* sealed = datastore.properties.At("credentials.sealed");
  if (sealed == nullptr || !sealed->is_string()) return Json::MakeObject();
  const Result<std::string> text = vault.Unseal(sealed->string(), PlaceOf(datastore));
  if (text.ok()) return Json::Parse(*text);
  return FailedPrecondition("the credentials of datastore \"" + datastore.name +
                            "\" cannot be opened: " + text.status().text() +
                            "; create the datastore again with its credentials");
}

void HideCredentials(Json& properties) {
  Json* credentials = CredentialsOf(properties);
  if (credentials == nullptr) return;
  credentials->Erase(kSecrets);
  credentials->Erase(kSealed);
}

Result<bool> AreCredentialsSealed(Transaction& transaction) {
  ASSIGN_OR_RETURN(const std::vector<Resource> datastores, OpenOnes(transaction));
  return datastores.empty();
}

Status SealOldCredentials(Transaction& transaction, const Vault& vault) {
  ASSIGN_OR_RETURN(std::vector<Resource> datastores, OpenOnes(transaction));
  for (Resource& datastore : datastores) {
    SealCredentials(vault, nullptr, datastore);
    TRY(ResourceStore().Put(transaction, datastore, datastore.modified).status());
  }
  return {};
}

}  // namespace lazurite
