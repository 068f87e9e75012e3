#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app/cli/context.h"
#include "app/cli/local_server.h"
#include "base/file.h"

namespace lazurite::cli {
namespace {

constexpr Duration kStopMax{std::chrono::seconds(30)};

size_t CountRunning(Context& context) {
  const Result<Server*> server = context.Connect();
  if (!server.ok()) return 0;
  const Result<Json> queue = (*server)->Get("/lazurite/v1/queue");
  const Json* running = queue.ok() ? queue->Find("running") : nullptr;
  return running != nullptr && running->is_array() ? running->array().size() : 0;
}

Status Run(Context& context) {
  const std::string home = FindHome(context.arguments, ProcessEnvironment);
  TRY(CheckHomeReadable(home));
  const auto server = FindLocalServer(home);
  if (!server) {
    context.terminal.Note("no server runs for " + home);
    return {};
  }
  const size_t running = CountRunning(context);
  // A handle of the process, so that its number cannot become another's meanwhile.
  const Fd process(static_cast<int>(syscall(SYS_pidfd_open, server->pid, 0)));
  if (!process.valid()) return ErrnoStatus("finding the server's process", errno);
  if (syscall(SYS_pidfd_send_signal, process.get(), SIGTERM, nullptr, 0) != 0) {
    return ErrnoStatus("stopping process " + std::to_string(server->pid), errno);
  }
  pollfd watched{process.get(), POLLIN, 0};
  if (poll(&watched, 1, static_cast<int>(kStopMax.count())) != 1) {
    return {Code::kDeadlineExceeded, "the server (pid " + std::to_string(server->pid) +
                                         ") is still stopping after " + FormatElapsed(kStopMax)};
  }
  WriteOut("lazurite is down\n");
  if (running > 0) {
    context.terminal.Note(std::to_string(running) + (running == 1 ? " job goes" : " jobs go") +
                          " on without it; lazurite up finds them again");
  }
  return {};
}

}  // namespace

extern const Command kDown;
const Command kDown = {.name = "down",
                       .sentence = "Stop the server; running jobs go on.",
                       .examples = "lazurite down",
                       .run = Run};

}  // namespace lazurite::cli
