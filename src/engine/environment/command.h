// Runs a program and hands its output on line by line.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/environment/pythons.h"

namespace lazurite::environment {

struct Command {
  std::vector<std::string>
      arguments;        // the first is the program, absolute or on PATH of `variables`
  Variables variables;  // the whole environment of the program
  std::function<void(std::string_view)> line;  // each line of both outputs, without its end
  std::function<bool()> canceled;              // polled; true ends the program
  bool is_background = false;                  // runs only when nothing else wants to
};

// The program's exit code (128 + the signal that ended it). kCancelled: it was ended because the
// asker gave up; kInternal: it could not be started. The program and all its children in its
// process group are gone afterwards, also when this process dies meanwhile.
Result<int> RunCommand(const Command& command);

// The absolute path of a program on a PATH, or "".
std::string FindProgram(std::string_view name, std::string_view path);

}  // namespace lazurite::environment
