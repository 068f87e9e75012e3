// The home's database, opened by the program's version that fits it.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "domain/secret/vault.h"
#include "storage/sql/database.h"

namespace lazurite::serve {

// Opens or makes it; an older one is brought up to date, and what it was is kept beside it.
// kFailedPrecondition: a newer program has written it; the text names both versions and the way
// out. Notes in the home which version serves it.
Result<std::unique_ptr<Database>> OpenDatabase(const std::string& home);

// Seals the credentials of datastores that an older program kept in the open, and ends what else of
// the home holds them: copies of the database, and its free pages. Before anybody else uses it.
Status SealOldHome(const std::string& home, Database& database, const Vault& vault);

}  // namespace lazurite::serve
