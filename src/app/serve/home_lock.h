// One server for one home.
#pragma once

#include <string>

#include "base/file.h"
#include "base/status.h"

namespace lazurite::serve {

// Makes the home (0700) and locks it; the lock lives as long as the descriptor. kConflict: another
// server has it, with its pid; kFailedPrecondition: the home cannot be written to.
Result<Fd> LockHome(const std::string& home);

}  // namespace lazurite::serve
