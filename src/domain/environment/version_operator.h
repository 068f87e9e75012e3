// Comparisons that people misspell, in lines of pip and of conda alike.
#pragma once

#include <string_view>

namespace lazurite::environment {

struct MisspeltOperator {
  std::string_view written;  // "=!"; "" if the text begins with none
  std::string_view meant;    // "!="
};

// The misspelt comparison that the text begins with.
constexpr MisspeltOperator FindMisspeltOperator(std::string_view text) {
  constexpr MisspeltOperator kAll[] = {{"=!", "!="}, {"=<", "<="}, {"=>", ">="}, {"=~", "~="},
                                       {"<>", "!="}, {">>", ">="}, {"<<", "<="}};
  for (const MisspeltOperator& one : kAll) {
    if (text.starts_with(one.written)) return one;
  }
  return {};
}

}  // namespace lazurite::environment
