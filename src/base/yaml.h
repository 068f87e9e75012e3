// YAML with positions (yaml-cpp underneath, in one source).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace lazurite {

// Where a node stands in its file; lines and columns count from 1, columns in bytes.
struct Position {
  int line = 0;
  int column = 0;
};

struct YamlNode {
  enum class Kind : unsigned char { kNull, kScalar, kSequence, kMap } kind = Kind::kNull;
  std::string text;         // of a scalar
  bool is_quoted = false;   // "1" is a text, 1 a number
  Position position;
  std::vector<YamlNode> items;  // of a sequence
  struct Entry;
  std::vector<Entry> entries;  // of a map, in order; keys may repeat (a Problem for the caller)

  const YamlNode* Find(std::string_view key) const;
  // The value as JSON by YAML 1.2's core schema with YAML 1.1's booleans left as texts except true/false.
  Json ToJson() const;
};
struct YamlNode::Entry {
  std::string key;
  Position position;  // of the key
  YamlNode value;
};

// What was wrong with a text, and where.
struct YamlError {
  std::string message;
  Position position;
};

// Parses one document. At most 100 000 nodes, 100 levels, 16 MiB, aliases expanded within those bounds; else an error.
std::variant<YamlNode, YamlError> ParseYaml(std::string_view text);

// Writes block-style YAML in the member order of the JSON; texts that would read as something else are quoted.
std::string WriteYaml(const Json& json);

}  // namespace lazurite
