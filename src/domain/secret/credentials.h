// The credentials that people give with a datastore (account keys, SAS), kept sealed beside the
// rest of it: `properties.credentials.sealed` stands where `secrets` stood.
#pragma once

#include <string>

#include "base/json.h"
#include "domain/secret/vault.h"
#include "domain/workspace/resource_store.h"

namespace lazurite {

// Seals what `properties.credentials.secrets` says. If it says nothing, what `before` (the same
// datastore, or nullptr) has of the same type stays: no client can give back what it never got.
void SealCredentials(const Vault& vault, const Resource* before, Resource& datastore);
// Whether both name the same place, to which the same identity is shown, so that credentials of one
// go nowhere else as the other's.
bool IsSameTarget(const Resource& one, const Resource& other);
// The secrets as they were given, {} if there are none. kFailedPrecondition if they cannot be
// opened.
Result<Json> OpenCredentials(const Vault& vault, const Resource& datastore);
// For answers: neither secrets nor what is sealed.
void HideCredentials(Json& properties);
// Whether no datastore has credentials that an older program kept in the open.
Result<bool> AreCredentialsSealed(Transaction& transaction);
// Seals those.
Status SealOldCredentials(Transaction& transaction, const Vault& vault);

}  // namespace lazurite
