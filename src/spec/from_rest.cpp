#include <array>

#include "base/text.h"
#include "base/yaml.h"
#include "spec/convert.h"
#include "spec/rest.h"

namespace lazurite::spec {
namespace {

// Members that no `show` prints: they mean something between client and server only.
bool IsInternal(std::string_view name) {
  static constexpr auto kInternal = std::to_array<std::string_view>(
      {"isArchived", "isAnonymous", "jobLimitsType", "secretsType", "credentialsType"});
  for (const std::string_view internal : kInternal) {
    if (name == internal) return true;
  }
  return false;
}

// The part of an ARM id after "/word/", up to the next slash.
std::string PartOfId(std::string_view id, std::string_view word) {
  const std::vector<std::string_view> parts = Split(id, '/');
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    if (EqualNoCase(parts[i], word)) return std::string(parts[i + 1]);
  }
  return "";
}

Json CreationContext(const Json& system_data) {
  Json out = Json::MakeObject();
  for (const auto& [key, value] : system_data.object()) {
    if (!value.is_null()) out[SnakeCase(key)] = value;
  }
  return out;
}

// Removes what stands at a dotted path of member names that have no dots themselves.
void EraseAt(Json& json, std::string_view path) {
  const std::string_view parent = ParentPart(path);
  Json* object = parent.empty() ? &json : const_cast<Json*>(json.At(parent));
  if (object != nullptr) object->Erase(LastPart(path));
}

class Reader {
 public:
  Reader(const Kind& kind, const Json& rest) : kind_(kind), rest_(rest) {}

  Json Run() {
    yaml_ = Json::MakeObject();
    TakeIdentity();
    for (const Field& field : kind_.fields) {
      if (!field.rest.empty()) TakeField(field);
    }
    FinishReferences();
    if (kind_.noun == "job") FinishJobYaml(yaml_);
    if (kind_.noun == "environment") FinishEnvironmentYaml(yaml_);
    TakeRemainder();
    return std::move(yaml_);
  }

 private:
  bool IsAsset() const {
    return kind_.noun == "data" || kind_.noun == "environment" || kind_.noun == "model";
  }

  // "id", "name", "version", "resourceGroup" and who made it.
  void TakeIdentity() {
    const std::string id = rest_.GetString("id");
    const bool has_prefix = IsAsset() || kind_.noun == "job";
    if (!id.empty()) {
      yaml_["id"] = has_prefix ? "azureml:" + id : id;
      const std::string group = PartOfId(id, "resourceGroups");
      if (!group.empty()) yaml_["resourceGroup"] = group;
    }
    std::string name = rest_.GetString("name");
    if (IsAsset() && !PartOfId(id, "versions").empty()) {
      yaml_["version"] = PartOfId(id, "versions");
      name = PartOfId(id, kind_.noun == "data" ? "data" : std::string(kind_.noun) + "s");
    }
    if (!name.empty()) yaml_["name"] = name;
    if (const Json* system = rest_.Find("systemData"); system != nullptr && system->is_object()) {
      yaml_["creation_context"] = CreationContext(*system);
    }
    for (const std::string_view key : {"id", "name", "type", "systemData"}) rest_.Erase(key);
  }

  void TakeField(const Field& field) {
    if (field.path.find('*') != std::string_view::npos) return TakeEntries(field);
    const Json* value = rest_.At(field.rest);
    if (value == nullptr) return;
    if (!value->is_null() && yaml_.At(field.path) == nullptr) {
      yaml_.Set(field.path, ValueFromRest(field, *value));
    }
    EraseAt(rest_, field.rest);
  }

  void TakeEntries(const Field& field) {
    const size_t star = field.path.find(".*.");
    const size_t rest_star = field.rest.find(".*.");
    if (star == std::string_view::npos || rest_star == std::string_view::npos) return;
    const auto* map = rest_.At(field.rest.substr(0, rest_star));
    if (map == nullptr || !map->is_object()) return;
    const std::string_view inner = field.rest.substr(rest_star + 3);
    Json& out = yaml_[field.path.substr(0, star)];
    for (auto& [name, entry] : const_cast<Json*>(map)->object()) {
      const Json* value = entry.At(inner);
      Json& target = out[name];
      if (target.is_null()) target = Json::MakeObject();
      if (value == nullptr) continue;
      const std::string_view path = field.path.substr(star + 3);
      if (!value->is_null() && target.At(path) == nullptr) {
        target.Set(path, ValueFromRest(field, *value));
      }
      EraseAt(entry, inner);
    }
  }

  void FinishReferences() {
    for (const std::string_view key : {"compute", "environment", "code"}) {
      Json* value = yaml_.Find(key);
      if (kind_.noun == "job" && value != nullptr && value->is_string()) {
        *value = ReferenceFromRest(value->string());
      }
    }
  }

  // What the table does not know stays, under YAML's way to spell names.
  void TakeRemainder() {
    const Json* properties = rest_.Find("properties");
    if (properties != nullptr) AddRemainder(*properties, yaml_, "properties");
    for (const auto& [key, value] : rest_.object()) {
      if (key == "properties" || value.is_null()) continue;
      if (yaml_.Find(SnakeCase(key)) == nullptr) yaml_[SnakeCase(key)] = value;
    }
  }

  // Objects whose members the table has rows for are looked into; others are taken whole.
  bool IsContainer(std::string_view rest_path) const {
    for (const Field& field : kind_.fields) {
      const std::string_view rest = field.rest;
      if (rest.starts_with(rest_path) && rest.size() > rest_path.size() &&
          rest[rest_path.size()] == '.') {
        return true;
      }
    }
    return false;
  }

