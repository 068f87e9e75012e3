#include "spec/environment_reader.h"

#include "base/yaml.h"

namespace lazurite::spec {
namespace {

// The text of an optional member; "" if it is absent or null.
Result<std::string> ReadText(const Json& object, std::string_view key, std::string_view where) {
  const Json* value = object.FindNoCase(key);
  if (value == nullptr || value->is_null()) return std::string();
  if (!value->is_string()) {
    return InvalidArgument(std::string(where) + "." + std::string(key) + " must be a text");
  }
  return value->string();
}

// A conda file that nobody could build is refused where it is written, not when it is used.
Status CheckConda(const std::string& text) {
  if (text.empty()) return {};
  const auto parsed = ParseYaml(text);
  if (const auto* error = std::get_if<YamlError>(&parsed)) {
    return InvalidArgument("properties.condaFile, line " + std::to_string(error->position.line) +
                           ": " + error->message);
  }
  if (std::get<YamlNode>(parsed).kind != YamlNode::Kind::kMap) {
    return InvalidArgument("properties.condaFile must be a YAML map with \"dependencies\"");
  }
  return {};
}

Result<Json> ReadBuild(const Json& properties) {
  const Json* build = properties.FindNoCase("build");
  if (build == nullptr || build->is_null()) return Json();
  if (!build->is_object()) return InvalidArgument("properties.build must be an object");
  Json out = Json::MakeObject();
  ASSIGN_OR_RETURN(const std::string uri, ReadText(*build, "contextUri", "properties.build"));
  if (uri.empty()) return InvalidArgument("properties.build.contextUri is missing");
  ASSIGN_OR_RETURN(const std::string file, ReadText(*build, "dockerfilePath", "properties.build"));
  out["contextUri"] = uri;
  out["dockerfilePath"] = file.empty() ? std::string("Dockerfile") : file;
  return out;
}

// The machine's own interpreter, where the environment asks for it.
Result<std::string> ReadPython(const Json& properties) {
  const Json* facts = properties.FindNoCase("properties");
  if (facts == nullptr || !facts->is_object()) return std::string();
  ASSIGN_OR_RETURN(std::string python,
                   ReadText(*facts, EnvironmentSpec::kPythonProperty, "properties.properties"));
  if (python.empty() || python == EnvironmentSpec::kHost || python.starts_with('/')) return python;
  return InvalidArgument("properties.properties[\"" +
                         std::string(EnvironmentSpec::kPythonProperty) + "\"] is \"" + python +
                         "\", expected the absolute path of a Python of the server's machine, or "
                         "host");
}

}  // namespace

Result<EnvironmentSpec> ReadEnvironment(std::string_view name, std::string_view version,
                                        const Json& properties) {
  if (!properties.is_object()) return InvalidArgument("properties must be an object");
  EnvironmentSpec spec;
  spec.name = name;
  spec.version = version;
  ASSIGN_OR_RETURN(spec.image, ReadText(properties, "image", "properties"));
  ASSIGN_OR_RETURN(spec.conda, ReadText(properties, "condaFile", "properties"));
  ASSIGN_OR_RETURN(spec.build, ReadBuild(properties));
  ASSIGN_OR_RETURN(spec.python, ReadPython(properties));
  TRY(CheckConda(spec.conda));
  if (spec.image.empty() && spec.conda.empty() && spec.build.is_null()) {
    return InvalidArgument("properties must have image, condaFile or build");
  }
  return spec;
}

}  // namespace lazurite::spec
