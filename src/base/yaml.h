// YAML with positions (yaml-cpp underneath, in one source).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
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
  std::string text;        // of a scalar
  bool is_quoted = false;  // "1" is a text, 1 a number; also block scalars and !!str
  Position position;
  std::vector<YamlNode> items;  // of a sequence
  struct Entry;
  std::vector<Entry> entries;  // of a map, in order; keys may repeat (a Problem for the caller)

  const YamlNode* Find(std::string_view key) const;  // the last one called so
  YamlNode* Find(std::string_view key);
  // The value as JSON by YAML 1.2's core schema, with yes, no, on and off as texts; of a key
  // written twice the last value.
  Json ToJson() const;
  // The scalar alone: null, a boolean, a number or a text.
  Json ScalarToJson() const;
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

inline constexpr size_t kYamlBytesMax = size_t{16} << 20;
// Aliases expanded: the text of all scalars, and how many values there are.
inline constexpr size_t kYamlExpandedBytesMax = size_t{64} << 20;
inline constexpr size_t kYamlNodesMax = 100'000;
inline constexpr size_t kYamlDepthMax = 100;

// Parses one document within those limits; anchors, aliases and merge keys ("<<") are resolved. An
// empty text is null. Refused with a position: two documents, tags of one's own, keys that are no
// scalars, bytes that are no UTF-8, control characters.
std::variant<YamlNode, YamlError> ParseYaml(std::string_view text);

// Writes block-style YAML in the member order of the JSON; texts that would read as something else
// (in YAML 1.1 or 1.2) are quoted.
std::string WriteYaml(const Json& json);

}  // namespace lazurite
