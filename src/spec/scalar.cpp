// One value against the type of its field.
#include <cmath>

#include "base/text.h"
#include "domain/workspace/resource_id.h"
#include "spec/checker.h"

namespace lazurite::spec {
namespace {

constexpr size_t kNameBytesMax = 255;

struct Range {
  int64_t low = 0;
  int64_t high = 0;
};

// "integer:1..1024" has the range 1..1024.
std::optional<Range> RangeOf(std::string_view type) {
  const size_t colon = type.find(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view range = type.substr(colon + 1);
  const size_t dots = range.find("..");
  LAZURITE_CHECK(dots != std::string_view::npos);
  return Range{*ParseInt(range.substr(0, dots)), *ParseInt(range.substr(dots + 2))};
}

std::optional<double> NumberOf(const YamlNode& node) {
  const Json value = node.ScalarToJson();
  if (value.is_number()) return value.double_value();
  return ParseDouble(Trim(node.text));
}

std::optional<Json> ReadNumber(const YamlNode& node, std::string_view type, std::string& expected) {
  const bool is_whole = !type.starts_with("number");
  const std::optional<Range> range = RangeOf(type);
  expected = is_whole ? "a whole number" : "a number";
  if (type.starts_with("seconds")) expected = "a number of seconds";
  if (type.starts_with("minutes")) expected = "a number of minutes";
  if (range) expected += " " + std::to_string(range->low) + " to " + std::to_string(range->high);
  const std::optional<double> number = NumberOf(node);
  static constexpr double kWholeMax = 9e15;
  if (!number || !std::isfinite(*number) || std::fabs(*number) > kWholeMax) return {};
  if (is_whole && *number != std::floor(*number)) return {};
  if (range &&
      (*number < static_cast<double>(range->low) || *number > static_cast<double>(range->high))) {
    return {};
  }
  if (*number == std::floor(*number)) return Json(static_cast<int64_t>(*number));
  return Json(*number);
}

// YAML 1.1's words count too: Azure's own reader takes them.
std::optional<Json> ReadBoolean(const YamlNode& node, std::string& expected) {
  const std::string word = Lower(node.text);
  expected = "true or false";
  for (const std::string_view yes : {"true", "yes", "on", "y", "1"}) {
    if (word == yes) return Json(true);
  }
  for (const std::string_view no : {"false", "no", "off", "n", "0"}) {
    if (word == no) return Json(false);
  }
  return {};
}

bool IsName(std::string_view text) {
  if (text.empty() || text.size() > kNameBytesMax) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool is_inner = i > 0 && (c == '-' || c == '.');
    if (!is_letter && !(c >= '0' && c <= '9') && !is_inner) return false;
  }
  return true;
}

std::optional<Json> ReadName(std::string text, std::string& expected) {
  expected = "letters, digits, \"_\", \"-\" and \".\", at most 255";
  return IsName(text) ? std::optional<Json>(std::move(text)) : std::nullopt;
}

std::optional<Json> ReadVersion(const YamlNode& node, std::string& expected) {
  const Json value = node.ScalarToJson();
  return ReadName(value.is_int() ? std::to_string(value.int_value()) : node.text, expected);
}

std::optional<Json> ReadEnum(const YamlNode& node, std::string_view type, std::string& expected) {
  if (const std::optional<EnumWord> word = FindEnumWord(type, node.text)) return Json(word->yaml);
  std::vector<std::string_view> words;
  const std::vector<EnumWord> all = EnumWords(type);
  for (size_t i = 0; i < all.size(); ++i) {
    bool is_old = false;
    for (size_t k = 0; k < i; ++k) is_old = is_old || all[k].rest == all[i].rest;
    if (!is_old) words.push_back(all[i].yaml);
  }
  expected = ListOr(words);
  return {};
}

std::optional<Json> ReadReference(const YamlNode& node, std::string_view collection,
                                  std::string& expected) {
  expected = collection == "computes"       ? "azureml:NAME or the NAME of a compute"
             : collection == "environments" ? "azureml:NAME:VERSION, azureml:NAME@LABEL, "
                                              "azureml://registries/… or an object with an image"
                                            : "azureml:NAME:VERSION or azureml:NAME@LABEL";
  const Result<AssetReference> reference = ParseAssetReference(node.text);
  if (!reference.ok()) return {};
  const bool is_other = !reference->collection.empty() &&
                        !EqualNoCase(reference->collection, collection) &&
                        !(collection == "computes" && reference->collection == "virtualclusters");
  if (is_other) {
    expected += "; this names one of the " + reference->collection;
    return {};
  }
  return Json(node.text);
}

}  // namespace

std::string LiteralText(const YamlNode& node) {
  const Json value = node.ScalarToJson();
  if (value.is_bool()) return value.bool_value() ? "True" : "False";
  return node.text;
}

std::optional<Json> ReadScalarAs(const YamlNode& node, std::string_view type,
                                 std::string& expected) {
  if (type.starts_with("integer") || type.starts_with("number") || type.starts_with("seconds") ||
      type.starts_with("minutes")) {
    return ReadNumber(node, type, expected);
  }
  if (type == "boolean" || type == "switch") return ReadBoolean(node, expected);
  if (type == "name") return ReadName(node.text, expected);
  if (type == "version") return ReadVersion(node, expected);
  if (type.starts_with("enum:")) return ReadEnum(node, type, expected);
  if (type.starts_with("reference:")) {
    return ReadReference(node, type.substr(std::string_view("reference:").size()), expected);
  }
  if (type == "environment") return ReadReference(node, "environments", expected);
  if (type == "path" || type == "conda") {
    expected = "a path";
    return Trim(node.text).empty() ? std::nullopt : std::optional<Json>(node.text);
  }
  return Json(node.text);  // string
}

}  // namespace lazurite::spec
