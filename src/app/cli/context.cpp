#include "app/cli/context.h"

namespace lazurite::cli {

Result<Settings> Context::LoadSettings() const {
  return cli::LoadSettings(arguments, CurrentFolder(), ProcessEnvironment);
}

Result<Server*> Context::Connect() {
  if (!server_) {
    ASSIGN_OR_RETURN(const Settings settings, LoadSettings());
    ASSIGN_OR_RETURN(server_, Server::Make(settings));
  }
  return server_.get();
}

Status Context::Print(const Json& result, const View& view) {
  ASSIGN_OR_RETURN(const Printer printer, Printer::Make(arguments, terminal));
  ASSIGN_OR_RETURN(const std::string text, printer.Format(result, view, clock.Now()));
  WriteOut(text);
  return {};
}

std::string Context::OptionalName() const {
  return arguments.words.empty() ? arguments.Get("--name") : arguments.words[0];
}

Result<std::string> Context::Name() const {
  if (!arguments.words.empty() && arguments.Has("--name")) {
    return InvalidArgument("the name is given twice: " + arguments.words[0] + " and --name " +
                           arguments.Get("--name"));
  }
  std::string name = OptionalName();
  if (name.empty()) {
    return InvalidArgument("lazurite " + std::string(command.name) + " needs a name");
  }
  return name;
}

}  // namespace lazurite::cli
