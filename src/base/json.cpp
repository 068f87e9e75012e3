#include "base/json.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>

#include "base/json_fault.h"
#include "base/text.h"

namespace lazurite {
namespace {

Json Convert(simdjson::dom::element element) {
  switch (element.type()) {
    case simdjson::dom::element_type::NULL_VALUE:
      return {};
    case simdjson::dom::element_type::BOOL:
      return Json(bool{element.get_bool().value_unsafe()});
    case simdjson::dom::element_type::INT64:
      return Json(int64_t{element.get_int64().value_unsafe()});
    case simdjson::dom::element_type::UINT64:
      return Json(static_cast<double>(element.get_uint64().value_unsafe()));
    case simdjson::dom::element_type::DOUBLE:
      return Json(double{element.get_double().value_unsafe()});
    case simdjson::dom::element_type::STRING:
      return Json(std::string_view(element.get_string().value_unsafe()));
    case simdjson::dom::element_type::ARRAY: {
      Json::Array array;
      const simdjson::dom::array items = element.get_array().value_unsafe();
      for (const simdjson::dom::element child : items) {
        array.push_back(Convert(child));
      }
      return Json(std::move(array));
    }
    case simdjson::dom::element_type::OBJECT: {
      Json object = Json::MakeObject();
      Json::Object& members = object.object();
      const simdjson::dom::object pairs = element.get_object().value_unsafe();
      for (const simdjson::dom::key_value_pair pair : pairs) {
        members.emplace_back(std::string(pair.key), Convert(pair.value));
      }
      return object;
    }
  }
  return {};
}

void AppendDouble(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  const std::string_view text(buffer, static_cast<size_t>(end - buffer));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void NewLine(std::string& out, int indent, int depth) {
  if (indent == 0) return;
  out += '\n';
  out.append(static_cast<size_t>(indent) * static_cast<size_t>(depth), ' ');
}

void Append(std::string& out, const Json& json, int indent, int depth);

void AppendArray(std::string& out, const Json::Array& array, int indent, int depth) {
  out += '[';
  for (size_t i = 0; i < array.size(); ++i) {
    if (i > 0) out += ',';
    NewLine(out, indent, depth + 1);
    Append(out, array[i], indent, depth + 1);
  }
  if (!array.empty()) NewLine(out, indent, depth);
  out += ']';
}

void AppendObject(std::string& out, const Json::Object& object, int indent, int depth) {
  out += '{';
  for (size_t i = 0; i < object.size(); ++i) {
    if (i > 0) out += ',';
    NewLine(out, indent, depth + 1);
    AppendJsonString(out, object[i].first);
    out += indent > 0 ? ": " : ":";
    Append(out, object[i].second, indent, depth + 1);
  }
  if (!object.empty()) NewLine(out, indent, depth);
  out += '}';
}

void Append(std::string& out, const Json& json, int indent, int depth) {
  if (json.is_null()) {
    out += "null";
  } else if (json.is_bool()) {
    out += json.bool_value() ? "true" : "false";
  } else if (json.is_int()) {
    out += std::to_string(json.int_value());
  } else if (json.is_double()) {
    AppendDouble(out, json.double_value());
  } else if (json.is_string()) {
    AppendJsonString(out, json.string());
  } else if (json.is_array()) {
    AppendArray(out, json.array(), indent, depth);
  } else {
    AppendObject(out, json.object(), indent, depth);
  }
}

// The length of the UTF-8 sequence at the front of `text`, 0 if there is none.
size_t SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (first == 0xe0 && byte(1) < 0xa0) return 0;
  if (first == 0xed && byte(1) > 0x9f) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) > 0x8f) return 0;
  return length;
}

