// Names of deleted jobs may be given again; files of the old job must not look like the new one's.
#pragma once

#include <string>

#include "api/http/context.h"

namespace lazurite::arm {

// If a job called `job` was deleted, moves its artifacts and outputs out of the way, to be removed
// when the server starts next. kConflict if an asset is made of them: then they stay where they
// are.
Status ClearReusedName(Transaction& transaction, const ApiContext& context, const std::string& job);

}  // namespace lazurite::arm
