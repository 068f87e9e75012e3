#include "spec/member.h"

#include <optional>

#include "base/text.h"
#include "spec/convert.h"
#include "spec/field.h"

namespace lazurite::spec {
namespace {

constexpr size_t kShownMax = 60;

// The value as messages show it.
std::string Shown(const Json& json) { return Shorten(json.Dump(), kShownMax); }

// A text that no file, process or header can carry.
bool HasNul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

}  // namespace

Member Member::At(std::string_view name) const {
  const Json* found = value_ == nullptr ? nullptr : value_->Find(name);
  if (found == nullptr && value_ != nullptr) found = value_->FindNoCase(name);
  return {found, path_ + "." + std::string(name)};
}

Status Member::Missing(std::string_view expected) const {
  return InvalidArgument(path_ + " is missing, expected " + std::string(expected));
}

Status Member::Wrong(std::string_view found, std::string_view expected) const {
  return InvalidArgument(path_ + " is " + std::string(found) + ", expected " +
                         std::string(expected));
}

Status Member::CheckObject() const {
  if (is_absent() || value_->is_object()) return {};
  return Wrong(Shown(*value_), "an object");
}

Result<std::vector<std::string>> Member::Names(size_t count_max) const {
  std::vector<std::string> names;
  if (is_absent()) return names;
  TRY(CheckObject());
  if (value_->object().size() > count_max) {
    return InvalidArgument(path_ + " has " + std::to_string(value_->object().size()) +
                           " members, expected at most " + std::to_string(count_max));
  }
  for (const auto& [name, value] : value_->object()) names.push_back(name);
  return names;
}

Status Member::ReadText(std::string& out) const {
  if (is_absent()) return {};
  if (!value_->is_string()) return Wrong(Shown(*value_), "a text");
  if (HasNul(value_->string())) return InvalidArgument(path_ + " has a NUL character in it");
  out = value_->string();
  return {};
}

Status Member::ReadScalar(std::string& out) const {
  if (is_absent()) return {};
  if (value_->is_string()) return ReadText(out);
  if (value_->is_bool()) {
    out = value_->bool_value() ? "True" : "False";
  } else if (value_->is_int()) {
    out = std::to_string(value_->int_value());
  } else if (value_->is_double()) {
    out = FormatDouble(value_->double_value());
  } else {
    return Wrong(Shown(*value_), "a text");
  }
  return {};
}

Status Member::ReadWord(std::string_view enum_type, std::string& out) const {
  if (is_absent()) return {};
  std::string text;
  if (!value_->is_string() && !value_->is_int()) return Wrong(Shown(*value_), "a text");
  TRY(ReadScalar(text));
  if (text.empty()) return {};
  if (const std::optional<EnumWord> word = FindEnumWord(enum_type, text)) {
    out = word->rest;
    return {};
  }
  std::vector<std::string_view> words;
  for (const EnumWord& word : EnumWords(enum_type)) {
    bool is_known = false;
    for (const std::string_view known : words) is_known = is_known || known == word.rest;
    if (!is_known) words.push_back(word.rest);
  }
  return Wrong(Shown(*value_), ListOr(words));
}

Status Member::ReadInt(int low, int high, int& out) const {
  if (is_absent()) return {};
  std::optional<int64_t> number;
  if (value_->is_int()) number = value_->int_value();
  if (value_->is_string()) number = ParseInt(value_->string());
  if (!number || *number < low || *number > high) {
    return Wrong(Shown(*value_), std::to_string(low) + " to " + std::to_string(high));
  }
  out = static_cast<int>(*number);
  return {};
}

Status Member::ReadTexts(std::map<std::string, std::string>& out, size_t count_max) const {
  ASSIGN_OR_RETURN(const auto names, Names(count_max));
  for (const std::string& name : names) {
    if (HasNul(name)) return InvalidArgument(path_ + " has a NUL character in a name");
    const Member member(value_->Find(name), path_ + "." + name);
    TRY(member.ReadScalar(out[name]));
  }
  return {};
}

}  // namespace lazurite::spec
