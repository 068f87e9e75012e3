// The Python interpreters of this machine.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lazurite::environment {

using Variables = std::map<std::string, std::string>;

// This process's environment variables.
Variables OwnVariables();

// Where pyenv keeps its versions.
std::string PyenvRoot(const Variables& variables);

struct Interpreter {
  std::string path;  // absolute, no shim
  int minor = 0;     // of Python 3
};

// Interpreters of Python 3 on PATH, under pyenv, in /usr/local/bin and /usr/bin, told by their
// names: nothing is run. The machine's default (what `python3` means) comes first; each minor
// version once.
std::vector<Interpreter> FindPythons(const Variables& variables);

struct ChosenPython {
  Interpreter interpreter;
  std::string warning;  // one sentence if it is not what was asked for, else ""
};

// The interpreter for a wish: "", "3.10", "=3.10", "==3.8.5", ">=3.8,<3.12". The default if it
// fits, else the highest that fits, else the nearest minor version with a warning.
// kInvalidArgument: no version; kFailedPrecondition: no interpreter at all, or Python 2 asked for.
Result<ChosenPython> ChoosePython(const std::vector<Interpreter>& interpreters,
                                  std::string_view wish);

}  // namespace lazurite::environment
