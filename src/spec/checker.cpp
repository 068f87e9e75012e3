#include "spec/checker.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "spec/convert.h"
#include "spec/kind.h"
#include "spec/override.h"

namespace lazurite::spec {
namespace {

// Help about all fields instead of one row.
constexpr std::string_view kWholeKind = ".";

// Names that `show` prints are no advice for somebody who mistyped one.
std::vector<std::string_view> SettableNames(const std::vector<const Field*>& fields) {
  std::vector<std::string_view> names;
  for (const Field* field : fields) {
    if (field->plain_type() == "readonly") continue;
    const size_t dot = field->path.rfind('.');
    names.push_back(field->path.substr(dot == std::string_view::npos ? 0 : dot + 1));
  }
  return names;
}

std::string_view NearestName(std::string_view key, const std::vector<std::string_view>& names) {
  for (const std::string_view name : names) {
    if (IsSameWord(name, key)) return name;
  }
  return Nearest(key, names);
}

std::string DidYouMean(std::string_view name) {
  return name.empty() ? "" : "did you mean \"" + std::string(name) + "\"?";
}

}  // namespace

std::string JoinRow(std::string_view parent, std::string_view name) {
  return parent.empty() ? std::string(name) : std::string(parent) + "." + std::string(name);
}

std::vector<const Field*> ChildrenOf(const Kind& kind, std::string_view row) {
  std::vector<const Field*> children;
  for (const Field& field : kind.fields) {
    std::string_view path = field.path;
    if (!row.empty()) {
      if (!path.starts_with(row) || path.size() <= row.size() || path[row.size()] != '.') continue;
      path.remove_prefix(row.size() + 1);
    }
    if (path.find('.') == std::string_view::npos) children.push_back(&field);
  }
  return children;
}

std::string Describe(const YamlNode& node) {
  static constexpr size_t kShownMax = 60;
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMap:
      return "an object";
    case YamlNode::Kind::kScalar:
      break;
  }
  const std::string text = Shorten(node.text.substr(0, node.text.find('\n')), kShownMax);
  return "\"" + text + (node.text.find('\n') == std::string::npos ? "\"" : "…\"");
}

Checker::Checker(const Kind& kind, std::string_view text, const std::vector<std::string>& origins,
                 Loaded& loaded)
    : kind_(kind), text_(text), origins_(origins), loaded_(loaded) {
  if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
  lines_.push_back(0);
  for (size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') lines_.push_back(i + 1);
  }
}

size_t Checker::OffsetOf(Position position) const {
  const auto line = static_cast<size_t>(position.line - 1);
  if (position.line < 1 || line >= lines_.size()) return text_.size();
  return std::min(lines_[line] + static_cast<size_t>(position.column - 1), text_.size());
}

int Checker::SourceLength(const YamlNode& node) const {
  if (node.kind != YamlNode::Kind::kScalar || node.position.line < 1) return 1;
  const std::string_view rest = text_.substr(OffsetOf(node.position));
  if (rest.starts_with('|') || rest.starts_with('>')) return 1;
  const bool has_quotes = rest.starts_with('"') || rest.starts_with('\'');
  const size_t line = std::min(rest.find('\n'), rest.size());
  return static_cast<int>(
      std::clamp<size_t>(node.text.size() + (has_quotes ? 2 : 0), 1, std::max<size_t>(line, 1)));
}

void Checker::Report(Position position, int length, std::string message, std::string suggestion,
                     std::string_view help_row) {
  if (is_full()) return;
  Problem problem;
  problem.file = loaded_.file;
  problem.message = std::move(message);
  problem.suggestion = std::move(suggestion);
  problem.length = length;
  if (!help_row.empty()) {
    problem.help = "lazurite explain " + std::string(kind_.noun);
    if (help_row != kWholeKind) {
      problem.help += "." + std::string(help_row.substr(0, help_row.find(".*")));
    }
  }
  if (position.line < 0) {
    problem.file = origins_[OverrideIndex(position.line)];
    problem.length = 1;
  } else {
    problem.line = position.line;
    problem.column = position.column;
  }
  loaded_.problems.push_back(std::move(problem));
}

