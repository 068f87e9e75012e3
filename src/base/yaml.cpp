#include "base/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <streambuf>

#include "base/text.h"

namespace lazurite {
namespace {

// Leaves the parser from inside a callback; caught in ParseYaml.
struct Refused {
  YamlError error;
};

[[noreturn]] void Refuse(std::string message, Position position) {
  throw Refused{{std::move(message), position}};
}

Position At(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

struct Size {
  size_t nodes = 0;
  size_t bytes = 0;
};

Size Measure(const YamlNode& node) {
  Size size{1, node.text.size()};
  const auto add = [&](const YamlNode& child) {
    const Size more = Measure(child);
    size.nodes += more.nodes;
    size.bytes += more.bytes;
  };
  for (const YamlNode& item : node.items) add(item);
  for (const YamlNode::Entry& entry : node.entries) {
    add(entry.value);
    size.bytes += entry.key.size();
  }
  return size;
}

// Builds the tree from the parser's events. A stack of open collections; each finished node goes
// into the one on top.
class Builder : public YAML::EventHandler {
 public:
  YamlNode TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      Refuse("the file holds more than one document; only one is read", At(mark));
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.position = At(mark);
    Finish(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) Refuse("an alias inside its own anchor", At(mark));
    Count(found->second.size, At(mark));
    YamlNode node = found->second.node;
    node.position = At(mark);
    Add(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node;
    node.kind = YamlNode::Kind::kScalar;
    node.text = value;
    node.position = At(mark);
    node.is_quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (!node.is_quoted) CheckTag(tag, node.position);
    Finish(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kSequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override {
    Merge(open_.back().node);
    Close();
  }

 private:
  struct OpenNode {
    YamlNode node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    bool has_key = false;  // of a map: the next node is the value of the last entry
  };
  struct Anchored {
    YamlNode node;
    Size size;
  };

  static void CheckTag(const std::string& tag, Position position) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    static constexpr std::string_view kCore = "tag:yaml.org,2002:";
    for (const std::string_view known : {"null", "bool", "int", "float", "seq", "map", "str"}) {
      if (tag == std::string(kCore) + std::string(known)) return;
    }
    Refuse("the tag \"" + tag + "\" is not supported", position);
  }

  void Count(Size size, Position position) {
    total_.nodes += size.nodes;
    total_.bytes += size.bytes;
    if (total_.nodes > kYamlNodesMax)
      Refuse("more than 100000 values (aliases expanded)", position);
    if (total_.bytes > kYamlExpandedBytesMax) {
      Refuse("more than 64 MiB of text (aliases expanded)", position);
    }
  }

  void Open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    CheckTag(tag, At(mark));
    if (open_.size() >= kYamlDepthMax) Refuse("nested deeper than 100 levels", At(mark));
    OpenNode open;
    open.node.kind = kind;
    open.node.position = At(mark);
    open.anchor = anchor;
    Count({1, 0}, open.node.position);
    open_.push_back(std::move(open));
  }

  void Close() {
    OpenNode closed = std::move(open_.back());
    open_.pop_back();
    Remember(closed.node, closed.anchor);
    Add(std::move(closed.node));
  }

  void Finish(YamlNode node, YAML::anchor_t anchor) {
    Count({1, node.text.size()}, node.position);
    Remember(node, anchor);
    Add(std::move(node));
  }

  void Remember(const YamlNode& node, YAML::anchor_t anchor) {
    if (anchor == YAML::NullAnchor) return;
    const Size size = Measure(node);
    Count(size, node.position);  // the copy kept for aliases
    anchors_[anchor] = {node, size};
  }

  void Add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    OpenNode& top = open_.back();
    if (top.node.kind == YamlNode::Kind::kSequence) {
      top.node.items.push_back(std::move(node));
    } else if (top.has_key) {
      top.node.entries.back().value = std::move(node);
      top.has_key = false;
    } else {
      AddKey(top, std::move(node));
    }
  }

  static void AddKey(OpenNode& map, YamlNode key) {
    if (key.kind == YamlNode::Kind::kSequence || key.kind == YamlNode::Kind::kMap) {
      Refuse("a key must be a single word or text", key.position);
    }
    YamlNode::Entry entry;
    entry.key = key.kind == YamlNode::Kind::kNull ? "null" : std::move(key.text);
    entry.position = key.position;
    map.node.entries.push_back(std::move(entry));
    map.has_key = true;
  }

  // Replaces "<<: map" and "<<: [maps]" by the entries that the map does not have itself.
  void Merge(YamlNode& map) {
    if (map.Find("<<") == nullptr) return;
    std::vector<YamlNode> sources;
    std::set<std::string> keys;
    for (YamlNode::Entry& entry : map.entries) {
      if (entry.key == "<<") {
        sources.push_back(std::move(entry.value));
      } else {
        keys.insert(entry.key);
      }
    }
    std::erase_if(map.entries, [](const YamlNode::Entry& entry) { return entry.key == "<<"; });
    for (const YamlNode& source : sources) {
      if (source.kind != YamlNode::Kind::kSequence) MergeOne(map, keys, source);
      for (const YamlNode& item : source.items) MergeOne(map, keys, item);
    }
  }

  static void MergeOne(YamlNode& map, std::set<std::string>& keys, const YamlNode& source) {
    if (source.kind != YamlNode::Kind::kMap) Refuse("\"<<\" needs a map", source.position);
    for (const YamlNode::Entry& entry : source.entries) {
      if (keys.insert(entry.key).second) map.entries.push_back(entry);
    }
  }

  YamlNode root_;
  std::vector<OpenNode> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  Size total_;
  int documents_ = 0;
};

// The text as a stream, without a copy.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

// The length of the UTF-8 sequence at `i`, 0 if there is none.
size_t SequenceLength(std::string_view text, size_t i) {
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(i);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() - i < length) return 0;
  for (size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = byte(i + 1);
  const bool is_overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool is_no_character = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return is_overlong || is_no_character ? 0 : length;
}

std::variant<YamlNode, YamlError> CheckCharacters(std::string_view text) {
  Position position{1, 1};
  for (size_t i = 0; i < text.size();) {
    const size_t length = SequenceLength(text, i);
    if (length == 0) return YamlError{"not UTF-8 text", position};
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_blank = byte == '\t' || byte == '\n' || byte == '\r';
    if ((byte < 0x20 && !is_blank) || byte == 0x7f) {
      return YamlError{"a control character (byte " + std::to_string(byte) + ") is not allowed",
                       position};
    }
    position.column += static_cast<int>(length);
    if (byte == '\n') position = {position.line + 1, 1};
    i += length;
  }
  return YamlNode{};
}

std::string_view LineAt(std::string_view text, int line) {
  size_t begin = 0;
  for (int i = 1; i < line; ++i) {
    const size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) return {};
    begin = end + 1;
  }
  return text.substr(begin, text.find('\n', begin) - begin);
}

// The parser's own words, unless a tab explains it better.
YamlError Explain(std::string_view text, const YAML::Exception& error) {
  Position position = error.mark.is_null() ? Position{1, 1} : At(error.mark);
  const std::string_view line = LineAt(text, position.line);
  const size_t content = line.find_first_not_of(" \t");
  const size_t tab = line.substr(0, content).find('\t');
  if (tab != std::string_view::npos) {
    return {"a tab may not indent a line; use spaces", {position.line, static_cast<int>(tab) + 1}};
  }
  return {"not valid YAML: " + error.msg, position};
}

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (text == word) return true;
  }
  return false;
}

