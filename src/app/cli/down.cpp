#include "app/cli/context.h"
#include "app/cli/local_server.h"

namespace lazurite::cli {
namespace {

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
  TRY(StopServer(*server));
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