void Checker::ReportAt(const YamlNode& node, std::string message, std::string suggestion,
                       std::string_view help_row) {
  Report(node.position, SourceLength(node), std::move(message), std::move(suggestion), help_row);
}

void Checker::ReportInside(const YamlNode& node, std::string_view part, size_t nth,
                           std::string message, std::string suggestion) {
  size_t at =
      node.position.line < 1 ? std::string_view::npos : text_.find(part, OffsetOf(node.position));
  for (; nth > 0 && at != std::string_view::npos; --nth) at = text_.find(part, at + part.size());
  if (at == std::string_view::npos) {
    return ReportAt(node, std::move(message), std::move(suggestion));
  }
  const auto line = std::upper_bound(lines_.begin(), lines_.end(), at) - lines_.begin();
  const size_t begin = lines_[static_cast<size_t>(line - 1)];
  Report({static_cast<int>(line), static_cast<int>(at - begin) + 1}, static_cast<int>(part.size()),
         std::move(message), std::move(suggestion));
}

void Checker::Remember(const YamlNode& node, const Place& place) {
  if (place.path.empty()) return;
  loaded_.positions[place.path] = node.position;
  if (node.position.line < 0) {
    loaded_.origins[place.path] = origins_[OverrideIndex(node.position.line)];
  }
}

void Checker::ReportUnknown(const YamlNode::Entry& entry, const Place& place) {
  const auto names = SettableNames(ChildrenOf(kind_, place.row));
  std::string message = "unknown field \"" + entry.key + "\"";
  if (!place.path.empty()) message += " in " + place.path;
  Report(entry.position, std::max(static_cast<int>(entry.key.size()), 1), std::move(message),
         DidYouMean(NearestName(entry.key, names)), place.row.empty() ? kWholeKind : place.row);
}

void Checker::ReportMissing(const YamlNode& node, const Place& place) {
  for (const Field* field : ChildrenOf(kind_, place.row)) {
    if (!field->is_required()) continue;
    const size_t dot = field->path.rfind('.');
    const std::string_view name = field->path.substr(dot == std::string_view::npos ? 0 : dot + 1);
    const YamlNode* found = node.Find(name);
    if (found != nullptr &&
        !(found->kind == YamlNode::Kind::kNull ||
          (found->kind == YamlNode::Kind::kScalar && found->ScalarToJson().is_null()))) {
      continue;
    }
    std::string message = "\"" + std::string(name) + "\" is missing";
    if (!place.path.empty()) message += " in " + place.path;
    Report(place.key, place.key_length, std::move(message), "", field->path);
  }
}

void Checker::CheckRepeats(const YamlNode& node, const Place& place) {
  std::map<std::string_view, Position> seen;
  for (const YamlNode::Entry& entry : node.entries) {
    const auto [first, is_new] = seen.emplace(entry.key, entry.position);
    if (is_new) continue;
    std::string message = "\"" + entry.key + "\" stands twice";
    if (!place.path.empty()) message += " in " + place.path;
    if (first->second.line > 0) {
      message += ", first in line " + std::to_string(first->second.line);
    }
    Report(entry.position, std::max(static_cast<int>(entry.key.size()), 1), std::move(message));
  }
}

Checker::Checked Checker::WrongType(const YamlNode& node, const Place& place,
                                    std::string_view expected) {
  ReportAt(node,
           (place.path.empty() ? "the document" : place.path) + " is " + Describe(node) +
               ", expected " + std::string(expected),
           "", place.row);
  return {};
}

