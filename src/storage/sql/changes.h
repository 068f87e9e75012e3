// The table of changes, read: who keeps something in memory learns from it what to refresh.
#pragma once

#include "storage/sql/database.h"

namespace lazurite {

// The number of the newest change; 0 if there has been none.
Result<int64_t> NewestChange(Transaction& transaction);

}  // namespace lazurite
