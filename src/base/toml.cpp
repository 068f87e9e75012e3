#include "base/toml.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <sstream>

#include "base/file.h"

namespace lazurite {
namespace {

constexpr size_t kTomlBytesMax = size_t{1} << 20;

Json ToJson(const toml::node& node) {
  if (const toml::table* table = node.as_table()) {
    Json object = Json::MakeObject();
    for (const auto& [key, value] : *table) object[key.str()] = ToJson(value);
    return object;
  }
  if (const toml::array* items = node.as_array()) {
    Json array = Json::MakeArray();
    for (const toml::node& item : *items) array.Push(ToJson(item));
    return array;
  }
  if (const auto* text = node.as_string()) return Json(text->get());
  if (const auto* whole = node.as_integer()) return Json(int64_t{whole->get()});
  if (const auto* number = node.as_floating_point()) return Json(number->get());
  if (const auto* truth = node.as_boolean()) return Json(truth->get());
  std::ostringstream out;
  if (const auto* date = node.as_date()) out << date->get();
  if (const auto* time = node.as_time()) out << time->get();
  if (const auto* moment = node.as_date_time()) out << moment->get();
  return Json(out.str());
}

}  // namespace

Result<Json> ParseToml(std::string_view text, std::string_view file) {
  const toml::parse_result parsed = toml::parse(text);
  if (parsed) return ToJson(parsed.table());
  const toml::source_position place = parsed.error().source().begin;
  return InvalidArgument(std::string(file) + ":" + std::to_string(place.line) + ":" +
                         std::to_string(place.column) + ": " +
                         std::string(parsed.error().description()));
}

Result<Json> ReadTomlFile(const std::string& file) {
  if (!Exists(file)) return Json::MakeObject();
  ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kTomlBytesMax));
  return ParseToml(text, file);
}

}  // namespace lazurite
