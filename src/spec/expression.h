// ${{inputs.x}}, ${{outputs.x}}, ${{search_space.x}} and the optional segments $[[ … ]] of a
// command.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lazurite::spec {

using ExpressionValues = std::map<std::string, std::string>;

// The command with all expressions replaced by their values, as plain text like Azure does (no
// quoting). A segment $[[ … ]] loses its brackets, or vanishes if an input in it has no value.
// kInvalidArgument: an unknown name elsewhere, an unbalanced "${{" or "$[[".
Result<std::string> ExpandCommand(std::string_view command, const ExpressionValues& inputs,
                                  const ExpressionValues& outputs,
                                  const ExpressionValues& search_space = {});

// One expression of a text.
struct Expression {
  size_t offset = 0;  // of "${{" in the text
  size_t length = 0;  // up to and with "}}"
  // "inputs", "outputs", "search_space", "parent", or a bare name ("name", "default_datastore")
  std::string context;
  std::string name;          // the rest after the first dot, "" if there is none
  bool is_optional = false;  // inside $[[ … ]]
};
struct Expressions {
  std::vector<Expression> found;
  std::string error;  // what is unbalanced, or ""
  size_t error_offset = 0;
};
Expressions FindExpressions(std::string_view text);

// The names in "${{secrets.NAME}}" of a text, in order. Everything else in it is plain text, also
// what looks like another expression.
std::vector<std::string> SecretsIn(std::string_view text);
// The text with these replaced by their values, which must all be there.
std::string ExpandSecrets(std::string_view text, const ExpressionValues& values);

}  // namespace lazurite::spec
