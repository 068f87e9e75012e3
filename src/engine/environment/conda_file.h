// Reads conda files and pip requirements.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lazurite::environment {

// What a conda file asks for. Comments, blanks and the order of packages are gone.
struct CondaFile {
  std::string python;  // ">=3.8,<3.12" or "=3.10" as written after the name; "" for any
  std::vector<std::string> channels;
  std::vector<std::string> conda;  // dependencies other than python and pip, sorted
  std::vector<std::string> pip;    // requirement lines, options first, then sorted
  std::map<std::string, std::string> variables;
};

// Reads a conda file, or a text that is none but a list of pip requirements. kInvalidArgument says
// where and what: no list of dependencies, a requirement that names a path of the author's machine.
Result<CondaFile> ReadCondaFile(std::string_view text);

// Checks one line of a requirements file; nothing remains of a comment. Folders, editable installs
// and further files are refused: an environment sees no file but its own.
Result<std::string> NormalRequirement(std::string_view line);

}  // namespace lazurite::environment
