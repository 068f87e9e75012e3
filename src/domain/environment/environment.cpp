#include "domain/environment/environment.h"

namespace lazurite {
namespace {

// Reads an optional text; a value of another kind is refused by name.
Status ReadText(const Json& json, std::string_view key, std::string* out) {
  const Json* value = json.Find(key);
  if (value == nullptr || value->is_null()) return {};
  if (!value->is_string()) {
    return InvalidArgument("environment: \"" + std::string(key) + "\" is no text");
  }
  *out = value->string();
  return {};
}

}  // namespace

Json EnvironmentSpec::ToJson() const {
  Json json = Json::MakeObject();
  json["name"] = name;
  json["version"] = version;
  json["image"] = image;
  json["conda"] = conda;
  json["build"] = build;
  if (!python.empty()) json["python"] = python;
  return json;
}

Result<EnvironmentSpec> EnvironmentSpec::FromJson(const Json& json) {
  if (!json.is_object()) return InvalidArgument("environment: expected an object");
  EnvironmentSpec spec;
  TRY(ReadText(json, "name", &spec.name));
  TRY(ReadText(json, "version", &spec.version));
  TRY(ReadText(json, "image", &spec.image));
  TRY(ReadText(json, "conda", &spec.conda));
  TRY(ReadText(json, "python", &spec.python));
  if (const Json* build = json.Find("build"); build != nullptr) {
    if (!build->is_null() && !build->is_object()) {
      return InvalidArgument("environment: \"build\" is no object");
    }
    spec.build = *build;
  }
  return spec;
}

}  // namespace lazurite
