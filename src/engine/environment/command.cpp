#include "engine/environment/command.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "base/file.h"
#include "base/text.h"

namespace lazurite::environment {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kPollMs = 50;                    // how soon a canceled build notices
constexpr std::chrono::seconds kTermGrace{2};  // between SIGTERM and SIGKILL
constexpr size_t kLineBytesMax = 8192;         // longer lines are cut into pieces
constexpr size_t kReadBytes = 16384;
constexpr int kLowestPriority = 19;

// Cuts a stream into lines. A carriage return ends one too: progress bars write those.
class LineCutter {
 public:
  explicit LineCutter(const std::function<void(std::string_view)>& line) : line_(line) {}
  void Add(std::string_view bytes) {
    for (const char c : bytes) {
      const bool is_end = c == '\n' || c == '\r';
      if (!is_end) text_ += c;
      if (is_end || text_.size() >= kLineBytesMax) Flush();
    }
  }
  void Flush() {
    if (!Trim(text_).empty()) line_(text_);
    text_.clear();
  }

 private:
  const std::function<void(std::string_view)>& line_;
  std::string text_;
};

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// Runs in the child; only calls that are safe after fork.
[[noreturn]] void Become(const char* program, char** arguments, char** environment, int output,
                         pid_t parent, bool is_background) {
  ::setpgid(0, 0);
  if (is_background) {
    ::setpriority(PRIO_PROCESS, 0, kLowestPriority);
    const sched_param none_wanted{};
    ::sched_setscheduler(0, SCHED_IDLE, &none_wanted);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::signal(number, SIG_DFL);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  ::execve(program, arguments, environment);
  ::_exit(127);
}

int ExitCode(int wait_status) {
  if (WIFSIGNALED(wait_status)) return 128 + WTERMSIG(wait_status);
  return WEXITSTATUS(wait_status);
}

// Waits for the program while its output is read.
class Running {
 public:
  Running(pid_t pid, Fd output, const Command& command)
      : pid_(pid), output_(std::move(output)), command_(command), cutter_(command.line) {}

  Result<int> Wait() {
    bool was_canceled = false;
    SteadyClock::time_point killed_after = SteadyClock::time_point::max();
    while (!is_ended_) {
      ReadOutput(kPollMs);
      Reap();
      if (!is_ended_ && !was_canceled && command_.canceled && command_.canceled()) {
        was_canceled = true;
        ::kill(-pid_, SIGTERM);
        killed_after = SteadyClock::now() + kTermGrace;
      }
      if (SteadyClock::now() >= killed_after) ::kill(-pid_, SIGKILL);
    }
    ::kill(-pid_, SIGKILL);  // children that outlived it
    ReadOutput(0);
    cutter_.Flush();
    if (was_canceled) return Status(Code::kCancelled, "canceled");
    return code_;
  }

 private:
  void ReadOutput(int timeout_ms) {
    pollfd waited{output_.get(), POLLIN, 0};
    if (!output_.valid()) {
      ::poll(nullptr, 0, timeout_ms);
      return;
    }
    while (::poll(&waited, 1, timeout_ms) > 0) {
      char buffer[kReadBytes];
      const ssize_t count = ::read(output_.get(), buffer, sizeof(buffer));
      if (count <= 0) {
        if (count == 0) output_.Close();
        return;
      }
      cutter_.Add({buffer, static_cast<size_t>(count)});
      timeout_ms = 0;
    }
  }

  void Reap() {
    int status = 0;
    const pid_t reaped = ::waitpid(pid_, &status, WNOHANG);
    if (reaped == 0) return;
    is_ended_ = true;
    code_ = reaped == pid_ ? ExitCode(status) : 127;
  }

  pid_t pid_;
  Fd output_;
  const Command& command_;
  LineCutter cutter_;
  bool is_ended_ = false;
  int code_ = 0;
};

bool IsProgram(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::string FindProgram(std::string_view name, std::string_view path) {
  for (const std::string_view folder : Split(path, ':')) {
    if (!folder.starts_with('/')) continue;
    const std::string candidate = JoinPath(folder, name);
    if (IsProgram(candidate)) return candidate;
  }
  return "";
}

Result<int> RunCommand(const Command& command) {
  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment;
  for (const auto& [name, value] : command.variables) environment.push_back(name + "=" + value);
  std::vector<char*> argument_pointers = Pointers(arguments);
  std::vector<char*> environment_pointers = Pointers(environment);
  std::string program = arguments.front();
  if (!program.starts_with('/')) {
    const auto path = command.variables.find("PATH");
    program = FindProgram(program, path == command.variables.end() ? "" : path->second);
  }
  if (!IsProgram(program)) return Internal(arguments.front() + " is no program that can be run");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus("making a pipe", errno);
  Fd reading(ends[0]);
  Fd writing(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return ErrnoStatus("starting " + program, errno);
  if (pid == 0) {
    Become(program.c_str(), argument_pointers.data(), environment_pointers.data(), writing.get(),
           parent, command.is_background);
  }
  ::setpgid(pid, pid);
  writing.Close();
  return Running(pid, std::move(reading), command).Wait();
}

}  // namespace lazurite::environment
