// One line of a pip requirements file (PEP 508, and pip's own options).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lazurite::environment {

struct RequirementProblem {
  size_t offset = 0;  // of the offending text in the line, in bytes
  size_t length = 1;
  std::string message;
  std::string suggestion;  // did you mean "numpy==1.26"?
};

struct Requirement {
  std::string text;  // in its normal form; "" of a comment
  std::string file;  // of "-r FILE": its lines stand in its place, if the reader has that file
  std::optional<RequirementProblem> problem;
};

// Reads a line; nothing remains of a comment. Folders and editable installs are refused: an
// environment sees no file but its own.
Requirement ReadRequirement(std::string_view line);

// The text without user and password in its addresses ("https://u:p@host/" becomes
// "https://***@host/"), for whatever is logged, told or hashed.
std::string RedactCredentials(std::string_view text);

}  // namespace lazurite::environment