bool AllOf(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view kDigits = "0123456789";

std::optional<Json> ParseBased(std::string_view digits, uint64_t base) {
  uint64_t value = 0;
  for (const char c : digits) {
    const auto digit = static_cast<uint64_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    if (value > (std::numeric_limits<uint64_t>::max() - digit) / base) return {};
    value = value * base + digit;
  }
  if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return {};
  return Json(static_cast<int64_t>(value));
}

// [-+]? ( \. digits | digits ( \. digits? )? ) ( [eE] [-+]? digits )?
bool IsFloat(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  const size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    std::string_view power = text.substr(exponent + 1);
    if (!power.empty() && (power[0] == '-' || power[0] == '+')) power.remove_prefix(1);
    if (!AllOf(power, kDigits)) return false;
    text = text.substr(0, exponent);
  }
  const size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  const std::string_view part = dot == std::string_view::npos ? "" : text.substr(dot + 1);
  if (whole.empty() && part.empty()) return false;
  return (whole.empty() || AllOf(whole, kDigits)) && (part.empty() || AllOf(part, kDigits));
}

std::optional<Json> ParseNumber(std::string_view text) {
  if (text.starts_with("0x") && AllOf(text.substr(2), "0123456789abcdefABCDEF")) {
    return ParseBased(text.substr(2), 16);
  }
  if (text.starts_with("0o") && AllOf(text.substr(2), "01234567")) {
    return ParseBased(text.substr(2), 8);
  }
  const std::string_view unsigned_text =
      !text.empty() && (text[0] == '-' || text[0] == '+') ? text.substr(1) : text;
  const std::string_view plain = text.starts_with('+') ? text.substr(1) : text;
  if (AllOf(unsigned_text, kDigits)) {
    if (const auto value = ParseInt(plain)) return Json(*value);
  }
  if (IsOneOf(unsigned_text, {".inf", ".Inf", ".INF"})) {
    const double infinity = std::numeric_limits<double>::infinity();
    return Json(text[0] == '-' ? -infinity : infinity);
  }
  if (IsOneOf(text, {".nan", ".NaN", ".NAN"}))
    return Json(std::numeric_limits<double>::quiet_NaN());
  if (!IsFloat(text)) return {};
  if (const auto value = ParseDouble(plain)) return Json(*value);
  return {};
}