  void AddRemainder(const Json& from, Json& into, const std::string& rest_path) {
    if (!from.is_object() || !into.is_object()) return;
    for (const auto& [key, value] : from.object()) {
      if (value.is_null() || IsInternal(key)) continue;
      const std::string path = rest_path + "." + key;
      const std::string name = SnakeCase(key);
      if (!value.is_object() || !IsContainer(path)) {
        if (into.Find(name) == nullptr) into[name] = value;
      } else if (HasEntries(path)) {
        AddToEntries(value, into[name]);
      } else if (IsYamlObject(name)) {
        Json inner = Json::MakeObject();
        AddRemainder(value, inner, path);
        if (!inner.object().empty()) AddMembers(into[name], inner);
      } else {
        // REST's object has no counterpart in YAML (a compute's inner "properties").
        AddRemainder(value, into, path);
      }
    }
  }

  bool HasEntries(const std::string& rest_path) const {
    const std::string prefix = rest_path + ".*.";
    for (const Field& field : kind_.fields) {
      if (field.rest.starts_with(prefix)) return true;
    }
    return false;
  }

  bool IsYamlObject(std::string_view name) const {
    for (const Field& field : kind_.fields) {
      if (field.plain_type() == "object" && LastPart(field.path) == name) return true;
    }
    return false;
  }

  // Names of inputs, outputs and services are the user's: never respelled.
  static void AddToEntries(const Json& from, Json& into) {
    for (const auto& [name, entry] : from.object()) {
      Json* target = into.Find(name);
      if (target == nullptr || !target->is_object() || !entry.is_object()) continue;
      for (const auto& [key, value] : entry.object()) {
        if (!value.is_null() && target->Find(SnakeCase(key)) == nullptr) {
          (*target)[SnakeCase(key)] = value;
        }
      }
    }
  }

  const Kind& kind_;
  Json rest_;
  Json yaml_;
};

// A job of a kind that the table does not describe: the same members under their YAML names.
Json Renamed(const Json& rest) {
  Json yaml = Json::MakeObject();
  const std::string id = rest.GetString("id");
  if (!id.empty()) {
    yaml["id"] = "azureml:" + id;
    yaml["resourceGroup"] = PartOfId(id, "resourceGroups");
  }
  yaml["name"] = rest.GetString("name");
  if (const Json* system = rest.Find("systemData"); system != nullptr && system->is_object()) {
    yaml["creation_context"] = CreationContext(*system);
  }
  const Json* properties = rest.Find("properties");
  if (properties == nullptr || !properties->is_object()) return yaml;
  for (const auto& [key, value] : properties->object()) {
    if (value.is_null() || IsInternal(key)) continue;
    if (key == "jobType" && value.is_string()) {
      yaml["type"] = Lower(value.string());
    } else if (key == "computeId" && value.is_string()) {
      yaml["compute"] = ReferenceFromRest(value.string());
    } else {
      yaml[SnakeCase(key)] = value;
    }
  }
  return yaml;
}

bool IsOtherJob(const Kind& kind, const Json& rest) {
  if (kind.noun != "job") return false;
  if (kind.fields.empty()) return true;
  const Json* type = rest.At("properties.jobType");
  return type != nullptr && type->is_string() && !IsSameWord(type->string(), "Command");
}

// The kind among those of a noun that the body itself names.
const Kind& KindOfBody(const Kind& kind, const Json& rest) {
  const std::string_view member = kind.noun == "compute"     ? "properties.computeType"
                                  : kind.noun == "datastore" ? "properties.datastoreType"
                                                             : "";
  const Json* type = member.empty() ? nullptr : rest.At(member);
  if (type == nullptr || !type->is_string()) return kind;
  for (const Kind& other : Kinds()) {
    if (other.noun == kind.noun && !other.fields.empty() &&
        IsSameWord(other.types, type->string())) {
      return other;
    }
  }
  return kind;
}

}  // namespace

void FinishJobYaml(Json& yaml) {
  for (const std::string_view key : {"inputs", "outputs"}) {
    Json* map = yaml.Find(key);
    if (map == nullptr) {
      yaml[key] = Json::MakeObject();
      continue;
    }
    if (!map->is_object()) continue;
    for (auto& [name, entry] : map->object()) {
      if (!entry.is_object()) continue;
      if (entry.GetString("type") == "literal") {
        const Json* value = entry.Find("value");
        entry = value == nullptr ? Json("") : Json(*value);
        continue;
      }
      Json* path = entry.Find("path");
      if (path != nullptr && path->is_string()) *path = ReferenceFromRest(path->string());
    }
  }
  // Nodes are an object in REST only.
  Json* services = yaml.Find("services");
  if (services == nullptr || !services->is_object()) return;
  for (auto& [name, service] : services->object()) {
    const Json* nodes = service.Find("nodes");
    if (nodes != nullptr && nodes->is_object()) {
      service["nodes"] = Lower(nodes->GetString("nodesValueType", "all"));
    }
  }
}

void FinishEnvironmentYaml(Json& yaml) {
  Json* conda = yaml.Find("conda_file");
  if (conda == nullptr || !conda->is_string()) return;
  const auto parsed = ParseYaml(conda->string());
  const auto* root = std::get_if<YamlNode>(&parsed);
  if (root != nullptr && root->kind == YamlNode::Kind::kMap) *conda = root->ToJson();
}

Json FromRest(std::string_view kind, const Json& rest) {
  const Kind* known = FindKind(kind);
  if (known == nullptr || !rest.is_object()) return rest;
  if (IsOtherJob(*known, rest)) return Renamed(rest);
  return Reader(KindOfBody(*known, rest), rest).Run();
}

}  // namespace lazurite::spec
