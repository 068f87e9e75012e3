#include "base/log.h"

#include <unistd.h>

#include <array>
#include <atomic>

#include "base/clock.h"
#include "base/file.h"

namespace lazurite {
namespace {

std::atomic<LogLevel> log_level{LogLevel::kInfo};
std::atomic<int> log_fd{STDERR_FILENO};

}  // namespace

void Log(LogLevel level, std::string_view message,
         std::initializer_list<std::pair<std::string_view, Json>> fields) {
  if (level < log_level.load()) return;
  static constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};
  std::string line = "{\"time\":\"" + FormatTime(SystemClock().Now()) + "\",\"level\":\"";
  line += kNames[static_cast<size_t>(level)];
  line += "\",\"message\":";
  AppendJsonString(line, message);
  for (const auto& [name, value] : fields) {
    line += ',';
    AppendJsonString(line, name);
    line += ':';
    line += value.Dump();
  }
  line += "}\n";
  // A log that cannot be written must not stop the program.
  if (!WriteAll(log_fd.load(), line).ok()) return;
}

void SetLogLevel(LogLevel level) { log_level = level; }
void SetLogFd(int fd) { log_fd = fd; }

}  // namespace lazurite
