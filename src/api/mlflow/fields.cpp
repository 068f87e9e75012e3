#include "api/mlflow/fields.h"

#include <cmath>
#include <limits>

#include "base/text.h"
#include "domain/run/validate.h"

namespace lazurite::mlflow {
namespace {

constexpr std::string_view kHint =
    " See the API docs for more information about request parameters.";

std::string_view PythonType(const Json& value) {
  if (value.is_bool()) return "bool";
  if (value.is_int()) return "int";
  if (value.is_double()) return "float";
  if (value.is_string()) return "str";
  if (value.is_array()) return "list";
  return "dict";
}

std::string CamelCase(std::string_view snake) {
  std::string camel;
  for (size_t i = 0; i < snake.size(); ++i) {
    if (snake[i] == '_' && i + 1 < snake.size()) {
      ++i;
      camel += static_cast<char>(std::toupper(static_cast<unsigned char>(snake[i])));
    } else {
      camel += snake[i];
    }
  }
  return camel;
}

std::optional<int64_t> AsInt(const Json& value) {
  if (value.is_int()) return value.int_value();
  if (value.is_string()) return ParseInt(value.string());
  if (!value.is_double()) return std::nullopt;
  const double number = value.double_value();
  if (number != std::floor(number) || std::abs(number) > 9e15) return std::nullopt;
  return static_cast<int64_t>(number);
}

std::optional<double> AsDouble(const Json& value) {
  if (value.is_number()) return value.double_value();
  if (!value.is_string()) return std::nullopt;
  const std::string& text = value.string();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return ParseDouble(text);
}

}  // namespace

Status InvalidValue(std::string_view name, const Json& value) {
  return InvalidArgument("Invalid value " + value.Dump() + " for parameter '" + std::string(name) +
                         "' supplied:  Hint: Value was of type '" + std::string(PythonType(value)) +
                         "'." + std::string(kHint));
}

Status Fields::Invalid(std::string_view name, const Json& value) const {
  return InvalidValue(prefix_ + std::string(name), value);
}

Status Fields::Missing(std::string_view name) const {
  return InvalidArgument("Missing value for required parameter '" + prefix_ + std::string(name) +
                         "'." + std::string(kHint));
}

const Json* Fields::Find(std::string_view name) const {
  const Json* found = object_.Find(name);
  if (found == nullptr && name.find('_') != std::string_view::npos) {
    found = object_.Find(CamelCase(name));
  }
  return found == nullptr || found->is_null() ? nullptr : found;
}

Result<std::string> Fields::Text(std::string_view name) const {
  const Json* value = Find(name);
  if (value == nullptr) return std::string();
  if (value->is_string()) return value->string();
  return Invalid(name, *value);
}

Result<std::string> Fields::RequiredText(std::string_view name) const {
  ASSIGN_OR_RETURN(std::string text, Text(name));
  if (text.empty()) return Missing(name);
  return text;
}

Result<std::string> Fields::RunId() const {
  ASSIGN_OR_RETURN(std::string run, Text("run_id"));
  if (run.empty()) {
    ASSIGN_OR_RETURN(run, Text("run_uuid"));
  }
  if (run.empty()) return Missing("run_id");
  return run;
}

Result<std::optional<int64_t>> Fields::Int(std::string_view name) const {
  const Json* value = Find(name);
  if (value == nullptr) return std::optional<int64_t>();
  const auto number = AsInt(*value);
  if (!number) return Invalid(name, *value);
  return number;
}

Result<int64_t> Fields::RequiredInt(std::string_view name) const {
  ASSIGN_OR_RETURN(const auto number, Int(name));
  if (!number) return Missing(name);
  return *number;
}

Result<double> Fields::RequiredDouble(std::string_view name) const {
  const Json* value = Find(name);
  if (value == nullptr) return Missing(name);
  const auto number = AsDouble(*value);
  if (!number) return Invalid(name, *value);
  return *number;
}

Result<bool> Fields::Bool(std::string_view name, bool preset) const {
  const Json* value = Find(name);
  if (value == nullptr) return preset;
  if (value->is_bool()) return value->bool_value();
  if (value->is_string() && EqualNoCase(value->string(), "true")) return true;
  if (value->is_string() && EqualNoCase(value->string(), "false")) return false;
  return Invalid(name, *value);
}

Result<int64_t> Fields::MaxResults(int64_t preset, int64_t limit) const {
  ASSIGN_OR_RETURN(const auto number, Int("max_results"));
  const int64_t count = number.value_or(preset);
  if (count >= 1 && count <= limit) return count;
  return Invalid("max_results", Json(count));
}

Result<int64_t> Fields::ExperimentId() const {
  const Json* value = Find("experiment_id");
  if (value == nullptr || (value->is_string() && value->string().empty())) {
    return kDefaultExperiment;
  }
  if (value->is_int()) return value->int_value();
  if (!value->is_string()) return Invalid("experiment_id", *value);
  return ParseExperimentId(value->string());
}

Result<std::vector<int64_t>> Fields::ExperimentIds() const {
  const Json* value = Find("experiment_ids");
  std::vector<int64_t> ids;
  if (value == nullptr) return ids;
  const Json::Array one = {*value};
  for (const Json& item : value->is_array() ? value->array() : one) {
    if (item.is_int()) {
      ids.push_back(item.int_value());
    } else if (item.is_string()) {
      ASSIGN_OR_RETURN(const int64_t id, ParseExperimentId(item.string()));
      ids.push_back(id);
    } else {
      return Invalid("experiment_ids", *value);
    }
  }
  return ids;
}

Result<std::vector<std::string>> Fields::Texts(std::string_view name) const {
  const Json* value = Find(name);
  std::vector<std::string> texts;
  if (value == nullptr) return texts;
  if (value->is_string()) return std::vector<std::string>{value->string()};
  if (!value->is_array()) return Invalid(name, *value);
  for (const Json& item : value->array()) {
    if (!item.is_string()) return Invalid(name, *value);
    texts.push_back(item.string());
  }
  return texts;
}

Result<std::vector<Fields>> Fields::Objects(std::string_view name) const {
  const Json* value = Find(name);
  std::vector<Fields> objects;
  if (value == nullptr) return objects;
  if (!value->is_array()) return Invalid(name, *value);
  objects.reserve(value->array().size());
  for (const Json& item : value->array()) {
    if (!item.is_object()) return Invalid(name, *value);
    objects.emplace_back(item,
                         prefix_ + std::string(name) + "[" + std::to_string(objects.size()) + "].");
  }
  return objects;
}

Result<std::vector<KeyValue>> Fields::Pairs(std::string_view name) const {
  ASSIGN_OR_RETURN(const std::vector<Fields> objects, Objects(name));
  std::vector<KeyValue> pairs;
  pairs.reserve(objects.size());
  for (const Fields& object : objects) {
    KeyValue pair;
    ASSIGN_OR_RETURN(pair.key, object.RequiredText("key"));
    ASSIGN_OR_RETURN(pair.value, object.Text("value"));
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

Result<std::optional<Fields>> Fields::Object(std::string_view name) const {
  const Json* value = Find(name);
  if (value == nullptr) return std::optional<Fields>();
  if (!value->is_object()) return Invalid(name, *value);
  return std::optional<Fields>(std::in_place, *value, prefix_ + std::string(name) + ".");
}

Json QueryAsJson(std::string_view target) {
  Json object = Json::MakeObject();
  const size_t mark = target.find('?');
  if (mark == std::string_view::npos) return object;
  for (const std::string_view part : Split(target.substr(mark + 1), '&')) {
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    const auto name = UrlDecode(part.substr(0, equals), true);
    const auto value = UrlDecode(
        equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1), true);
    if (!name || !value) continue;
    Json& slot = object[*name];
    if (slot.is_null()) {
      slot = *value;
    } else if (slot.is_array()) {
      slot.Push(*value);
    } else {
      slot = Json(Json::Array{slot, Json(*value)});
    }
  }
  return object;
}

}  // namespace lazurite::mlflow
