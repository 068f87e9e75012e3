// Takes in logging calls that a runner answered while the server was away.
#pragma once

#include <string>
#include <string_view>

#include "base/id.h"
#include "domain/attempt/spool.h"
#include "storage/sql/database.h"

namespace lazurite {

// Applies one call as if `job` had made it now, in one transaction with its id: the second time it
// changes nothing. Blocks; not for loop threads. "" if it was taken; else why the server refuses it
// (a param with another value, a run that is deleted, a line that cannot be read): trying again
// would not help. An error that is worth waiting for (base/worth_waiting.h)
// means: try again later.
Result<std::string> ApplySpoolEntry(Database& database, const SpoolEntry& entry,
                                    std::string_view job, Time now);

}  // namespace lazurite
