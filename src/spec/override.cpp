#include "spec/override.h"

#include <optional>

#include "base/text.h"

namespace lazurite::spec {
namespace {

void Stamp(YamlNode& node, int line) {
  node.position = {line, 0};
  for (YamlNode& item : node.items) Stamp(item, line);
  for (YamlNode::Entry& entry : node.entries) {
    entry.position = {line, 0};
    Stamp(entry.value, line);
  }
}

// Text is read as YAML only where it is meant as such, so that "echo a: b" stays a command.
YamlNode ReadValue(const std::string& text) {
  const std::string_view trimmed = Trim(text);
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.text = text;
  if (!trimmed.empty() && std::string_view("{[\"'").find(trimmed[0]) != std::string_view::npos) {
    auto parsed = ParseYaml(trimmed);
    if (auto* value = std::get_if<YamlNode>(&parsed)) return std::move(*value);
  }
  if (trimmed.empty()) node.kind = YamlNode::Kind::kNull;
  return node;
}

bool IsMapOfTexts(const Kind& kind, std::string_view row) {
  const Field* field = FindField(kind.name, row);
  return field != nullptr && field->plain_type() == "map:string";
}

std::string JoinFrom(const std::vector<std::string>& parts, size_t from) {
  return Join({parts.begin() + static_cast<std::ptrdiff_t>(from), parts.end()}, ".");
}

// Walks down a path, making maps where nothing is.
class Setter {
 public:
  Setter(const Kind& kind, std::vector<std::string> parts, int line)
      : kind_(kind), parts_(std::move(parts)), line_(line) {}

  // The node to overwrite; nullptr: `error` says why there is none.
  YamlNode* Find(YamlNode& root) {
    YamlNode* node = &root;
    for (size_t i = 0; i < parts_.size() && node != nullptr; ++i) {
      if (IsMapOfTexts(kind_, row_)) {
        node = Enter(*node, JoinFrom(parts_, i), i);
        break;
      }
      node = Enter(*node, parts_[i], i);
      row_ += (row_.empty() ? "" : ".") + parts_[i];
      if (FindField(kind_.name, row_) == nullptr) row_ = WithStar();
    }
    return node;
  }
  const std::string& error() const { return error_; }

 private:
  std::string WithStar() const {
    const size_t dot = row_.rfind('.');
    return dot == std::string::npos ? row_ : row_.substr(0, dot) + ".*";
  }

  YamlNode* Enter(YamlNode& node, const std::string& key, size_t depth) {
    if (node.kind == YamlNode::Kind::kSequence) return EnterSequence(node, key, depth);
    if (node.kind == YamlNode::Kind::kScalar && !node.ScalarToJson().is_null()) {
      error_ = Above(depth) + " is \"" + node.text + "\", not an object that has \"" + key + "\"";
      return nullptr;
    }
    if (node.kind != YamlNode::Kind::kMap) {
      node.kind = YamlNode::Kind::kMap;
      node.position = {line_, 0};
    }
    if (YamlNode* found = node.Find(key)) return found;
    node.entries.push_back({key, {line_, 0}, {}});
    return &node.entries.back().value;
  }

  YamlNode* EnterSequence(YamlNode& node, const std::string& key, size_t depth) {
    const std::optional<int64_t> index = ParseInt(key);
    const auto count = static_cast<int64_t>(node.items.size());
    if (!index || *index < 0 || *index > count) {
      error_ = Above(depth) + " is a list of " + std::to_string(count) + ", which has no item \"" +
               key + "\"";
      return nullptr;
    }
    if (*index == count) node.items.emplace_back();
    return &node.items[static_cast<size_t>(*index)];
  }

  std::string Above(size_t depth) const {
    return depth == 0
               ? "the document"
               : Join({parts_.begin(), parts_.begin() + static_cast<std::ptrdiff_t>(depth)}, ".");
  }

  const Kind& kind_;
  std::vector<std::string> parts_;
  int line_;
  std::string row_;
  std::string error_;
};

}  // namespace

std::string OriginOf(const Override& override) {
  return override.origin.empty() ? "--set " + override.path : override.origin;
}

std::vector<std::string> SplitPath(std::string_view path) {
  std::vector<std::string> parts;
  std::string part;
  bool is_quoted = false;
  const auto finish = [&] {
    if (!part.empty() && part != "lazurite") parts.push_back(std::exchange(part, {}));
    if (part == "lazurite") part += '.';
  };
  for (const char c : path) {
    if (c == '"') {
      is_quoted = !is_quoted;
    } else if (!is_quoted && (c == '.' || c == '[' || c == ']')) {
      finish();
    } else {
      part += c;
    }
  }
  if (!part.empty()) parts.push_back(part);
  return parts;
}

Result<Override> ParseOverride(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return InvalidArgument("\"" + std::string(text) +
                           "\": expected path=value, such as inputs.lr=0.1");
  }
  Override override{std::string(Trim(text.substr(0, equals))), std::string(text.substr(equals + 1)),
                    ""};
  if (SplitPath(override.path).empty()) {
    return InvalidArgument("\"" + std::string(text) + "\": the path before \"=\" is empty");
  }
  return override;
}

std::string ApplyOverride(YamlNode& root, const Kind& kind, const Override& override, int line) {
  std::vector<std::string> parts = SplitPath(override.path);
  if (parts.size() > kYamlDepthMax) return "the path has more than 100 parts";
  Setter setter(kind, std::move(parts), line);
  YamlNode* node = setter.Find(root);
  if (node == nullptr) return setter.error();
  if (node == &root) return "the path is empty";
  YamlNode value = ReadValue(override.value);
  Stamp(value, line);
  *node = std::move(value);
  return "";
}

}  // namespace lazurite::spec
