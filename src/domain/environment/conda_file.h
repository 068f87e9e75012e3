// Reads conda files and pip requirements: all problems at once, each with its place.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/yaml.h"

namespace lazurite::environment {

// A dependency, and where the document has it.
struct CondaPackage {
  std::string text;  // "numpy=1.26"
  std::string path;  // "dependencies.1"
  bool operator==(const CondaPackage&) const = default;
};

// What a conda file asks for. Comments, blanks and the order of packages are gone.
struct CondaFile {
  std::string python;       // ">=3.8,<3.12" or "=3.10" as written after the name; "" for any
  std::string python_path;  // "dependencies.0", or ""
  std::vector<std::string> channels;
  std::vector<CondaPackage> conda;  // dependencies other than python and pip, sorted
  std::vector<std::string> pip;     // requirement lines, options first, then sorted
  std::map<std::string, std::string> variables;
};

struct CondaProblem {
  std::string path;  // "dependencies.2.pip.0"; "" = the file as a whole
  Position position{1, 1};
  int length = 1;
  std::string message;
  std::string suggestion;   // did you mean "dependencies"?
  bool is_warning = false;  // the file means something all the same
};

// A line "-r FILE" below pip.
struct CondaInclude {
  std::string path;
  std::string file;
  Position position;
};

struct CondaReading {
  CondaFile file;
  std::vector<CondaProblem> problems;
  std::vector<CondaInclude> includes;

  // The first problem that is no warning; OK if there is none.
  Status status() const;
};

// Reads a conda file, or a text that is none but a list of pip requirements.
CondaReading ReadConda(std::string_view text);
// The same of a map that is parsed already; `text` is what it was parsed from.
CondaReading ReadCondaMap(const YamlNode& root, std::string_view text);
// The lines of a requirements file; a problem's path is the number of the line's requirement.
CondaReading ReadRequirements(std::string_view text);

// The same where problems are the end of it: kInvalidArgument says where and what. A line
// "-r FILE" is such a problem: there is no other file here.
Result<CondaFile> ReadCondaFile(std::string_view text);

}  // namespace lazurite::environment
