#include "app/cli/help.h"

#include <set>

#include "base/text.h"

namespace lazurite::cli {
namespace {

constexpr size_t kHelpWidth = 79;

// Words of `text` broken into lines; the first starts where `column` says.
std::string Wrap(std::string_view text, size_t column) {
  std::string out;
  size_t used = column;
  for (const std::string_view word : Split(text, ' ')) {
    const size_t width = DisplayWidth(word);
    if (used > column && used + 1 + width > kHelpWidth) {
      out += "\n" + std::string(column, ' ');
      used = column;
    } else if (used > column) {
      out += ' ';
      ++used;
    }
    out += word;
    used += width;
  }
  return out;
}

std::string Row(std::string_view left, std::string_view right, size_t column) {
  std::string line = "  " + std::string(left);
  if (DisplayWidth(line) + 2 > column) {
    line += "\n" + std::string(column, ' ');
  } else {
    line.append(column - DisplayWidth(line), ' ');
  }
  return line + Wrap(right, column) + "\n";
}

std::string FlagName(const Flag& flag) {
  std::string name = flag.short_name.empty() ? "    " : std::string(flag.short_name) + ", ";
  name += flag.name;
  if (!flag.value.empty()) name += " " + std::string(flag.value);
  return name;
}

std::string FlagRows(std::span<const Flag> flags) {
  std::string out;
  for (const Flag& flag : flags) {
    std::string sentence(flag.sentence);
    if (flag.values.find('|') != std::string_view::npos) {
      sentence += ": " + ReplaceAll(flag.values, "|", ", ");
    }
    out += Row(FlagName(flag), sentence, 30);
  }
  return out;
}

std::string Heading(std::string_view text, const Terminal& terminal) {
  return terminal.Out(text, Colour::kBold) + "\n";
}

std::string NounOf(const Command& command) {
  return std::string(command.name.substr(0, command.name.find(' ')));
}

bool HasVerb(const Command& command) { return command.name.find(' ') != std::string_view::npos; }

}  // namespace

std::string Usage(const Command& command) {
  std::string usage = "lazurite " + std::string(command.name);
  if (!command.arguments.empty()) usage += " " + std::string(command.arguments);
  return usage + (command.flags.empty() ? "" : " [flags]");
}

std::string GeneralHelp(const Terminal& terminal) {
  std::string out = "Azure Machine Learning's workflow on machines you own.\n\n";
  out += Heading("examples", terminal);
  out +=
      "  lazurite up                          start the server\n"
      "  lazurite submit job.yml              run a job and follow its log\n"
      "  lazurite job list                    what ran\n\n";
  out += Heading("commands", terminal);
  std::map<std::string, std::vector<std::string>> verbs;
  std::vector<std::string> nouns;
  for (const Command* command : Commands()) {
    if (!HasVerb(*command)) {
      out += Row(command->name, command->sentence, 16);
      continue;
    }
    const std::string noun = NounOf(*command);
    if (verbs[noun].empty()) nouns.push_back(noun);
    verbs[noun].emplace_back(command->name.substr(noun.size() + 1));
  }
  out += "\n" + Heading("objects and what can be done with them, as in `az ml`", terminal);
  for (const std::string& noun : nouns) out += Row(noun, Join(verbs[noun], ", "), 16);
  out += "\n" + Heading("flags of every command", terminal) + FlagRows(GlobalFlags());
  out += "\nlazurite COMMAND --help tells more of each.\n";
  return out;
}

std::string NounHelp(std::string_view noun, const Terminal& terminal) {
  std::string out = "usage: lazurite " + std::string(noun) + " VERB [NAME] [flags]\n\n";
  out += Heading("verbs", terminal);
  for (const Command* command : CommandsOf(noun)) {
    out += Row(command->name.substr(noun.size() + 1), command->sentence, 16);
  }
  return out + "\nlazurite " + std::string(noun) + " VERB --help tells more of each.\n";
}

std::string CommandHelp(const Command& command, const Terminal& terminal) {
  std::string out = Wrap(command.sentence, 0) + "\n\n" + Heading("examples", terminal);
  for (const std::string_view example : Split(command.examples, '\n')) {
    out += "  " + std::string(example) + "\n";
  }
  out += "\n" + Heading("usage", terminal) + "  " + Usage(command) + "\n";
  if (!command.flags.empty()) out += "\n" + Heading("flags", terminal) + FlagRows(command.flags);
  out += "\n" + Heading("flags of every command", terminal) + FlagRows(GlobalFlags());
  return out;
}

}  // namespace lazurite::cli
