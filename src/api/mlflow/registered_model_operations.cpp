#include "api/mlflow/registry_search.h"

namespace lazurite::mlflow {
namespace {

constexpr SearchSize kSearchSize{.preset = 100, .most = 1000};

Result<Json> Answer(const Call& call, const RegisteredModel& model) {
  ASSIGN_OR_RETURN(const auto latest, call.models.Latest(call.transaction, model.name, {}));
  return Wrap("registered_model", ToJson(model, latest));
}

Result<Json> Create(Call& call) {
  RegisteredModel model;
  ASSIGN_OR_RETURN(model.name, call.fields.RequiredText("name"));
  ASSIGN_OR_RETURN(model.description, call.fields.Text("description"));
  ASSIGN_OR_RETURN(model.tags, call.fields.Pairs("tags"));
  ASSIGN_OR_RETURN(const RegisteredModel made,
                   call.models.Create(call.transaction, model, call.now));
  return Wrap("registered_model", ToJson(made, {}));
}

Result<Json> Get(Call& call) {
  ASSIGN_OR_RETURN(const std::string name, call.fields.RequiredText("name"));
  ASSIGN_OR_RETURN(const RegisteredModel model, call.models.Get(call.transaction, name));
  return Answer(call, model);
}

Result<Json> Rename(Call& call) {
  TRY(call.OnlyForPeople("rename registered models"));
  ASSIGN_OR_RETURN(const std::string name, call.fields.RequiredText("name"));
  ASSIGN_OR_RETURN(const std::string new_name, call.fields.RequiredText("new_name"));
  ASSIGN_OR_RETURN(const RegisteredModel model,
                   call.models.Rename(call.transaction, name, new_name, call.now));
  return Answer(call, model);
}

Result<Json> Update(Call& call) {
  ASSIGN_OR_RETURN(const std::string name, call.fields.RequiredText("name"));
  ASSIGN_OR_RETURN(const std::string description, call.fields.Text("description"));
  ASSIGN_OR_RETURN(const RegisteredModel model,
                   call.models.Describe(call.transaction, name, description, call.now));
  return Answer(call, model);
}

Result<Json> Delete(Call& call) {
  TRY(call.OnlyForPeople("delete registered models"));
  ASSIGN_OR_RETURN(const std::string name, call.fields.RequiredText("name"));
  TRY(call.models.Delete(call.transaction, name));
  return Json::MakeObject();
}

Result<Json> SetTag(Call& call) {
  ASSIGN_OR_RETURN(const std::string name, call.fields.RequiredText("name"));
  KeyValue tag;
  ASSIGN_OR_RETURN(tag.key, call.fields.RequiredText("key"));
  ASSIGN_OR_RETURN(tag.value, call.fields.Text("value"));
  TRY(call.models.SetTag(call.transaction, name, tag, call.now));
  return Json::MakeObject();
}

Result<Json> DeleteTag(Call& call) {
  ASSIGN_OR_RETURN(const std::string name, call.fields.RequiredText("name"));
  ASSIGN_OR_RETURN(const std::string key, call.fields.RequiredText("key"));
  TRY(call.models.DeleteTag(call.transaction, name, key, call.now));
  return Json::MakeObject();
}

Result<Json> SetAlias(Call& call) {
  ASSIGN_OR_RETURN(const std::string name, call.fields.RequiredText("name"));
  KeyValue alias;
  ASSIGN_OR_RETURN(alias.key, call.fields.RequiredText("alias"));
  ASSIGN_OR_RETURN(alias.value, call.fields.RequiredText("version"));
  TRY(call.models.SetAlias(call.transaction, name, alias, call.now));
  return Json::MakeObject();
}

Result<Json> DeleteAlias(Call& call) {
  ASSIGN_OR_RETURN(const std::string name, call.fields.RequiredText("name"));
  ASSIGN_OR_RETURN(const std::string alias, call.fields.RequiredText("alias"));
  TRY(call.models.DeleteAlias(call.transaction, name, alias, call.now));
  return Json::MakeObject();
}

Result<Json> GetByAlias(Call& call) {
  ASSIGN_OR_RETURN(const std::string name, call.fields.RequiredText("name"));
  ASSIGN_OR_RETURN(const std::string alias, call.fields.RequiredText("alias"));
  ASSIGN_OR_RETURN(const ModelVersion version,
                   call.models.GetByAlias(call.transaction, name, alias));
  return Wrap("model_version", ToJson(version));
}

Result<Json> GetLatestVersions(Call& call) {
  ASSIGN_OR_RETURN(const std::string name, call.fields.RequiredText("name"));
  ASSIGN_OR_RETURN(const auto stages, call.fields.Texts("stages"));
  ASSIGN_OR_RETURN(const auto latest, call.models.Latest(call.transaction, name, stages));
  Json answer = Json::MakeObject();
  for (const ModelVersion& version : latest) answer["model_versions"].Push(ToJson(version));
  return answer;
}

const FilterSubject& Subject() {
  static const FilterSubject subject = {
      .attributes = {{"name"},
                     {"creation_timestamp", true},
                     {"last_updated_timestamp", true, false, {"timestamp"}}}};
  return subject;
}

FilterLookup LookupOf(const RegisteredModel& model) {
  return [&model](FilterEntity entity, std::string_view key) -> FilterValue {
    if (entity == FilterEntity::kTag) return RegistryTag(model.tags, key);
    if (key == "name") return {{}, model.name};
    const int64_t time = key == "creation_timestamp" ? model.created_ms : model.modified_ms;
    return {static_cast<double>(time), {}};
  };
}

Result<Json> Search(Call& call) {
  ASSIGN_OR_RETURN(const RegistrySearch search, ReadSearch(call, Subject(), kSearchSize));
  ASSIGN_OR_RETURN(const auto all, call.models.List(call.transaction));
  const auto is_before = [&search](const RegisteredModel& a, const RegisteredModel& b) {
    return CompareBy(search.order, LookupOf(a), LookupOf(b)) < 0;
  };
  Json answer = Json::MakeObject();
  for (const RegisteredModel* model : PageOf(all, search, LookupOf, is_before, answer)) {
    ASSIGN_OR_RETURN(const auto latest, call.models.Latest(call.transaction, model->name, {}));
    answer["registered_models"].Push(ToJson(*model, latest));
  }
  return answer;
}

constexpr Route kRoutes[] = {
    {"POST", "/registered-models/create", true, Create},
    {"GET", "/registered-models/get", false, Get},
    {"POST", "/registered-models/rename", true, Rename},
    {"PATCH", "/registered-models/update", true, Update},
    {"DELETE", "/registered-models/delete", true, Delete},
    {"GET", "/registered-models/search", false, Search},
    {"POST", "/registered-models/set-tag", true, SetTag},
    {"DELETE", "/registered-models/delete-tag", true, DeleteTag},
    {"POST", "/registered-models/alias", true, SetAlias},
    {"DELETE", "/registered-models/alias", true, DeleteAlias},
    {"GET", "/registered-models/alias", false, GetByAlias},
    {"POST", "/registered-models/get-latest-versions", false, GetLatestVersions},
    {"GET", "/registered-models/get-latest-versions", false, GetLatestVersions},
};

}  // namespace

std::span<const Route> RegisteredModelOperations() { return kRoutes; }

}  // namespace lazurite::mlflow
