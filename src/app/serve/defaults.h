// What every home has from the start.
#pragma once

#include "base/clock.h"
#include "storage/sql/database.h"

namespace lazurite::serve {

// The workspace "default", Azure ML's four built-in datastores, and the compute "local" (one
// instance for each core). Leaves alone what is there, but for the size of "local", which follows
// the machine.
Status AddDefaults(Database& database, int cores, Time now);

}  // namespace lazurite::serve
