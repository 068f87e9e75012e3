// The words of a command line, sorted into flags and the rest.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/cli/command.h"
#include "base/status.h"

namespace lazurite::cli {

struct Arguments {
  std::vector<std::string> words;                          // beside flags
  std::vector<std::string> rest;                           // what belongs to another program
  std::vector<std::pair<std::string, std::string>> flags;  // long name, value; in order

  bool Has(std::string_view flag) const;
  std::string Get(std::string_view flag, std::string_view preset = "") const;  // the last one
  std::vector<std::string> All(std::string_view flag) const;
  // The value of the flag as a number; kInvalidArgument if it is none or below `low`.
  Result<std::optional<int64_t>> GetInt(std::string_view flag, int64_t low) const;
};

// "--name v", "--name=v", "-n v", "-nv"; a repeated flag also takes the following words that
// contain "="
// (`--set a=1 b=2`). kInvalidArgument names an unknown flag with the nearest one, a missing value,
// a value that is not among the flag's, a word too many.
Result<Arguments> ParseArguments(const Command& command, std::span<const std::string> words);

// "90", "90s", "5m", "2h", "1d" in seconds; kInvalidArgument else.
Result<double> ParseSeconds(std::string_view text);

}  // namespace lazurite::cli
