// `lazurite serve` and `lazurite runner`: everything below put together.
#pragma once

#include <string>
#include <vector>

namespace lazurite {

// Serves in the foreground until SIGTERM or SIGINT. Exit codes as the command line's: 0 stopped in
// order, 1 failed, 2 wrong usage, 5 the port or the home is taken.
int RunServe(const std::vector<std::string>& arguments);

// `lazurite runner FOLDER` runs the attempt in the folder given; see engine/runner/runner.h for the
// exit codes. `lazurite runner --nursery` starts runners for a server; see
// engine/backend/nursery.h.
int RunRunner(int argc, char** argv);

}  // namespace lazurite
