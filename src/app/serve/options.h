// What the server is told: flags, variables and configuration files, later wins.
#pragma once

#include <string>
#include <vector>

#include "api/auth/guard.h"
#include "base/json.h"
#include "base/log.h"
#include "base/status.h"
#include "domain/compute/slot_board.h"
#include "domain/environment/environment.h"

namespace lazurite::serve {

struct Options {
  std::string home;  // absolute
  std::string address = "127.0.0.1";
  int port = kDefaultPort;  // 0 picks a free one
  Guard::Mode auth = Guard::Mode::kToken;
  LogLevel log_level = LogLevel::kInfo;
  bool is_host_fallback = false;  // [environment] host_fallback
  std::string uv;                 // [environment] uv
  // [environment] build_timeout
  Duration build_timeout = kBuildTimeoutDefault;
  // [environment] index_url and extra_index_urls, which may carry passwords
  std::string index_url;
  std::vector<std::string> extra_index_urls;
  int slots = 0;                                 // [compute] slots; 0 = one for each core
  int gpus = -1;                                 // [compute] gpus; -1 = what the machine has
  int jobs_per_gpu = 1;                          // [compute] gpu_fractions
  int running_per_user_max = 0;                  // [compute] max_running_per_user; 0 = no limit
  std::string locks{SlotBoard::kDefaultFolder};  // [compute] locks
  bool is_unknown_compute_refused = false;       // [compute] unknown = refuse
  bool is_network_home = false;  // [server] network_home: a home on NFS and the like is taken
  int64_t cache_bytes_max = 0;  // [data] cache_max; 0 = a tenth of the disk, at least 20 GiB
  int64_t log_bytes_max = kLogBytesMax;  // [log] max_size
  int logs_kept = kLogsKept;             // [log] keep

  static constexpr int kDefaultPort = 8451;
};

inline constexpr std::string_view kUsage =
    "usage: lazurite serve [--port N] [--address A] [--home DIR] [--auth token|none] "
    "[--log-level debug|info|warning|error]";

// Reads /etc/lazurite/config.toml, ~/.config/lazurite/config.toml, <home>/config.toml,
// LAZURITE_HOME, LAZURITE_PORT and LAZURITE_AUTH, then the flags. kInvalidArgument names the flag,
// the variable or FILE:line:col.
Result<Options> ReadOptions(const std::vector<std::string>& arguments);

// True for 127.0.0.0/8, ::1 and localhost.
bool IsLoopback(std::string_view address);

}  // namespace lazurite::serve
