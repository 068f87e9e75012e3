// Takes in logging calls that a runner answered while the server was away.
#pragma once

#include <string_view>

#include "base/id.h"
#include "domain/attempt/spool.h"
#include "storage/sql/database.h"

namespace lazurite {

// Applies one call as if `job` had made it now, in one transaction with its id: the second time it
// changes nothing. Blocks; not for loop threads. A call that the server would have refused (a param
// with another value, a run that is deleted) is dropped with a warning in the log and OK: trying
// again would not help. An error means: try again later.
Status ApplySpoolEntry(Database& database, const SpoolEntry& entry, std::string_view job, Time now);

}  // namespace lazurite