void AppendEscape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  static constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  size_t i = 0;
  while (i < text.size()) {
    size_t plain = i;
    while (plain < text.size()) {
      const auto byte = static_cast<unsigned char>(text[plain]);
      if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') break;
      ++plain;
    }
    out.append(text, i, plain - i);
    i = plain;
    if (i == text.size()) break;
    const size_t length = SequenceLength(text.substr(i));
    if (length == 0) {
      out += "\xef\xbf\xbd";
      ++i;
    } else if (length == 1) {
      AppendEscape(out, text[i]);
      ++i;
    } else {
      out.append(text, i, length);
      i += length;
    }
  }
  out += '"';
}

Result<Json> Json::Parse(std::string_view text) {
  if (text.size() > kBytesMax) return InvalidArgument("JSON text is larger than 256 MiB");
  thread_local simdjson::dom::parser parser(kBytesMax);
  if (parser.max_depth() != static_cast<size_t>(kDepthMax)) {
    if (parser.allocate(4096, static_cast<size_t>(kDepthMax)) != simdjson::SUCCESS) {
      return Internal("JSON parser: out of memory");
    }
  }
  const auto result = parser.parse(text.data(), text.size());
  if (result.error() != simdjson::SUCCESS) {
    std::string fault = JsonFault(text, kDepthMax);
    if (fault.empty()) fault = simdjson::error_message(result.error());
    return InvalidArgument("not valid JSON, " + fault);
  }
  Json json = Convert(result.value_unsafe());
  // One large body must not hold its memory for ever.
  if (text.size() > (size_t{1} << 20)) parser = simdjson::dom::parser(kBytesMax);
  return json;
}

std::string Json::Dump(int indent) const {
  std::string out;
  Append(out, *this, indent, 0);
  return out;
}

const Json* Json::Find(std::string_view key) const {
  if (!is_object()) return nullptr;
  const Object& members = object();
  for (auto member = members.rbegin(); member != members.rend(); ++member) {
    if (member->first == key) return &member->second;
  }
  return nullptr;
}

Json* Json::Find(std::string_view key) {
  return const_cast<Json*>(static_cast<const Json*>(this)->Find(key));
}

const Json* Json::FindNoCase(std::string_view key) const {
  if (const Json* exact = Find(key)) return exact;
  if (!is_object()) return nullptr;
  for (const Member& member : object()) {
    if (EqualNoCase(member.first, key)) return &member.second;
  }
  return nullptr;
}

const Json* Json::At(std::string_view dotted_path) const {
  const Json* json = this;
  for (const std::string_view part : Split(dotted_path, '.')) {
    json = json->Find(part);
    if (json == nullptr) return nullptr;
  }
  return json;
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) value_ = Object{};
  if (Json* found = Find(key)) return *found;
  object().emplace_back(std::string(key), Json());
  return object().back().second;
}

void Json::Set(std::string_view dotted_path, Json value) {
  Json* json = this;
  for (const std::string_view part : Split(dotted_path, '.')) {
    if (!json->is_object()) *json = MakeObject();
    json = &(*json)[part];
  }
  *json = std::move(value);
}

bool Json::Erase(std::string_view key) {
  if (!is_object()) return false;
  return std::erase_if(object(), [&](const Member& member) { return member.first == key; }) > 0;
}

void Json::Push(Json value) {
  if (is_null()) value_ = Array{};
  array().push_back(std::move(value));
}

std::string Json::GetString(std::string_view key, std::string_view preset) const {
  const Json* found = Find(key);
  return found != nullptr && found->is_string() ? found->string() : std::string(preset);
}

int64_t Json::GetInt(std::string_view key, int64_t preset) const {
  const Json* found = Find(key);
  return found != nullptr && found->is_int() ? found->int_value() : preset;
}

double Json::GetDouble(std::string_view key, double preset) const {
  const Json* found = Find(key);
  return found != nullptr && found->is_number() ? found->double_value() : preset;
}

bool Json::GetBool(std::string_view key, bool preset) const {
  const Json* found = Find(key);
  return found != nullptr && found->is_bool() ? found->bool_value() : preset;
}

}  // namespace lazurite
