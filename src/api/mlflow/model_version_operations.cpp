#include "api/mlflow/registry_search.h"
#include "base/text.h"

namespace lazurite::mlflow {
namespace {

constexpr SearchSize kSearchSize{.preset = 10000, .most = 200000};

// The version that `name` and `version` of the request mean.
Result<ModelVersion> Named(const Call& call) {
  ASSIGN_OR_RETURN(const std::string name, call.fields.RequiredText("name"));
  const auto number = call.fields.Int("version");
  if (number.ok() && *number) {
    return call.models.GetVersion(call.transaction, name, std::to_string(**number));
  }
  ASSIGN_OR_RETURN(const std::string version, call.fields.RequiredText("version"));
  const Result<ModelVersion> found = call.models.GetVersion(call.transaction, name, version);
  if (found.status().code() != Code::kNotFound) return found;
  return InvalidArgument("Parameter 'version' must be an integer, got '" + version + "'.");
}

Result<Json> Create(Call& call) {
  ModelVersion version;
  ASSIGN_OR_RETURN(version.name, call.fields.RequiredText("name"));
  ASSIGN_OR_RETURN(version.source, call.fields.RequiredText("source"));
  ASSIGN_OR_RETURN(version.run, call.fields.Text("run_id"));
  ASSIGN_OR_RETURN(version.run_link, call.fields.Text("run_link"));
  ASSIGN_OR_RETURN(version.description, call.fields.Text("description"));
  ASSIGN_OR_RETURN(version.model, call.fields.Text("model_id"));
  ASSIGN_OR_RETURN(version.tags, call.fields.Pairs("tags"));
  version.user = call.user;
  ASSIGN_OR_RETURN(
      const ModelVersion made,
      tracking::RegisterVersion(call.transaction, call.workspace, std::move(version), call.now));
  return Wrap("model_version", ToJson(made));
}

Result<Json> Get(Call& call) {
  ASSIGN_OR_RETURN(const ModelVersion version, Named(call));
  return Wrap("model_version", ToJson(version));
}

Result<Json> Update(Call& call) {
  ASSIGN_OR_RETURN(const ModelVersion version, Named(call));
  ASSIGN_OR_RETURN(const std::string description, call.fields.Text("description"));
  ASSIGN_OR_RETURN(const ModelVersion updated,
                   call.models.DescribeVersion(call.transaction, version.name, version.version,
                                               description, call.now));
  return Wrap("model_version", ToJson(updated));
}

Result<Json> TransitionStage(Call& call) {
  ASSIGN_OR_RETURN(const ModelVersion version, Named(call));
  ASSIGN_OR_RETURN(const std::string stage, call.fields.RequiredText("stage"));
  ASSIGN_OR_RETURN(const bool archive_others, call.fields.Bool("archive_existing_versions", false));
  ASSIGN_OR_RETURN(const ModelVersion moved, call.models.SetStage(call.transaction, version, stage,
                                                                  archive_others, call.now));
  return Wrap("model_version", ToJson(moved));
}

Result<Json> Delete(Call& call) {
  TRY(call.OnlyForPeople("delete model versions"));
  ASSIGN_OR_RETURN(const ModelVersion version, Named(call));
  TRY(call.models.DeleteVersion(call.transaction, version.name, version.version, call.now));
  return Json::MakeObject();
}

Result<Json> SetTag(Call& call) {
  ASSIGN_OR_RETURN(const ModelVersion version, Named(call));
  KeyValue tag;
  ASSIGN_OR_RETURN(tag.key, call.fields.RequiredText("key"));
  ASSIGN_OR_RETURN(tag.value, call.fields.Text("value"));
  TRY(call.models.SetVersionTag(call.transaction, version, tag, call.now));
  return Json::MakeObject();
}

Result<Json> DeleteTag(Call& call) {
  ASSIGN_OR_RETURN(const ModelVersion version, Named(call));
  ASSIGN_OR_RETURN(const std::string key, call.fields.RequiredText("key"));
  TRY(call.models.DeleteVersionTag(call.transaction, version, key, call.now));
  return Json::MakeObject();
}

Result<Json> GetDownloadUri(Call& call) {
  ASSIGN_OR_RETURN(const ModelVersion version, Named(call));
  return Wrap("artifact_uri", DownloadUri(version.model_uri));
}

const FilterSubject& Subject() {
  static const FilterSubject subject = {
      .attributes = {{"name"},
                     {"run_id", false, true},
                     {"source_path", false, false, {"source"}},
                     {"version_number", true, false, {"version"}},
                     {"creation_timestamp", true},
                     {"last_updated_timestamp", true, false, {"timestamp"}}}};
  return subject;
}

FilterLookup LookupOf(const ModelVersion& version) {
  return [&version](FilterEntity entity, std::string_view key) -> FilterValue {
    if (entity == FilterEntity::kTag) return RegistryTag(version.tags, key);
    if (key == "name") return {{}, version.name};
    if (key == "run_id") return {{}, version.run};
    if (key == "source_path") return {{}, version.source};
    if (key == "version_number") return {ParseDouble(version.version), {}};
    const int64_t time = key == "creation_timestamp" ? version.created_ms : version.modified_ms;
    return {static_cast<double>(time), {}};
  };
}

// The versions of the one model that the filter names, or of all.
Result<std::vector<ModelVersion>> Candidates(const Call& call,
                                             const std::vector<FilterClause>& filter) {
  std::vector<ModelVersion> versions;
  ASSIGN_OR_RETURN(const auto models, call.models.List(call.transaction));
  for (const RegisteredModel& model : models) {
    const bool is_out = std::any_of(filter.begin(), filter.end(), [&](const FilterClause& clause) {
      return clause.entity == FilterEntity::kAttribute && clause.key == "name" &&
             clause.comparator == Comparator::kEqual && clause.values[0] != model.name;
    });
    if (is_out) continue;
    ASSIGN_OR_RETURN(auto of_model, call.models.ListVersions(call.transaction, model.name));
    std::move(of_model.begin(), of_model.end(), std::back_inserter(versions));
  }
  return versions;
}

// As asked for, else the last updated first; then by name, then the newest first.
bool IsBefore(const ModelVersion& a, const ModelVersion& b, const std::vector<OrderBy>& order) {
  const int compared = CompareBy(order, LookupOf(a), LookupOf(b));
  if (compared != 0) return compared < 0;
  if (order.empty() && a.modified_ms != b.modified_ms) return a.modified_ms > b.modified_ms;
  if (a.name != b.name) return a.name < b.name;
  return ParseInt(a.version).value_or(0) > ParseInt(b.version).value_or(0);
}

Result<Json> Search(Call& call) {
  ASSIGN_OR_RETURN(const RegistrySearch search, ReadSearch(call, Subject(), kSearchSize));
  ASSIGN_OR_RETURN(const auto all, Candidates(call, search.filter));
  const auto is_before = [&search](const ModelVersion& a, const ModelVersion& b) {
    return IsBefore(a, b, search.order);
  };
  Json answer = Json::MakeObject();
  for (const ModelVersion* version : PageOf(all, search, LookupOf, is_before, answer)) {
    answer["model_versions"].Push(ToJson(*version));
  }
  return answer;
}

constexpr Route kRoutes[] = {
    {"POST", "/model-versions/create", true, Create},
    {"GET", "/model-versions/get", false, Get},
    {"PATCH", "/model-versions/update", true, Update},
    {"POST", "/model-versions/transition-stage", true, TransitionStage},
    {"DELETE", "/model-versions/delete", true, Delete},
    {"GET", "/model-versions/search", false, Search},
    {"POST", "/model-versions/set-tag", true, SetTag},
    {"DELETE", "/model-versions/delete-tag", true, DeleteTag},
    {"GET", "/model-versions/get-download-uri", false, GetDownloadUri},
};

}  // namespace

std::span<const Route> ModelVersionOperations() { return kRoutes; }

}  // namespace lazurite::mlflow
