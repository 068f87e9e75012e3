// Processes of this machine as /proc shows them.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace lazurite {

struct ProcessView {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t session = 0;
  char state = '?';        // as in /proc/<pid>/stat; 'Z' is a zombie
  int64_t start_time = 0;  // clock ticks since boot: with the pid, one process and no other
  int64_t rss_bytes = 0;
};

// This machine's boot id.
std::string BootId();

// The process, or nothing if there is none with this id.
std::optional<ProcessView> LookAtProcess(pid_t pid);
// All processes that can be seen.
std::vector<ProcessView> AllProcesses();
// All descendants of `root`, without itself. Those that come to be meanwhile may be missed.
std::vector<ProcessView> DescendantsOf(pid_t root);

// A variable of the process's initial environment; nothing if it has none or may not be read.
std::optional<std::string> VariableOf(pid_t pid, std::string_view name);

// Sends `signal` to exactly that process, not to one that got its id later. False if it is gone.
bool SignalProcess(pid_t pid, int64_t start_time, int signal);

}  // namespace lazurite
