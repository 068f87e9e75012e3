// What a running command has at hand.
#pragma once

#include <memory>
#include <string>

#include "app/cli/arguments.h"
#include "app/cli/command.h"
#include "app/cli/printer.h"
#include "app/cli/server.h"
#include "app/cli/settings.h"
#include "app/cli/terminal.h"
#include "base/clock.h"
#include "base/id.h"

namespace lazurite::cli {

inline constexpr int kJobFailedExit = 7;
inline constexpr int kInterruptedExit = 130;

class Context {
 public:
  Context(const Command& command, Arguments arguments, Terminal terminal)
      : command(command), arguments(std::move(arguments)), terminal(terminal) {}

  const Command& command;
  const Arguments arguments;
  const Terminal terminal;
  const SystemClock clock{};
  RandomIdSource ids;

  int exit_code = 0;    // of a command that returns OK
  std::string help;     // the next step, printed under the error
  std::string details;  // printed instead of "error: …" (a file's problems, rendered)

  Result<Settings> LoadSettings() const;
  // The server; the same one each time. Fails if the address is none; whether it answers shows
  // later.
  Result<Server*> Connect();
  // The same, found anew: the server may have come back on another port.
  Result<Server*> Reconnect() {
    server_.reset();
    return Connect();
  }

  // The result on standard output.
  Status Print(const Json& result, const View& view);
  // Remembers what to do next and hands the status on.
  Status Fail(Status status, std::string next) {
    help = std::move(next);
    return status;
  }
  // The first word or --name; kInvalidArgument if there is neither, or both.
  Result<std::string> Name() const;
  std::string OptionalName() const;

 private:
  std::unique_ptr<Server> server_;
};

}  // namespace lazurite::cli
