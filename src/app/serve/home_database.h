// The home's database, opened by the program's version that fits it.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "storage/sql/database.h"

namespace lazurite::serve {

// Opens or makes it; an older one is brought up to date, and what it was is kept beside it.
// kFailedPrecondition: a newer program has written it; the text names both versions and the way
// out. Notes in the home which version serves it.
Result<std::unique_ptr<Database>> OpenDatabase(const std::string& home);

}  // namespace lazurite::serve
