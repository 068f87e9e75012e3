#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/cli/context.h"
#include "app/cli/local_server.h"
#include "app/cli/progress.h"
#include "base/file.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

constexpr Duration kReadyMax{std::chrono::seconds(60)};
constexpr Duration kLookPause{5};
constexpr size_t kLogShownMax = 4000;

std::string LogFile(const std::string& home) { return JoinPath(home, "logs/server.log"); }

void Tell(const Context& context, const LocalServer& server, std::string_view how) {
  const Terminal& terminal = context.terminal;
  WriteOut("lazurite " + std::string(how) + "\n  address  " +
           terminal.Out(server.address, Colour::kCyan) + "\n  home     " + server.home +
           "\n  log      " + LogFile(server.home) + "\n  pid      " + std::to_string(server.pid) +
           "\n");
  terminal.Note("next:  lazurite submit FILE · lazurite ps · lazurite down stops it");
}

// The child's side: its own session, no terminal, the log as its output. Only calls that are
// allowed between fork and exec.
[[noreturn]] void BecomeServer(int log, char* const* arguments) {
  setsid();
  signal(SIGPIPE, SIG_DFL);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) dup2(nothing, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
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
  const pid_t pid = fork();
  if (pid < 0) return ErrnoStatus("starting the server", errno);
  if (pid == 0) BecomeServer(log, arguments.data());
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

Status WaitUntilReady(Context& context, const std::string& home, pid_t pid, int64_t log_begin) {
  Progress progress(context.terminal, "waiting for the server");
  const Time deadline = context.clock.Now() + kReadyMax;
  while (context.clock.Now() < deadline) {
    int how = 0;
    if (waitpid(pid, &how, WNOHANG) == pid) {
      progress.Clear();
      const std::string words = LastWords(LogFile(home), log_begin);
      const bool is_conflict = WIFEXITED(how) && WEXITSTATUS(how) == 5;
      std::string text = "the server did not start" + (words.empty() ? "" : ":\n  " + words);
      return context.Fail(Status(is_conflict ? Code::kConflict : Code::kInternal, std::move(text)),
                          "the log is " + LogFile(home));
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
  const std::string home = FindHome(context.arguments, ProcessEnvironment);
  if (const auto running = FindLocalServer(home)) {
    Tell(context, *running, "is up already");
    return {};
  }
  TRY(MakeDirs(home, 0700));
  TRY(MakeDirs(JoinPath(home, "logs"), 0700));
  const std::string file = LogFile(home);
  ASSIGN_OR_RETURN(const Fd log, OpenFile(file, O_WRONLY | O_CREAT | O_APPEND, 0600));
  const Result<int64_t> size = FileSize(file);
  ASSIGN_OR_RETURN(const pid_t pid, StartServer(home, context.arguments, log.get()));
  return WaitUntilReady(context, home, pid, size.ok() ? *size : 0);
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