// What a plain scalar means.
Json ReadPlain(std::string_view text) {
  if (IsOneOf(text, {"", "~", "null", "Null", "NULL"})) return {};
  if (IsOneOf(text, {"true", "True", "TRUE"})) return Json(true);
  if (IsOneOf(text, {"false", "False", "FALSE"})) return Json(false);
  if (auto number = ParseNumber(text)) return std::move(*number);
  return Json(text);
}

// True if another reader, of YAML 1.1, takes the plain text for something else: yes, 1_000, 1:30,
// 2026-01-31, =.
bool IsOldWord(std::string_view text) {
  const std::string lower = Lower(text);
  if (IsOneOf(lower, {"y", "n", "yes", "no", "on", "off", "=", "<<"})) return true;
  return AllOf(text, "0123456789_:.+-eExXabcdefABCDEFTZ") && text.find_first_of(kDigits) == 0;
}

bool IsPlainText(std::string_view text) {
  if (text.empty() || !ReadPlain(text).is_string() || IsOldWord(text)) return false;
  if (Trim(text).size() != text.size()) return false;
  if (std::string_view("-?:,[]{}#&*!|>'\"%@`").find(text[0]) != std::string_view::npos) {
    const bool is_word = (text[0] == '-' || text[0] == ':') && text.size() > 1 && text[1] != ' ' &&
                         !text.starts_with("---");
    if (!is_word) return false;
  }
  if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos) {
    return false;
  }
  if (text.back() == ':' || text.starts_with("...")) return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

// True if "|" can hold the text: no control characters, not led by blanks.
bool IsBlockText(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text[0] == ' ' || text[0] == '\n') return false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f) return false;
  }
  return text.find_first_not_of(" \n\t") != std::string_view::npos;
}

void WriteBlock(std::string& out, std::string_view text, size_t indent) {
  const bool ends = text.ends_with('\n');
  const bool ends_twice = text.ends_with("\n\n");
  out += ends_twice ? "|+" : ends ? "|" : "|-";
  out += '\n';
  if (ends) text.remove_suffix(1);
  for (const std::string_view line : Split(text, '\n')) {
    if (!line.empty()) out.append(indent, ' ');
    out += line;
    out += '\n';
  }
}

void WriteText(std::string& out, std::string_view text, size_t indent) {
  if (IsPlainText(text)) {
    out += text;
    out += '\n';
  } else if (IsBlockText(text)) {
    WriteBlock(out, text, indent);
  } else if (text.find_first_of("\n\t\r\x7f") == std::string_view::npos && !text.empty() &&
             text.find('\'') == std::string_view::npos &&
             std::none_of(text.begin(), text.end(),
                          [](char c) { return static_cast<unsigned char>(c) < 0x20; })) {
    out += '\'';
    out += text;
    out += "'\n";
  } else {
    AppendJsonString(out, text);
    out += '\n';
  }
}

