// What is wrong in a file, where, and what to do about it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lazurite::spec {

struct Problem {
  // as the user wrote it; "--set a.b" or another flag if a flag is to blame
  std::string file;
  int line = 0;             // from 1; 0 = the file as a whole, or a flag
  int column = 0;           // from 1, in bytes
  int length = 1;           // of the offending text, in bytes
  std::string message;      // unknown field "gpu" in resources
  std::string suggestion;   // did you mean "instance_count"?
  std::string help;         // a command: "lazurite explain job.resources", or ""
  bool is_warning = false;  // told, but no reason to refuse the file
  std::string source_line;  // of a file that the document only names (a conda file), else ""
};

// The problem for a terminal, with the offending text underlined; ends with a line feed. `source`
// is the text of the problem's file (lines are cut to a window of kLineMax columns).
//
//   error: unknown field "instance_cout" in resources
//     --> train.yml:14:3
//      |   instance_cout: 2
//      |   ^^^^^^^^^^^^^ did you mean "instance_count"?
//   help: lazurite explain job.resources
std::string RenderProblem(const Problem& problem, std::string_view source);

// All of them, in the order of the file; after kProblemsMax one line says how many more there are.
std::string RenderProblems(const std::vector<Problem>& problems, std::string_view source);

inline constexpr size_t kProblemsMax = 50;
inline constexpr size_t kLineMax = 160;

}  // namespace lazurite::spec
