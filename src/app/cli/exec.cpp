#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "app/cli/context.h"
#include "app/cli/sdk_environment.h"

namespace lazurite::cli {
namespace {

Status Run(Context& context) {
  std::vector<std::string> words = context.arguments.rest;
  if (words.empty())
    return InvalidArgument("lazurite exec needs a command: lazurite exec -- python x.py");
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  // Better said here than by a traceback of the program. A refusal is the program's business.
  const Result<Json> known = server->Get("/healthz");
  if (known.status().code() == Code::kUnavailable) return known.status();
  const Variables variables = SdkEnvironment(server->settings());
  const std::string replaced = DescribeReplaced(variables, ProcessEnvironment);
  if (!replaced.empty()) context.terminal.Note("lazurite exec " + replaced);
  for (const auto& [name, value] : variables) {
    setenv(name.c_str(), value.c_str(), 1);
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  signal(SIGPIPE, SIG_DFL);
  execvp(arguments[0], arguments.data());
  const int error = errno;
  if (error == ENOENT) return NotFound("there is no program \"" + words[0] + "\" on PATH");
  return ErrnoStatus("running " + words[0], error);
}

}  // namespace

extern const Command kExec;
const Command kExec = {
    .name = "exec",
    .sentence = "Run one command with the variables that mlflow and the SDKs need.",
    .arguments = "-- COMMAND…",
    .takes_rest = true,
    .examples =
        "lazurite exec -- python five_lines.py\nlazurite exec -- mlflow runs list --experiment-id "
        "0",
    .run = Run};

}  // namespace lazurite::cli
