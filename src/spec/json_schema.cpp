// JSON Schema of a kind, made from the table of fields.
#include <algorithm>
#include <cctype>
#include <vector>

#include "base/text.h"
#include "spec/checker.h"
#include "spec/convert.h"
#include "spec/explain.h"

namespace lazurite::spec {
namespace {

// What editors understand best.
constexpr std::string_view kDraft = "http://json-schema.org/draft-07/schema#";
constexpr std::string_view kNamePattern = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$";
constexpr std::string_view kEntryPattern = "^[A-Za-z0-9_][A-Za-z0-9_-]{0,254}$";
// A file of its own is not read from inside a job.
constexpr std::string_view kFilePattern = "^file:|\\.ya?ml$";

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

Json Scalar() { return AnyOf({"string", "number", "boolean"}); }

Json Pattern(std::string_view pattern) {
  Json json = Typed("string");
  json["pattern"] = pattern;
  return json;
}

Json Reference() {
  Json json = Typed("string");
  json["not"]["pattern"] = kFilePattern;
  return json;
}

Json Either(std::vector<Json> shapes) {
  Json json = Json::MakeObject();
  for (Json& shape : shapes) json["anyOf"].Push(std::move(shape));
  return json;
}

// The word whatever its case, "_" and "-".
std::string LoosePattern(std::string_view word) {
  std::string out = "[_-]*";
  for (const char c : word) {
    const auto letter = static_cast<unsigned char>(c);
    if (c == '_' || c == '-') continue;
    if (std::isalpha(letter) != 0) {
      out += std::string("[") + static_cast<char>(std::tolower(letter)) +
             static_cast<char>(std::toupper(letter)) + "]";
    } else {
      out += c;
    }
    out += "[_-]*";
  }
  return out;
}

// Today's words, for completion; what else is understood, so that it is not called wrong.
Json Words(std::string_view type) {
  Json words = Json::MakeObject();
  std::vector<std::string_view> seen;
  std::vector<std::string> loose;
  for (const EnumWord& word : EnumWords(type)) {
    if (std::find(seen.begin(), seen.end(), word.rest) == seen.end()) {
      words["enum"].Push(Json(word.yaml));
    }
    seen.push_back(word.rest);
    loose.push_back(LoosePattern(word.yaml));
    if (!IsSameWord(word.yaml, word.rest)) loose.push_back(LoosePattern(word.rest));
  }
  return Either({std::move(words), Pattern("^(" + Join(loose, "|") + ")$")});
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

// A member without a value counts as one that is not there.
Json OrNothing(Json shape) {
  if (shape.object().empty()) return shape;
  if (Json* choices = shape.Find("anyOf"); choices != nullptr) {
    choices->Push(Typed("null"));
    return shape;
  }
  Json& type = shape["type"];
  if (type.is_string()) type = Json(Json::Array{type});
  type.Push("null");
  return shape;
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
    Json json = field.is_required() ? Shape(field) : OrNothing(Shape(field));
    json["description"] = field.sentence;
    if (!field.preset.empty()) json["default"] = PresetOf(field);
    return json;
  }

  static Json MapOf(Json entry, bool has_names) {
    Json json = Typed("object");
    if (has_names) json["propertyNames"]["pattern"] = kEntryPattern;
    json["additionalProperties"] = std::move(entry);
    return json;
  }

  Json Shape(const Field& field) const {
    const std::string_view type = field.plain_type();
    const std::string entries = std::string(field.path) + ".*";
    if (type == "object") return ObjectAt(field.path);
    if (type == "environment") return Either({Reference(), ObjectAt(field.path)});
    if (type == "conda") return Either({Typed("string"), Typed("object")});
    if (type == "map:string") return MapOf(OrNothing(Scalar()), false);
    if (type == "map:input") {
      return MapOf(Either({OrNothing(Scalar()), ObjectAt(entries)}), true);
    }
    if (type == "map:output") return MapOf(Either({Typed("null"), ObjectAt(entries)}), true);
    if (type == "map:object") return MapOf(OrNothing(ObjectAt(entries)), true);
    if (type == "map:any") return Typed("object");
    if (type.starts_with("list:")) return List(type);
    if (type.starts_with("enum:")) return Words(type);
    return ScalarShape(type);
  }

  static Json List(std::string_view type) {
    Json json = Typed("array");
    if (type == "list:string") json["items"] = Scalar();
    return json;
  }

  static Json ScalarShape(std::string_view type) {
    if (type == "boolean" || type == "switch") return Typed("boolean");
    if (type.starts_with("integer") || type.starts_with("number") || type.starts_with("seconds") ||
        type.starts_with("minutes")) {
      return Number(type);
    }
    if (type == "any" || type == "readonly") return Json::MakeObject();
    if (type == "name") return Either({Pattern(kNamePattern), Typed("integer")});
    if (type == "version") return AnyOf({"string", "number"});
    if (type == "path") {
      Json json = Typed("string");
      json["minLength"] = 1;
      return json;
    }
    return Scalar();
  }

  const Kind& kind_;
};

// {"properties": {"$schema": {"pattern": …}}, "required": ["$schema"]}
Json NamesSchema(const Kind& kind) {
  std::vector<std::string> names;
  for (const std::string_view name : Split(kind.schemas, '|')) names.push_back(LoosePattern(name));
  Json json = Json::MakeObject();
  json["properties"]["$schema"] = Pattern("(^|/)(" + Join(names, "|") + ")(\\.schema)?\\.json$");
  json["required"].Push("$schema");
  return json;
}

Json Rule(Json condition, const Kind& kind) {
  Json json = Json::MakeObject();
  json["if"] = std::move(condition);
  json["then"]["$ref"] = "#/definitions/" + std::string(kind.name);
  return json;
}

}  // namespace

Result<Json> JsonSchema(std::string_view kind) {
  const Kind* found = FindKind(kind);
  if (found == nullptr || found->fields.empty()) {
    std::vector<std::string_view> names;
    for (const Kind& known : Kinds()) {
      if (!known.fields.empty()) names.push_back(known.name);
    }
    return NotFound("no schema for documents called \"" + std::string(kind) + "\", there is " +
                    ListOr(names));
  }
  Json json = Json::MakeObject();
  json["$schema"] = kDraft;
  json["title"] = found->plural;
  const Json body = Maker(*found).ObjectAt("");
  for (const auto& [key, value] : body.object()) json[key] = value;
  return json;
}

Json JsonSchemaOfAll() {
  Json json = Json::MakeObject();
  json["$schema"] = kDraft;
  json["title"] = "Azure ML documents, as Lazurite reads them";
  json["allOf"] = Json::MakeArray();
  Json definitions = Json::MakeObject();
  for (const Kind& kind : Kinds()) {
    if (kind.fields.empty()) continue;
    definitions[kind.name] = Maker(kind).ObjectAt("");
    if (!kind.schemas.empty()) json["allOf"].Push(Rule(NamesSchema(kind), kind));
  }
  // Most job files name their schema; these fields tell the others from any other YAML.
  Json bare = Json::MakeObject();
  for (const char* field : {"command", "environment"}) bare["required"].Push(field);
  bare["not"]["required"].Push("$schema");
  bare["not"]["required"].Push("type");
  json["allOf"].Push(Rule(std::move(bare), *FindKind("commandJob")));
  json["definitions"] = std::move(definitions);
  return json;
}

}  // namespace lazurite::spec
