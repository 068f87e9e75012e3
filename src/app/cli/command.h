// The one table of commands: dispatch, help, completion and error messages are made from it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lazurite::cli {

class Context;

struct Flag {
  std::string_view name;        // "--file"
  std::string_view short_name;  // "-f", or ""
  std::string_view value;       // "FILE"; "" = a switch without a value
  std::string_view sentence;
  // What its value can be: "a|b|c", "<job>" (live names), "<file>", or "" = anything.
  std::string_view values = "";
  std::string_view also = "";  // another name that is accepted: "--workspace"
  bool repeats = false;
};

struct Command {
  std::string_view name = "";       // "job create"
  std::string_view sentence = "";   // what it does, ends with a full stop
  std::string_view arguments = "";  // as usage shows them: "[NAME]"
  std::string_view subject = "";    // what completes them, like Flag::values
  size_t words_max = 0;             // how many words it takes beside flags
  bool takes_rest = false;  // what follows "--", or the first word, belongs to another program
  std::span<const Flag> flags = {};
  std::string_view examples = "";  // one a line
  Status (*run)(Context&) = nullptr;
};

// All commands in the order in which help shows them; those of one noun stand together.
std::span<const Command* const> Commands();
// Flags that every command takes.
std::span<const Flag> GlobalFlags();

// The command called so, or nullptr.
const Command* FindCommand(std::string_view name);
// The commands whose first word is `noun` and that have a verb.
std::vector<const Command*> CommandsOf(std::string_view noun);
// The flag of the command, or a global one, with that long or short name; else nullptr.
const Flag* FindFlag(const Command& command, std::string_view name);

}  // namespace lazurite::cli
