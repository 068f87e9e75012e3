// The program's own log: one JSON object a line, on standard error or in a file.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"

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

}  // namespace lazurite
