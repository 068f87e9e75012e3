#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/cli/context.h"
#include "app/cli/interrupt.h"
#include "app/cli/local_server.h"
#include "app/cli/progress.h"
#include "base/file.h"
#include "base/text.h"
#include "domain/workspace/home_place.h"
#include "domain/workspace/places.h"

namespace lazurite::cli {
namespace {

constexpr Duration kReadyMax{std::chrono::seconds(60)};
constexpr Duration kLookPause{5};
constexpr Duration kStopMax{std::chrono::seconds(10)};
constexpr size_t kLogShownMax = 4000;
constexpr int64_t kPortMax = 65535;

// Also to who wants it quiet.
void Warn(const Context& context, std::string_view what) {
  WriteErr(context.terminal.Err("warning:", Colour::kYellow) + " " + std::string(what) + "\n");
}

void Tell(const Context& context, const LocalServer& server, std::string_view how) {
  const Terminal& terminal = context.terminal;
  WriteOut("lazurite " + std::string(how) + "\n  address  " +
           terminal.Out(server.address, Colour::kCyan) + "\n  home     " + server.home +
           "\n  log      " + LogFile(server.home) + "\n  pid      " + std::to_string(server.pid) +
           "\n");
  if (server.auth == "none") {
    Warn(context,
         "authentication is off (auth none): every user and every program of this machine can run "
         "jobs as you; lazurite down, then lazurite up --auth token, asks for tokens");
  }
  terminal.Note("next:  lazurite submit FILE · lazurite ps · lazurite down stops it");
}

// The child's side: its own session, no terminal, the log as its output. Only calls that are
// allowed between fork and exec.
[[noreturn]] void BecomeServer(int log, const char* program, char* const* arguments) {
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) dup2(nothing, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execv(program, arguments);
  // The program's file has been replaced meanwhile.
  execv("/proc/self/exe", arguments);
  _exit(127);
}

Result<pid_t> StartServer(const std::string& home, const Arguments& given, int log) {
  std::vector<std::string> words = {"lazurite", "serve", "--home", home};
  for (const char* flag : {"--port", "--address", "--auth", "--log-level"}) {
    if (!given.Has(flag)) continue;
    words.emplace_back(flag);
    words.push_back(given.Get(flag));
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  // By its own name, so that others see who it is.
  std::array<char, PATH_MAX> program{};
  if (readlink("/proc/self/exe", program.data(), program.size() - 1) < 0) {
    return ErrnoStatus("finding the program", errno);
  }
  const pid_t pid = fork();
  if (pid < 0) return ErrnoStatus("starting the server", errno);
  if (pid == 0) BecomeServer(log, program.data(), arguments.data());
  return pid;
}

// What a server that ended at once had to say: the messages of its log, not the JSON around them.
std::string LastWords(const std::string& file, int64_t begin) {
  const Result<std::string> text = ReadRange(file, begin, kLogShownMax);
  if (!text.ok()) return "";
  std::string out;
  for (const std::string_view line : Split(*text, '\n')) {
    if (Trim(line).empty()) continue;
    const Result<Json> json = Json::Parse(line);
    std::string message = json.ok() ? json->GetString("message") : std::string(line);
    out += (out.empty() ? "" : "\n  ") + Printable(message);
  }
  return out;
}

// What the user wants of the server, checked before anything is started.
Status CheckWishes(const Arguments& given) {
  if (given.Has("--port")) {
    const std::optional<int64_t> port = ParseInt(given.Get("--port"));
    if (!port || *port < 0 || *port > kPortMax) {
      return InvalidArgument("--port is \"" + given.Get("--port") +
                             "\", expected a whole number 0 to " + std::to_string(kPortMax));
    }
  }
  const std::string auth = given.Get("--auth", "token");
  if (auth != "token" && auth != "none") {
    return InvalidArgument("--auth is \"" + auth + "\", expected token or none");
  }
  return {};
}

// "::1" of "http://[::1]:8451".
std::string HostOf(const std::string& address) {
  const size_t begin = address.find("://");
  const size_t end = address.rfind(':');
  if (begin == std::string::npos || end < begin + 3) return "";
  std::string host = address.substr(begin + 3, end - begin - 3);
  return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

// A server that runs keeps its settings: a different wish is refused.
Status CheckRunning(Context& context, const LocalServer& running) {
  const Arguments& given = context.arguments;
  const std::string port = running.address.substr(running.address.rfind(':') + 1);
  const std::string wanted_port = given.Get("--port", "0");
  std::string differing;
  const auto differs = [&differing](std::string_view what, std::string_view has) {
    differing += (differing.empty() ? "" : ", ") + std::string(what) + " " + std::string(has);
  };
  if (wanted_port != "0" && ParseInt(wanted_port) != ParseInt(port)) differs("port", port);
  const std::string host = HostOf(running.address);
  if (given.Get("--address", host) != host) differs("address", host);
  if (given.Get("--auth", running.auth) != running.auth) differs("auth", running.auth);
  const std::string level = running.log_level.empty() ? "info" : running.log_level;
  if (given.Get("--log-level", level) != level) differs("log level", level);
  if (differing.empty()) return {};
  std::string again = "lazurite up";
  for (const char* flag : {"--home", "--port", "--address", "--auth", "--log-level"}) {
    if (given.Has(flag)) again += " " + std::string(flag) + " " + given.Get(flag);
  }
  return context.Fail(Conflict("lazurite is up already at " + running.address + " (pid " +
                               std::to_string(running.pid) + ") and keeps its settings (" +
                               differing + ") until it is stopped"),
                      "lazurite down, then " + again);
}

// The user does not want it any more: nothing is left behind.
void StopStarted(Context& context, pid_t pid) {
  kill(pid, SIGTERM);
  const Instant deadline = context.clock.Steady() + kStopMax;
  while (waitpid(pid, nullptr, WNOHANG) == 0) {
    if (context.clock.Steady() > deadline) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
      break;
    }
    std::this_thread::sleep_for(kLookPause);
  }
  WriteErr("interrupted: the server that was starting is stopped\n");
  context.exit_code = kInterruptedExit;
}

struct Started {
  pid_t pid = 0;
  int64_t log_begin = 0;
};

Status WaitUntilReady(Context& context, const std::string& home, Started started,
                      const InterruptWatch& interrupt) {
  const pid_t pid = started.pid;
  Progress progress(context.terminal, "waiting for the server");
  const Instant deadline = context.clock.Steady() + kReadyMax;
  while (context.clock.Steady() < deadline) {
    if (interrupt.was_interrupted()) {
      progress.Clear();
      StopStarted(context, pid);
      return {};
    }
    int how = 0;
    if (waitpid(pid, &how, WNOHANG) == pid) {
      progress.Clear();
      const std::string words = LastWords(LogFile(home), started.log_begin);
      const int code = WIFEXITED(how) ? WEXITSTATUS(how) : 1;
      const Code kind = code == 5   ? Code::kConflict
                        : code == 2 ? Code::kInvalidArgument
                                    : Code::kInternal;
      std::string text = "the server did not start" + (words.empty() ? "" : ":\n  " + words);
      return context.Fail(Status(kind, std::move(text)), "the log is " + LogFile(home));
    }
    if (ReadServerFile(home).GetInt("pid") == pid) {
      if (const auto server = FindLocalServer(home)) {
        progress.Clear();
        Tell(context, *server, "is up");
        return {};
      }
    }
    progress.ShowText("");
    std::this_thread::sleep_for(kLookPause);
  }
  return context.Fail(
      Status(Code::kDeadlineExceeded, "the server is not ready after " + FormatElapsed(kReadyMax)),
      "the log is " + LogFile(home));
}

Status Run(Context& context) {
  TRY(CheckWishes(context.arguments));
  const std::string home = FindHome(context.arguments, ProcessEnvironment);
  TRY(CheckHomeReadable(home));
  if (const auto running = FindLocalServer(home)) {
    TRY(CheckRunning(context, *running));
    Tell(context, *running, "is up already");
    return {};
  }
  // The server looks as well; here nothing of it can be written yet.
  ASSIGN_OR_RETURN(const HomePlace place, LookAtHome(home));
  TRY(CheckHome(place, true));
  ASSIGN_OR_RETURN(const std::string closed, CloseHome(home));
  if (!closed.empty()) Warn(context, closed);
  TRY(MakeDirs(home, 0700));
  TRY(MakeDirs(JoinPath(home, "logs"), 0700));
  const std::string file = LogFile(home);
  ASSIGN_OR_RETURN(const Fd log, OpenFile(file, O_WRONLY | O_CREAT | O_APPEND, 0600));
  const Result<int64_t> size = FileSize(file);
  const InterruptWatch interrupt([] {});
  ASSIGN_OR_RETURN(const pid_t pid, StartServer(home, context.arguments, log.get()));
  return WaitUntilReady(context, home, {pid, size.ok() ? *size : 0}, interrupt);
}

constexpr Flag kFlags[] = {
    {"--port", "", "PORT", "port, 8451 if not given; 0 picks a free one"},
    {"--address", "", "ADDRESS", "address to listen on, 127.0.0.1 if not given"},
    {"--auth", "", "HOW", "who may come in; none is for loopback only", "token|none"},
    {"--log-level", "", "LEVEL", "how much is logged", "debug|info|warning|error"}};

// `serve` itself is started by main before anything of the command line is.
Status RunServeCommand(Context&) { return Internal("serve is started by the program itself"); }

}  // namespace

extern const Command kUp;
const Command kUp = {.name = "up",
                     .sentence = "Start the server in the background and wait until it is ready.",
                     .flags = kFlags,
                     .examples = "lazurite up\nlazurite up --port 9000 --home ~/lab",
                     .run = Run};

extern const Command kServe;
const Command kServe = {.name = "serve",
                        .sentence = "Run the server in the foreground.",
                        .flags = kFlags,
                        .examples = "lazurite serve\nlazurite serve --port 9000 --home ~/lab",
                        .run = RunServeCommand};

}  // namespace lazurite::cli
