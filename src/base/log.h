// The program's own log: one JSON object a line, on standard error or in a file.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/status.h"

namespace lazurite {

enum class LogLevel : unsigned char { kDebug, kInfo, kWarning, kError };

// Writes {"time":…,"level":…,"message":…, fields…}. Never given secrets. Safe for several threads;
// one write a line.
void Log(LogLevel level, std::string_view message,
         std::initializer_list<std::pair<std::string_view, Json>> fields = {});

// Lines below `level` are dropped (kInfo until set).
void SetLogLevel(LogLevel level);
// Where lines go; standard error until set. The descriptor stays open.
void SetLogFd(int fd);

inline constexpr int64_t kLogBytesMax = int64_t{32} << 20;
inline constexpr int kLogsKept = 4;
inline constexpr int kLogsKeptMax = 1000;

struct LogRotation {
  std::string path;                  // of the file that the log's descriptor writes to
  int64_t bytes_max = kLogBytesMax;  // a file that has reached this size is put aside
  int keep = kLogsKept;              // older files kept: <path>.1, the newest, to <path>.<keep>
};
// From now on the log is bounded. The file is renamed and a new one opened behind the same
// descriptor numbers (the log's, and standard output and error where they are the same file): who
// was started earlier with them goes on in the older file. Does nothing, and says false, if the log
// does not go to `path`.
bool RotateLog(LogRotation rotation);

}  // namespace lazurite
