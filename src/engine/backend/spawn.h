// Starting a runner, or the process that starts runners.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/status.h"

namespace lazurite::backend {

// Starts `<program> runner <attempt_folder>`: leader of a session of its own, no descriptor of
// ours, default signals, output appended to system_logs/runner.txt. kUnavailable if there is no
// room for another process now.
Result<pid_t> SpawnRunner(const std::string& program, const std::string& attempt_folder);

// Set for a nursery: all symbols are looked up once, before the forks.
inline constexpr const char* kBindNow = "LD_BIND_NOW";

// Starts `<program> runner --nursery` in the same way, with `socket` as its standard input and no
// output, by the command `scope` (scope.h) if there is one.
Result<pid_t> SpawnNursery(const std::string& program, int socket,
                           const std::vector<std::string>& scope = {});

}  // namespace lazurite::backend
