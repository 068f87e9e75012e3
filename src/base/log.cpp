#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>

#include "base/clock.h"
#include "base/file.h"

namespace lazurite {
namespace {

std::atomic<LogLevel> log_level{LogLevel::kInfo};
std::atomic<int> log_fd{STDERR_FILENO};
std::atomic<bool> is_rotating{false};
std::mutex rotation_mutex;
LogRotation rotation_wanted;  // under the mutex

bool IsFile(int fd, const struct stat& file) {
  struct stat info {};
  return fstat(fd, &info) == 0 && info.st_dev == file.st_dev && info.st_ino == file.st_ino;
}

// The file behind the log, if it is still the one at the path.
bool FindFile(const std::string& path, struct stat& file) {
  return stat(path.c_str(), &file) == 0 && S_ISREG(file.st_mode) && IsFile(log_fd.load(), file);
}

void PutAside(const LogRotation& wanted) {
  const auto name = [&](int number) { return wanted.path + "." + std::to_string(number); };
  for (int number = wanted.keep - 1; number >= 1; --number) {
    rename(name(number).c_str(), name(number + 1).c_str());
  }
  if (wanted.keep == 0) {
    unlink(wanted.path.c_str());
  } else {
    rename(wanted.path.c_str(), name(1).c_str());
  }
}

void RotateIfLong() {
  struct stat info {};
  const std::lock_guard lock(rotation_mutex);
  if (fstat(log_fd.load(), &info) != 0 || info.st_size < rotation_wanted.bytes_max) return;
  // Somebody else has moved it, or there is no room for a new one: the old one goes on.
  struct stat file {};
  if (!FindFile(rotation_wanted.path, file)) return;
  const std::string fresh_path = rotation_wanted.path + ".new";
  const Fd fresh(open(fresh_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fresh.valid()) return;
  PutAside(rotation_wanted);
  if (rename(fresh_path.c_str(), rotation_wanted.path.c_str()) != 0) return;
  const int own = log_fd.load();
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    if (fd != own && IsFile(fd, file)) dup2(fresh.get(), fd);
  }
  const bool is_standard = own == STDOUT_FILENO || own == STDERR_FILENO;
  dup3(fresh.get(), own, is_standard ? 0 : O_CLOEXEC);
}

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
  if (is_rotating.load()) RotateIfLong();
  // A log that cannot be written must not stop the program.
  if (!WriteAll(log_fd.load(), line).ok()) return;
}

void SetLogLevel(LogLevel level) { log_level = level; }
void SetLogFd(int fd) { log_fd = fd; }

bool RotateLog(LogRotation rotation) {
  struct stat file {};
  const bool is_ours = FindFile(rotation.path, file);
  const std::lock_guard lock(rotation_mutex);
  rotation_wanted = std::move(rotation);
  is_rotating = is_ours;
  return is_ours;
}

}  // namespace lazurite
