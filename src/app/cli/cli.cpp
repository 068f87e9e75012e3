#include "app/cli/cli.h"

#include <signal.h>

#include "app/cli/command.h"
#include "app/cli/completion.h"
#include "app/cli/context.h"
#include "app/cli/help.h"
#include "base/text.h"

namespace lazurite {
namespace cli {
namespace {

int ExitCodeOf(Code code) {
  switch (code) {
    case Code::kOk:
      return 0;
    case Code::kInvalidArgument:
      return 2;
    case Code::kNotFound:
      return 3;
    case Code::kUnauthenticated:
    case Code::kPermissionDenied:
      return 4;
    case Code::kConflict:
    case Code::kFailedPrecondition:
      return 5;
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
      return 6;
    case Code::kCancelled:
      return kInterruptedExit;
    default:
      return 1;
  }
}

std::string NextStep(const Context& context, const Status& status) {
  if (!context.help.empty()) return context.help;
  switch (status.code()) {
    case Code::kUnavailable:
      return "lazurite up starts a server, lazurite doctor finds what is wrong";
    case Code::kUnauthenticated:
      return "set LAZURITE_TOKEN, or --home to the home of the server (its tokens/owner is used)";
    case Code::kInvalidArgument:
      return "lazurite " + std::string(context.command.name) + " --help";
    default:
      return "";
  }
}

int Report(const Context& context, const Status& status) {
  const Terminal& terminal = context.terminal;
  if (!context.details.empty()) {
    WriteErr(context.details);
  } else {
    WriteErr(terminal.Err("error:", Colour::kRed) + " " + status.text() + "\n");
    const std::string next = NextStep(context, status);
    if (!next.empty()) WriteErr(terminal.Err("help:", Colour::kCyan) + " " + next + "\n");
  }
  return ExitCodeOf(status.code());
}

int ReportUsage(const Terminal& terminal, const std::string& message, const std::string& next) {
  WriteErr(terminal.Err("error:", Colour::kRed) + " " + message + "\n" +
           terminal.Err("help:", Colour::kCyan) + " " + next + "\n");
  return 2;
}

bool WantsHelp(std::span<const std::string> words) {
  for (const std::string& word : words) {
    if (word == "--") return false;
    if (word == "--help" || word == "-h") return true;
  }
  return false;
}

// Flags may stand before the command: the command's words are the first that are neither flags nor
// their values.
struct CommandWords {
  std::vector<size_t> words;  // places of the first two of them
};
CommandWords FindWords(std::span<const std::string> line) {
  CommandWords split;
  for (size_t i = 0; i < line.size() && split.words.size() < 2; ++i) {
    if (!line[i].starts_with("-")) {
      split.words.push_back(i);
      continue;
    }
    // Behind the command's first word only the command itself knows its flags.
    if (!split.words.empty()) break;
    for (const Flag& flag : GlobalFlags()) {
      const bool is_it = line[i] == flag.name || line[i] == flag.short_name || line[i] == flag.also;
      if (is_it && !flag.value.empty()) ++i;
    }
  }
  return split;
}

int ReportUnknown(const Terminal& terminal, const std::string& first, const std::string& second) {
  const std::vector<const Command*> verbs = CommandsOf(first);
  std::vector<std::string_view> names;
  if (!verbs.empty()) {
    for (const Command* command : verbs) names.push_back(command->name.substr(first.size() + 1));
    const std::string_view nearest = Nearest(second, names);
    std::string message = first + " has no verb \"" + second + "\"";
    if (!nearest.empty()) message += ", did you mean \"" + std::string(nearest) + "\"?";
    return ReportUsage(terminal, message, "lazurite " + first + " --help");
  }
  for (const Command* command : Commands()) {
    names.push_back(command->name.substr(0, command->name.find(' ')));
  }
  const std::string_view nearest = Nearest(first, names);
  std::string message = "there is no command \"" + first + "\"";
  if (!nearest.empty()) message += ", did you mean \"" + std::string(nearest) + "\"?";
  return ReportUsage(terminal, message, "lazurite --help");
}

int RunCommand(const Command& command, std::span<const std::string> words, Terminal terminal) {
  if (!command.takes_rest && WantsHelp(words)) {
    WriteOut(CommandHelp(command, terminal));
    return 0;
  }
  if (command.takes_rest && !words.empty() && (words[0] == "--help" || words[0] == "-h")) {
    WriteOut(CommandHelp(command, terminal));
    return 0;
  }
  Result<Arguments> arguments = ParseArguments(command, words);
  if (!arguments.ok()) {
    return ReportUsage(terminal, arguments.status().text(),
                       "lazurite " + std::string(command.name) + " --help");
  }
  terminal.SetColour(arguments->Get("--color"));
  terminal.is_quiet = arguments->Has("--only-show-errors");
  Context context(command, std::move(arguments).value(), terminal);
  const Status status = command.run(context);
  return status.ok() ? context.exit_code : Report(context, status);
}

int Dispatch(std::vector<std::string> line) {
  const Terminal terminal = Terminal::Look();
  const CommandWords found = FindWords(line);
  if (found.words.empty()) {
    const bool wants_version = std::find(line.begin(), line.end(), "--version") != line.end();
    if (wants_version) return RunCommand(*FindCommand("version"), {}, terminal);
    const bool wants_help = line.empty() || WantsHelp(line);
    if (!wants_help) return ReportUsage(terminal, "a command is missing", "lazurite --help");
    WriteOut(GeneralHelp(terminal));
    return line.empty() ? 2 : 0;
  }
  const std::string first = line[found.words[0]];
  const std::string second = found.words.size() > 1 ? line[found.words[1]] : "";
  if (first == "help") {
    std::vector<std::string> rest(line.begin() + 1, line.end());
    rest.emplace_back("--help");
    return Dispatch(std::move(rest));
  }
  const Command* command = second.empty() ? nullptr : FindCommand(first + " " + second);
  if (command != nullptr) line.erase(line.begin() + static_cast<std::ptrdiff_t>(found.words[1]));
  if (command == nullptr) command = FindCommand(first);
  if (command == nullptr) {
    if (CommandsOf(first).empty() || !second.empty()) return ReportUnknown(terminal, first, second);
    const bool wants_help = WantsHelp(line);
    (wants_help ? WriteOut : WriteErr)(NounHelp(first, terminal));
    return wants_help ? 0 : 2;
  }
  line.erase(line.begin() + static_cast<std::ptrdiff_t>(found.words[0]));
  return RunCommand(*command, line, terminal);
}

}  // namespace
}  // namespace cli

int RunCli(int argc, char** argv) {
  // A reader that goes away shows as an error of the write; programs that we start get it back.
  signal(SIGPIPE, SIG_IGN);
  std::vector<std::string> line(argv + std::min(argc, 1), argv + argc);
  if (!line.empty() && line[0] == "__complete") {
    cli::PrintCompletions({line.begin() + 1, line.end()});
    return 0;
  }
  return cli::Dispatch(std::move(line));
}

}  // namespace lazurite