Checker::Checked Checker::CheckObject(const YamlNode& node, const Place& place) {
  if (node.kind != YamlNode::Kind::kMap) return WrongType(node, place, "an object with fields");
  CheckRepeats(node, place);
  Json::Object members;
  for (const YamlNode::Entry& entry : node.entries) {
    if (is_full()) break;
    const std::string row = JoinRow(place.row, entry.key);
    const bool is_word = entry.key.find_first_of(".*") == std::string::npos;
    const Field* field = is_word ? FindField(kind_.name, row) : nullptr;
    if (field == nullptr) {
      ReportUnknown(entry, place);
      continue;
    }
    if (node.Find(entry.key) != &entry.value) continue;  // the last of its name counts
    const Place child{JoinRow(place.path, entry.key), row, entry.position,
                      std::max(static_cast<int>(entry.key.size()), 1)};
    Checked value = CheckValue(entry.value, *field, child);
    if (value.has_value()) members.emplace_back(entry.key, std::move(*value));
  }
  ReportMissing(node, place);
  return Json(std::move(members));
}

Checker::Checked Checker::CheckValue(const YamlNode& node, const Field& field, const Place& place) {
  const std::string_view type = field.plain_type();
  if (node.kind == YamlNode::Kind::kNull ||
      (node.kind == YamlNode::Kind::kScalar && node.ScalarToJson().is_null())) {
    return {};
  }
  Remember(node, place);
  if (type == "object") return CheckObject(node, place);
  if (type == "environment") return CheckEnvironment(node, place);
  if (type.starts_with("map:")) return CheckMap(node, place, type.substr(4));
  if (type.starts_with("list:")) return CheckList(node, place, type.substr(5));
  if (type == "any" || type == "readonly") return node.ToJson();
  if (type == "conda" && node.kind == YamlNode::Kind::kMap) return CheckConda(node, place);
  return CheckScalar(node, field, place);
}

Checker::Checked Checker::CheckScalar(const YamlNode& node, const Field& field,
                                      const Place& place) {
  const std::string_view type = field.plain_type();
  if (node.kind != YamlNode::Kind::kScalar) {
    return WrongType(node, place, type.starts_with("enum:") ? "one word" : "a single value");
  }
  if (node.text.find('\0') != std::string::npos) {
    ReportAt(node, place.path + " has a NUL character in it", "", place.row);
    return {};
  }
  std::string expected;
  Checked value = ReadScalarAs(node, type, expected);
  if (value.has_value()) return value;
  std::string suggestion;
  if (type.starts_with("enum:")) {
    std::vector<std::string_view> words;
    for (const EnumWord& word : EnumWords(type)) words.push_back(word.yaml);
    if (const auto types = TypeWords(kind_); place.path == "type" && !types.empty()) {
      words = types;
      expected = ListOr(types);
    }
    suggestion = DidYouMean(Nearest(Lower(node.text), words));
  }
  ReportAt(node, place.path + " is " + Describe(node) + ", expected " + expected,
           std::move(suggestion), place.row);
  return {};
}

Checker::Checked Checker::CheckList(const YamlNode& node, const Place& place,
                                    std::string_view item) {
  if (node.kind != YamlNode::Kind::kSequence) return WrongType(node, place, "a list");
  Json list = Json::MakeArray();
  for (const YamlNode& value : node.items) {
    if (item == "string" && value.kind != YamlNode::Kind::kScalar) {
      WrongType(value, place, "a list of texts");
    } else {
      list.Push(item == "string" ? Json(value.text) : value.ToJson());
    }
  }
  return list;
}

void Checker::Run(const YamlNode& root) {
  const Place place{"", "", root.position, 1};
  loaded_.positions[""] = root.position;
  Checked value = CheckObject(root, place);
  if (value.has_value()) loaded_.value = std::move(*value);
  if (root.kind != YamlNode::Kind::kMap) return;
  if (kind_.name == "commandJob") CheckJobRules(*this, root);
  if (kind_.name == "amlCompute") CheckComputeRules(*this, root);
  if (kind_.name == "environment") CheckEnvironmentRules(*this, root);
}

}  // namespace lazurite::spec
