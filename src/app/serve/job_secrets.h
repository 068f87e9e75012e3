// What an attempt gets beside its spec.
#pragma once

#include "domain/attempt/attempt.h"
#include "domain/identity/identity.h"
#include "domain/job/job_store.h"
#include "domain/secret/vault.h"
#include "storage/sql/database.h"

namespace lazurite::serve {

struct SecretSources {
  Database& database;
  const Identity& identity;
  const Vault& vault;
};

// The job's token, and those of its environment variables that name secrets, with their values. Not
// for a loop's thread. kNotFound, kFailedPrecondition: a secret is gone or cannot be opened.
Result<AttemptSecrets> MakeSecrets(const SecretSources& sources, const Job& job);

}  // namespace lazurite::serve