std::string DoubleText(double value) {
  if (value != value) return ".nan";
  if (value > std::numeric_limits<double>::max()) return ".inf";
  if (value < std::numeric_limits<double>::lowest()) return "-.inf";
  std::string text = FormatDouble(value);
  if (text.find('.') != std::string::npos) return text;
  const size_t exponent = text.find('e');
  return text.insert(exponent == std::string::npos ? text.size() : exponent, ".0");
}

// Writes the value after "key:" or "-"; `indent` is that of the lines below.
void WriteValue(std::string& out, const Json& json, size_t indent);

void WriteMembers(std::string& out, const Json::Object& members, size_t indent,
                  bool is_first_inline) {
  bool is_inline = is_first_inline;
  for (const auto& [key, value] : members) {
    if (!is_inline) out.append(indent, ' ');
    is_inline = false;
    if (IsPlainText(key)) {
      out += key;
    } else {
      AppendJsonString(out, key);
    }
    out += ':';
    const bool is_list = value.is_array() && !value.array().empty();
    const bool is_map = value.is_object() && !value.object().empty();
    if (is_map) {
      out += '\n';
      WriteMembers(out, value.object(), indent + 2, false);
    } else if (is_list) {
      out += '\n';
      WriteValue(out, value, indent);
    } else {
      out += ' ';
      WriteValue(out, value, indent + 2);
    }
  }
}

void WriteItems(std::string& out, const Json::Array& items, size_t indent) {
  for (const Json& item : items) {
    out.append(indent, ' ');
    out += "-";
    if (item.is_object() && !item.object().empty()) {
      out += ' ';
      WriteMembers(out, item.object(), indent + 2, true);
    } else if (item.is_array() && !item.array().empty()) {
      out += '\n';
      WriteItems(out, item.array(), indent + 2);
    } else {
      out += ' ';
      WriteValue(out, item, indent + 2);
    }
  }
}

void WriteValue(std::string& out, const Json& json, size_t indent) {
  if (json.is_string()) {
    WriteText(out, json.string(), indent);
  } else if (json.is_double()) {
    out += DoubleText(json.double_value()) + "\n";
  } else if (json.is_array() && !json.array().empty()) {
    WriteItems(out, json.array(), indent);
  } else if (json.is_object() && !json.object().empty()) {
    WriteMembers(out, json.object(), indent, false);
  } else {
    out += json.Dump() + "\n";
  }
}

}  // namespace

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (entry->key == key) return &entry->value;
  }
  return nullptr;
}

YamlNode* YamlNode::Find(std::string_view key) {
  return const_cast<YamlNode*>(static_cast<const YamlNode*>(this)->Find(key));
}

Json YamlNode::ScalarToJson() const {
  if (kind == Kind::kNull) return {};
  return is_quoted ? Json(text) : ReadPlain(text);
}

Json YamlNode::ToJson() const {
  if (kind == Kind::kSequence) {
    Json list = Json::MakeArray();
    for (const YamlNode& item : items) list.Push(item.ToJson());
    return list;
  }
  if (kind == Kind::kMap) {
    Json::Object members;
    std::map<std::string_view, size_t> places;  // Json's own look-up is linear
    for (const Entry& entry : entries) {
      const auto [place, is_new] = places.emplace(entry.key, members.size());
      if (is_new) members.emplace_back(entry.key, Json());
      members[place->second].second = entry.value.ToJson();
    }
    return Json(std::move(members));
  }
  return ScalarToJson();
}

std::variant<YamlNode, YamlError> ParseYaml(std::string_view text) {
  if (text.size() > kYamlBytesMax) return YamlError{"the file is larger than 16 MiB", {1, 1}};
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  auto checked = CheckCharacters(text);
  if (std::holds_alternative<YamlError>(checked)) return checked;
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    Builder builder;
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.TakeRoot();
  } catch (const Refused& refused) {
    return refused.error;
  } catch (const YAML::Exception& error) {
    return Explain(text, error);
  } catch (const std::exception& error) {
    return YamlError{std::string("not valid YAML: ") + error.what(), {1, 1}};
  }
}

std::string WriteYaml(const Json& json) {
  std::string out;
  WriteValue(out, json, 0);
  return out;
}

}  // namespace lazurite
