#include "base/toml.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <sstream>

#include "base/file.h"
#include "base/text.h"

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

Status At(std::string_view file, toml::source_position place, const std::string& what) {
  return InvalidArgument(std::string(file) + ":" + std::to_string(place.line) + ":" +
                         std::to_string(place.column) + ": " + what);
}

// The first words of the known paths below `prefix`.
std::vector<std::string_view> NamesBelow(const std::string& prefix,
                                         const std::vector<std::string_view>& known) {
  std::vector<std::string_view> names;
  for (const std::string_view path : known) {
    if (!path.starts_with(prefix)) continue;
    const std::string_view rest = path.substr(prefix.size());
    names.push_back(rest.substr(0, rest.find('.')));
  }
  return names;
}

Status CheckTable(const toml::table& table, const std::string& prefix, std::string_view file,
                  const std::vector<std::string_view>& known) {
  const std::vector<std::string_view> names = NamesBelow(prefix, known);
  for (const auto& [key, value] : table) {
    const std::string path = prefix + std::string(key.str());
    const toml::source_position place = key.source().begin;
    const bool has_more = !NamesBelow(path + ".", known).empty();
    if (has_more && value.is_table()) {
      TRY(CheckTable(*value.as_table(), path + ".", file, known));
      continue;
    }
    if (std::ranges::find(known, path) != known.end()) continue;
    if (has_more) return At(file, place, path + " is a table: [" + path + "] and its keys below");
    const std::string_view nearest = Nearest(key.str(), names);
    return At(
        file, place,
        "there is no key \"" + path + "\"" +
            (nearest.empty() ? "" : "; did you mean \"" + prefix + std::string(nearest) + "\"?"));
  }
  return {};
}

}  // namespace

Result<Json> ParseToml(std::string_view text, std::string_view file) {
  const toml::parse_result parsed = toml::parse(text);
  if (parsed) return ToJson(parsed.table());
  return At(file, parsed.error().source().begin, std::string(parsed.error().description()));
}

Status CheckTomlKeys(std::string_view text, std::string_view file,
                     const std::vector<std::string_view>& known) {
  const toml::parse_result parsed = toml::parse(text);
  if (parsed) return CheckTable(parsed.table(), "", file, known);
  return At(file, parsed.error().source().begin, std::string(parsed.error().description()));
}

Result<Json> ReadTomlFile(const std::string& file) {
  if (!Exists(file)) return Json::MakeObject();
  ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kTomlBytesMax));
  return ParseToml(text, file);
}

}  // namespace lazurite
