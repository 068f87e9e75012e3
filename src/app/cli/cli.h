// The command line: `lazurite <noun> <verb>` and the shortcuts. It knows the server only through
// HTTP.
#pragma once

namespace lazurite {

// Runs one command and returns the exit code: 0 done, 1 failed, 2 wrong usage or invalid file, 3
// not found, 4 not signed in or not allowed, 5 conflict or wrong state, 6 server unavailable or
// deadline, 7 the job failed, 130 interrupted.
int RunCli(int argc, char** argv);

}  // namespace lazurite
