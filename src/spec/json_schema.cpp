// JSON Schema of a kind, made from the table of fields.
#include <algorithm>
#include <vector>

#include "base/text.h"
#include "spec/checker.h"
#include "spec/convert.h"
#include "spec/explain.h"

namespace lazurite::spec {
namespace {

Json Typed(std::string_view type) {
  Json json = Json::MakeObject();
  json["type"] = type;
  return json;
}

Json AnyOf(std::initializer_list<std::string_view> types) {
  Json json = Json::MakeObject();
  for (const std::string_view type : types) json["type"].Push(Json(type));
  return json;
}

Json Scalar() { return AnyOf({"string", "number", "boolean", "null"}); }

Json Words(std::string_view type) {
  Json json = Json::MakeObject();
  for (const EnumWord& word : EnumWords(type)) json["enum"].Push(Json(word.yaml));
  return json;
}

Json Number(std::string_view type) {
  Json json = Typed(type.starts_with("number") ? "number" : "integer");
  const size_t colon = type.find(':');
  if (colon == std::string_view::npos) return json;
  const std::string_view range = type.substr(colon + 1);
  const size_t dots = range.find("..");
  json["minimum"] = *ParseInt(range.substr(0, dots));
  json["maximum"] = *ParseInt(range.substr(dots + 2));
  return json;
}

Json PresetOf(const Field& field) {
  const std::string_view type = field.plain_type();
  if (type == "boolean" || type == "switch") return Json(field.preset == "true");
  if (const auto number = ParseInt(field.preset)) return Json(*number);
  return Json(field.preset);
}

class Maker {
 public:
  explicit Maker(const Kind& kind) : kind_(kind) {}

  Json ObjectAt(std::string_view row) const {
    Json json = Typed("object");
    Json properties = Json::MakeObject();
    Json required = Json::MakeArray();
    for (const Field* field : ChildrenOf(kind_, row)) {
      const std::string_view name = LastPart(field->path);
      properties[name] = Describe(*field);
      if (field->is_required()) required.Push(Json(name));
    }
    json["properties"] = std::move(properties);
    json["additionalProperties"] = false;
    if (!required.array().empty()) json["required"] = std::move(required);
    return json;
  }

 private:
  Json Describe(const Field& field) const {
    Json json = Shape(field);
    json["description"] = field.sentence;
    if (!field.preset.empty()) json["default"] = PresetOf(field);
    return json;
  }

  Json Either(Json a, Json b) const {
    Json json = Json::MakeObject();
    json["anyOf"].Push(std::move(a));
    json["anyOf"].Push(std::move(b));
    return json;
  }

  Json MapOf(Json entry) const {
    Json json = Typed("object");
    json["additionalProperties"] = std::move(entry);
    return json;
  }

  Json Shape(const Field& field) const {
    const std::string_view type = field.plain_type();
    const std::string entries = std::string(field.path) + ".*";
    if (type == "object") return ObjectAt(field.path);
    if (type == "environment") return Either(Typed("string"), ObjectAt(field.path));
    if (type == "conda") return Either(Typed("string"), Typed("object"));
    if (type == "map:string") return MapOf(Scalar());
    if (type == "map:input") return MapOf(Either(Scalar(), ObjectAt(entries)));
    if (type == "map:output") return MapOf(Either(Typed("null"), ObjectAt(entries)));
    if (type == "map:object") return MapOf(ObjectAt(entries));
    if (type == "map:any") return Typed("object");
    if (type.starts_with("list:")) return Typed("array");
    if (type.starts_with("enum:")) return Words(type);
    if (type == "boolean" || type == "switch") return Typed("boolean");
    if (type.starts_with("integer") || type.starts_with("number") || type.starts_with("seconds") ||
        type.starts_with("minutes")) {
      return Number(type);
    }
    if (type == "version" || type == "string") return AnyOf({"string", "number"});
    if (type == "any" || type == "readonly") return Json::MakeObject();
    return Typed("string");
  }

  const Kind& kind_;
};

}  // namespace

Result<Json> JsonSchema(std::string_view kind) {
  const Kind* found = FindKind(kind);
  if (found == nullptr || found->fields.empty()) {
    return NotFound("no schema for documents called \"" + std::string(kind) + "\"");
  }
  Json json = Json::MakeObject();
  json["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  json["title"] = found->plural;
  const Json body = Maker(*found).ObjectAt("");
  for (const auto& [key, value] : body.object()) json[key] = value;
  return json;
}

}  // namespace lazurite::spec
