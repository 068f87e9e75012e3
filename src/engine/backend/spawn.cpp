#include "engine/backend/spawn.h"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <csignal>

#include "base/file.h"

namespace lazurite::backend {
namespace {

class Actions {
 public:
  // `input` is a descriptor, or -1 for nothing.
  Actions(int input, const std::string& log) {
    posix_spawn_file_actions_init(&actions_);
    if (input < 0) {
      posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    } else {
      posix_spawn_file_actions_adddup2(&actions_, input, 0);
    }
    posix_spawn_file_actions_addopen(&actions_, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0644);
    posix_spawn_file_actions_adddup2(&actions_, 1, 2);
    posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
    // No folder is kept busy by runners.
    posix_spawn_file_actions_addchdir_np(&actions_, "/");
  }
  ~Actions() { posix_spawn_file_actions_destroy(&actions_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

class Attributes {
 public:
  Attributes() {
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Attributes() { posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

// A runner writes its folder over this.
constexpr size_t kRoomForName = 512;

Result<pid_t> Spawn(const std::vector<std::string>& command, const Actions& actions,
                    char* const* variables) {
  const Attributes attributes;
  const std::string& program = command.front();
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, program.c_str(), actions.get(), attributes.get(),
                                arguments.data(), variables);
  if (error == EAGAIN || error == ENOMEM) {
    return Unavailable(ErrnoStatus("starting " + program, error).text());
  }
  if (error != 0) return ErrnoStatus("starting " + program, error);
  return pid;
}

}  // namespace

Result<pid_t> SpawnRunner(const std::string& program, const std::string& attempt_folder) {
  const std::string logs = attempt_folder + "/system_logs";
  TRY(MakeDirs(logs));
  const Actions actions(-1, logs + "/runner.txt");
  return Spawn({program, "runner", attempt_folder}, actions, environ);
}

Result<pid_t> SpawnNursery(const std::string& program, int socket,
                           const std::vector<std::string>& scope) {
  const Actions actions(socket, "/dev/null");
  std::vector<std::string> command = scope;
  command.insert(command.end(), {program, "runner", "--nursery", std::string(kRoomForName, ' ')});
  std::string bind_now = std::string(kBindNow) + "=1";
  std::vector<char*> variables = {bind_now.data()};
  for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
  variables.push_back(nullptr);
  return Spawn(command, actions, variables.data());
}

}  // namespace lazurite::backend
