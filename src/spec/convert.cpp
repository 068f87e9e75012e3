#include "spec/convert.h"

#include <algorithm>

#include "base/text.h"
#include "base/yaml.h"
#include "spec/document.h"
#include "spec/rest.h"

namespace lazurite::spec {
namespace {

Json WordToRest(const Field& field, const Json& value) {
  if (!value.is_string()) return value;
  const std::optional<EnumWord> word = FindEnumWord(field.plain_type(), value.string());
  if (!word) return value;
  if (const auto number = ParseInt(word->rest)) return Json(*number);
  return Json(word->rest);
}

Json WordFromRest(const Field& field, const Json& value) {
  const std::string text = value.is_int() ? std::to_string(value.int_value())
                                          : (value.is_string() ? value.string() : "");
  const std::optional<EnumWord> word = FindEnumWord(field.plain_type(), text);
  return word ? Json(word->yaml) : value;
}

Json SecondsFromRest(const Json& value, double unit) {
  if (!value.is_string()) return value;
  const std::optional<double> seconds = IsoToSeconds(value.string());
  if (!seconds) return value;
  const double number = *seconds / unit;
  const auto whole = static_cast<int64_t>(number);
  return static_cast<double>(whole) == number ? Json(whole) : Json(number);
}

std::string_view WithoutPrefix(std::string_view text) {
  static constexpr std::string_view kPrefix = "azureml:";
  return text.starts_with(kPrefix) ? text.substr(kPrefix.size()) : text;
}

bool IsArmId(std::string_view text) {
  static constexpr std::string_view kStart = "/subscriptions/";
  return text.size() > kStart.size() && EqualNoCase(text.substr(0, kStart.size()), kStart);
}

}  // namespace

Json ValueToRest(const Field& field, const Json& value) {
  const std::string_view type = field.plain_type();
  if (type.starts_with("enum:")) return WordToRest(field, value);
  if (type == "switch" && value.is_bool()) {
    return Json(value.bool_value() ? "Enabled" : "Disabled");
  }
  if (type.starts_with("seconds") && value.is_number()) {
    return Json(SecondsToIso(value.double_value()));
  }
  if (type.starts_with("minutes") && value.is_number()) {
    return Json(SecondsToIso(value.double_value() * 60));
  }
  return value;
}

Json ValueFromRest(const Field& field, const Json& value) {
  const std::string_view type = field.plain_type();
  if (type.starts_with("enum:")) return WordFromRest(field, value);
  if (type == "switch" && value.is_string()) return Json(value.string() == "Enabled");
  if (type.starts_with("seconds")) return SecondsFromRest(value, 1);
  if (type.starts_with("minutes")) return SecondsFromRest(value, 60);
  return value;
}

std::string AssetToRest(std::string_view text, std::string_view collection, const Scope& scope) {
  const std::string_view bare = WithoutPrefix(text);
  if (IsArmId(bare)) return std::string(bare);
  const Result<AssetReference> reference = ParseAssetReference(text);
  if (!reference.ok() || !reference->registry.empty() || reference->name.empty()) {
    return std::string(text);
  }
  if (!reference->version.empty()) {
    return VersionId(scope, collection, reference->name, reference->version);
  }
  return text.starts_with("azureml:") ? std::string(text) : "azureml:" + std::string(text);
}

std::string ReferenceFromRest(std::string_view text) {
  const std::string_view bare = WithoutPrefix(text);
  if (!IsArmId(bare)) return std::string(text);
  const Result<AssetReference> reference = ParseAssetReference(bare);
  if (!reference.ok() || reference->name.empty()) return "azureml:" + std::string(bare);
  const bool is_readable = reference->collection != "codes";
  if (!is_readable) return "azureml:" + std::string(bare);
  std::string out = "azureml:" + reference->name;
  if (!reference->version.empty()) out += ":" + reference->version;
  if (!reference->label.empty()) out += "@" + reference->label;
  return out;
}

std::string ComputeToRest(std::string_view text, const Scope& scope) {
  const std::string_view bare = WithoutPrefix(text);
  if (IsArmId(bare)) return std::string(bare);
  if (bare == "serverless" || bare == "local") return "";
  return ResourceId(scope, "computes", bare);
}

std::string InputUriToRest(std::string_view text, std::string_view type, const Scope& scope) {
  const std::string_view bare = WithoutPrefix(text);
  if (!text.starts_with("azureml:") || text.starts_with("azureml://")) return std::string(text);
  if (IsArmId(bare)) return std::string(bare);
  if (IsRemotePath(bare)) return std::string(bare);  // azureml:wasbs://…
  return AssetToRest(text, type.ends_with("_model") ? "models" : "data", scope);
}

std::string_view LastPart(std::string_view path) {
  const size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

std::string_view ParentPart(std::string_view path) {
  const size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

Json SortedByKey(const Json& json) {
  if (json.is_array()) {
    Json out = Json::MakeArray();
    for (const Json& item : json.array()) out.Push(SortedByKey(item));
    return out;
  }
  if (!json.is_object()) return json;
  Json::Object members;
  for (const auto& [key, value] : json.object()) members.emplace_back(key, SortedByKey(value));
  std::stable_sort(members.begin(), members.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  return Json(std::move(members));
}

void AddMembers(Json& into, const Json& from) {
  if (!from.is_object()) return;
  if (into.is_null()) into = Json::MakeObject();
  if (!into.is_object()) return;
  for (const auto& [key, value] : from.object()) {
    Json* found = into.Find(key);
    if (found == nullptr) {
      into.object().emplace_back(key, value);
    } else {
      AddMembers(*found, value);
    }
  }
}

std::string Shorten(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string CondaText(const Json& conda) {
  return conda.is_string() ? conda.string() : WriteYaml(SortedByKey(conda));
}

}  // namespace lazurite::spec
