// The tree that an expression is parsed into; between the sources of JmesPath only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace lazurite::cli::jmespath {

struct Node {
  enum class Kind : unsigned char {
    kCurrent,        // @
    kField,          // text
    kLiteral,        // literal
    kIndex,          // number
    kSlice,          // slice
    kSubexpression,  // children[0] . children[1]
    kPipe,           // children[0] | children[1]
    kProjection,     // each item of children[0] through children[1]
    kValues,         // each value of the object children[0] through children[1]
    kFlatten,        // children[0] flattened by one level
    kFilter,         // each item of children[0] for which children[2] holds, through children[1]
    kCompare,        // children[0] text children[1]
    kOr,
    kAnd,
    kNot,
    kList,      // [a, b]
    kHash,      // {keys[0]: children[0], …}
    kFunction,  // text(children…)
    kReference  // &children[0]
  } kind = Kind::kCurrent;
  std::string text;
  Json literal;
  int64_t number = 0;
  struct Slice {
    std::optional<int64_t> start, stop, step;
  } slice;
  std::vector<std::string> keys;
  std::vector<std::shared_ptr<const Node>> children;
};
using NodePtr = std::shared_ptr<const Node>;

struct Token {
  enum class Kind : unsigned char {
    kEnd,
    kIdentifier,
    kQuoted,
    kNumber,
    kLiteral,
    kDot,
    kStar,
    kLeftBracket,
    kRightBracket,
    kFlatten,
    kFilter,
    kLeftParen,
    kRightParen,
    kLeftBrace,
    kRightBrace,
    kComma,
    kColon,
    kPipe,
    kOr,
    kAnd,
    kNot,
    kReference,
    kCurrent,
    kCompare
  } kind = Kind::kEnd;
  std::string text;
  Json literal;
  int64_t number = 0;
  size_t at = 0;  // offset in the expression
};

Status SyntaxError(size_t at, std::string_view message);
// jmespath_lexer.cpp
Result<std::vector<Token>> Tokenize(std::string_view text);
// jmespath_parser.cpp
Result<NodePtr> ParseTokens(const std::vector<Token>& tokens);
// jmespath.cpp
Result<Json> Evaluate(const Node& node, const Json& value);
bool IsTrue(const Json& value);
// jmespath_functions.cpp: `arguments` are evaluated, references left as they are (`node.children`).
Result<Json> CallFunction(const Node& node, const std::vector<Json>& arguments);
// The function called so, or "" and the nearest name.
bool IsFunction(std::string_view name);
std::string_view NearestFunction(std::string_view name);

}  // namespace lazurite::cli::jmespath
