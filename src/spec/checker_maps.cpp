// The maps of a document: texts, inputs, outputs, services; and a job's environment.
#include "base/text.h"
#include "domain/environment/conda_file.h"
#include "spec/checker.h"
#include "spec/job_reader.h"

namespace lazurite::spec {
namespace {

bool IsNull(const YamlNode& node) {
  return node.kind == YamlNode::Kind::kNull ||
         (node.kind == YamlNode::Kind::kScalar && node.ScalarToJson().is_null());
}

// An input of a primitive type is its text; one without a value is none at all.
std::optional<Json> SimplifyInput(const YamlNode& node, Json value) {
  const std::string type = value.GetString("type");
  const bool is_boolean = type == "boolean";
  if (!is_boolean && type != "string" && type != "number" && type != "integer") {
    return value.Find("path") == nullptr ? std::nullopt : std::optional<Json>(std::move(value));
  }
  for (const std::string_view key : {"value", "default"}) {
    if (value.Find(key) == nullptr) continue;
    std::string expected;
    const auto flag =
        is_boolean ? ReadScalarAs(*node.Find(key), "boolean", expected) : std::nullopt;
    return Json(flag ? (flag->bool_value() ? "True" : "False") : LiteralText(*node.Find(key)));
  }
  return {};
}

bool IsFileOfEnvironment(std::string_view text) {
  return text.starts_with("file:") || text.ends_with(".yml") || text.ends_with(".yaml");
}

}  // namespace

Checker::Checked Checker::CheckMap(const YamlNode& node, const Place& place,
                                   std::string_view item) {
  if (node.kind != YamlNode::Kind::kMap) return WrongType(node, place, "an object of names");
  if (item == "any") return node.ToJson();
  if (node.entries.size() > kEntriesMax) {
    Report(place.key, place.key_length,
           place.path + " has " + std::to_string(node.entries.size()) +
               " entries, expected at most " + std::to_string(kEntriesMax));
    return {};
  }
  CheckRepeats(node, place);
  Json::Object members;
  for (const YamlNode::Entry& entry : node.entries) {
    if (is_full()) break;
    if (node.Find(entry.key) != &entry.value) continue;
    if (item != "string" && !CheckEntryName(entry, place)) continue;
    const Place child{JoinRow(place.path, entry.key), place.row + ".*", entry.position,
                      std::max(static_cast<int>(entry.key.size()), 1)};
    Checked value = CheckMapEntry(entry.value, child, item);
    if (value.has_value()) members.emplace_back(entry.key, std::move(*value));
  }
  return Json(std::move(members));
}

bool Checker::CheckEntryName(const YamlNode::Entry& entry, const Place& place) {
  bool is_good = !entry.key.empty() && entry.key.size() <= 255 && entry.key[0] != '-';
  for (const char c : entry.key) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    is_good = is_good && (is_letter || (c >= '0' && c <= '9') || c == '_' || c == '-');
  }
  if (is_good) return true;
  Report(entry.position, std::max(static_cast<int>(entry.key.size()), 1),
         "\"" + entry.key + "\" is no name for one of the " + place.path +
             "; expected letters, digits and underscores",
         "", place.row);
  return false;
}

Checker::Checked Checker::CheckMapEntry(const YamlNode& node, const Place& place,
                                        std::string_view item) {
  if (item == "input") return CheckInput(node, place);
  if (item == "output") return CheckOutput(node, place);
  if (item == "object") {
    if (IsNull(node)) return {};
    Remember(node, place);
    return CheckObject(node, place);
  }
  Remember(node, place);
  if (IsNull(node)) return Json("");
  if (node.kind != YamlNode::Kind::kScalar) return WrongType(node, place, "a text");
  if (node.text.find('\0') != std::string::npos || place.path.find('\0') != std::string::npos) {
    ReportAt(node, "a NUL character in " + place.path.substr(0, place.path.find('\0')));
    return {};
  }
  return Json(node.text);
}

Checker::Checked Checker::CheckInput(const YamlNode& node, const Place& place) {
  if (IsNull(node)) return {};
  Remember(node, place);
  if (node.kind == YamlNode::Kind::kMap) {
    Checked value = CheckObject(node, place);
    return value.has_value() ? SimplifyInput(node, std::move(*value)) : std::nullopt;
  }
  if (node.kind == YamlNode::Kind::kSequence) {
    return WrongType(node, place, "a value, or an object with type and path");
  }
  if (node.text.find('\0') != std::string::npos) {
    ReportAt(node, place.path + " has a NUL character in it", "", place.row);
    return {};
  }
  return Json(LiteralText(node));
}

Checker::Checked Checker::CheckOutput(const YamlNode& node, const Place& place) {
  Remember(node, place);
  if (IsNull(node)) return Json();
  if (node.kind != YamlNode::Kind::kMap) {
    return WrongType(node, place, "nothing, or an object with type, path and mode");
  }
  return CheckObject(node, place);
}

// A conda file that stands in the document itself.
Checker::Checked Checker::CheckConda(const YamlNode& node, const Place& place) {
  const environment::CondaReading reading = environment::ReadCondaMap(node, text_);
  for (const environment::CondaProblem& problem : reading.problems) {
    const size_t before = loaded_.problems.size();
    Report(problem.position, problem.length, problem.message, problem.suggestion);
    if (!problem.is_warning || loaded_.problems.size() == before) continue;
    loaded_.problems.back().is_warning = true;
    loaded_.warnings.push_back(std::move(loaded_.problems.back()));
    loaded_.problems.pop_back();
  }
  for (const environment::CondaInclude& include : reading.includes) {
    Report(include.position, std::max(static_cast<int>(include.file.size()), 1),
           "\"-r " + include.file + "\" is followed only from a conda file of its own",
           "name that file in conda_file");
  }
  RememberBelow(node, place.path);
  return node.ToJson();
}

void Checker::RememberBelow(const YamlNode& node, const std::string& path) {
  loaded_.positions[path] = node.position;
  for (size_t i = 0; i < node.items.size(); ++i) {
    RememberBelow(node.items[i], path + "." + std::to_string(i));
  }
  for (const YamlNode::Entry& entry : node.entries) {
    RememberBelow(entry.value, path + "." + entry.key);
  }
}

Checker::Checked Checker::CheckEnvironment(const YamlNode& node, const Place& place) {
  if (node.kind == YamlNode::Kind::kMap) {
    Checked value = CheckObject(node, place);
    CheckEnvironmentRules(*this, node);
    return value;
  }
  if (node.kind == YamlNode::Kind::kScalar && IsFileOfEnvironment(node.text)) {
    ReportAt(node, place.path + " is a file of its own, which is not read from here",
             "register it by \"lazurite environment create\" and write azureml:NAME@latest",
             place.row);
    return {};
  }
  const Field* field = FindField(kind_.name, place.row);
  LAZURITE_CHECK(field != nullptr);
  return CheckScalar(node, *field, place);
}

}  // namespace lazurite::spec
