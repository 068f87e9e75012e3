#include "app/cli/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "base/file.h"

extern char** environ;

namespace lazurite::cli {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

class Actions {
 public:
  Actions() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    // What this process ignores (SIGPIPE) is the program's own business.
    sigset_t signals;
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~Actions() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;

  void Open(int number, const char* path, int flags) {
    posix_spawn_file_actions_addopen(&actions_, number, path, flags, 0);
  }
  void Put(int from, int number) { posix_spawn_file_actions_adddup2(&actions_, from, number); }
  void Enter(const std::string& folder) {
    posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str());
  }
  int Spawn(pid_t* pid, char** arguments, char** variables) const {
    return posix_spawnp(pid, arguments[0], &actions_, &attributes_, arguments, variables);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::vector<std::string> VariablesOf(const ProgramCall& call) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line = *entry;
    const std::string_view name = line.substr(0, line.find('='));
    const bool is_replaced =
        std::any_of(call.variables.begin(), call.variables.end(),
                    [&](const auto& variable) { return variable.first == name; });
    if (!is_replaced) out.emplace_back(line);
  }
  for (const auto& [name, value] : call.variables) out.push_back(name + "=" + value);
  return out;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

struct Pipe {
  Fd read, write;
};
Result<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus("making a pipe", errno);
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// Takes what is there; false at the end of the pipe.
bool Take(const Fd& from, std::string& into, size_t bytes_max, bool& is_cut) {
  std::array<char, 65536> buffer;
  const ssize_t count = read(from.get(), buffer.data(), buffer.size());
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  const auto taken = static_cast<size_t>(count);
  const size_t room = bytes_max - std::min(bytes_max, into.size());
  into.append(buffer.data(), std::min(taken, room));
  is_cut = is_cut || taken > room;
  return count > 0;
}

void Listen(Fd out, Fd err, SteadyTime end, const ProgramCall& call, ProgramAnswer& answer) {
  while (out.valid() || err.valid()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      answer.is_late = true;
      return;
    }
    std::array<pollfd, 2> polled{{{.fd = out.get(), .events = POLLIN, .revents = 0},
                                  {.fd = err.get(), .events = POLLIN, .revents = 0}}};
    if (poll(polled.data(), polled.size(), static_cast<int>(left.count())) < 0) continue;
    if (polled[0].revents != 0 && !Take(out, answer.out, call.bytes_max, answer.is_cut)) {
      out.Close();
    }
    bool is_more = false;
    if (polled[1].revents != 0 && !Take(err, answer.err, kProgramErrorBytesMax, is_more)) {
      err.Close();
    }
    if (answer.is_cut) return;
  }
}

}  // namespace

Result<ProgramAnswer> AskProgram(const ProgramCall& call) {
  const SteadyTime end = std::chrono::steady_clock::now() + call.time_max;
  ASSIGN_OR_RETURN(Pipe out, MakePipe());
  ASSIGN_OR_RETURN(Pipe err, MakePipe());
  Actions actions;
  if (!call.folder.empty()) actions.Enter(call.folder);
  actions.Open(STDIN_FILENO, "/dev/null", O_RDONLY);
  actions.Put(out.write.get(), STDOUT_FILENO);
  actions.Put(err.write.get(), STDERR_FILENO);
  std::vector<std::string> arguments = call.arguments;
  std::vector<std::string> variables = VariablesOf(call);
  pid_t pid = 0;
  const int error = actions.Spawn(&pid, Pointers(arguments).data(), Pointers(variables).data());
  if (error == ENOENT) return NotFound("there is no program \"" + call.arguments[0] + "\" on PATH");
  if (error != 0) return ErrnoStatus("running " + call.arguments[0], error);
  out.write.Close();
  err.write.Close();
  ProgramAnswer answer;
  Listen(std::move(out.read), std::move(err.read), end, call, answer);
  if (answer.is_late || answer.is_cut) kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  answer.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return answer;
}

}  // namespace lazurite::cli
