// The text tests of tests/text: requests and the answers they must get.
//
//   PUT $ws/jobs/a            $ws: the default workspace's id; $next: the path of the latest
//   nextLink
//   {"properties": {…}}       the body, up to the line with the status
//   ---- 201
//   {"name": "a", ...}        the answer: "..." stands for any other members, items or value
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/text.h"

namespace lazurite {

struct TextStep {
  int line = 0;
  std::string method, target, body;
  int status = 0;
  std::string expected;
};

inline bool IsRequestLine(const std::string& line) {
  static constexpr auto kMethods =
      std::to_array<std::string_view>({"GET ", "PUT ", "POST ", "PATCH ", "DELETE ", "HEAD "});
  return std::any_of(kMethods.begin(), kMethods.end(),
                     [&](std::string_view method) { return line.starts_with(method); });
}

inline std::vector<TextStep> ReadTextSteps(const std::string& file) {
  static constexpr std::string_view kStatus = "---- ";
  std::ifstream in(file);
  std::vector<TextStep> steps;
  std::string line;
  bool is_answer = true;
  for (int number = 1; std::getline(in, line); ++number) {
    if (is_answer && IsRequestLine(line)) {
      const size_t blank = line.find(' ');
      TextStep step;
      step.line = number;
      step.method = line.substr(0, blank);
      step.target = line.substr(blank + 1);
      steps.push_back(std::move(step));
      is_answer = false;
    } else if (!is_answer && line.starts_with(kStatus)) {
      const auto status = ParseInt(std::string_view(line).substr(kStatus.size()));
      steps.back().status = static_cast<int>(status.value_or(0));
      is_answer = true;
    } else if (!line.empty() && line[0] != '#' && !steps.empty()) {
      (is_answer ? steps.back().expected : steps.back().body) += line + "\n";
    }
  }
  return steps;
}

// All text tests below a folder, sorted.
inline std::vector<std::string> TextTestFiles(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".api") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace lazurite
