#include "api/mlflow/operations.h"
#include "api/mlflow/wire.h"
#include "base/text.h"
#include "domain/run/filter.h"

namespace lazurite::mlflow {
namespace {

constexpr int64_t kSearchPreset = 10000;
constexpr int64_t kSearchMax = 200000;

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
    if (entity == FilterEntity::kTag) {
      const std::string* value = FindValue(version.tags, key);
      if (value != nullptr) return {{}, *value};
      return key == kPromptTag ? FilterValue{{}, "false"} : FilterValue{};
    }
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

bool IsPrompt(const ModelVersion& version) {
  const std::string* prompt = FindValue(version.tags, kPromptTag);
  return prompt != nullptr && *prompt == "true";
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
  ASSIGN_OR_RETURN(const int64_t limit, call.fields.MaxResults(kSearchPreset, kSearchMax));
  ASSIGN_OR_RETURN(const std::string token, call.fields.Text("page_token"));
  ASSIGN_OR_RETURN(const int64_t offset, ReadPageToken(token));
  ASSIGN_OR_RETURN(const std::string text, call.fields.Text("filter"));
  ASSIGN_OR_RETURN(const auto filter, ParseFilter(text, Subject()));
  ASSIGN_OR_RETURN(const auto entries, call.fields.Texts("order_by"));
  ASSIGN_OR_RETURN(const auto order, ParseOrderBy(entries, Subject()));
  ASSIGN_OR_RETURN(const auto all, Candidates(call, filter));
  const bool prompts_too = std::any_of(filter.begin(), filter.end(),
                                       [](const auto& clause) { return clause.key == kPromptTag; });
  std::vector<const ModelVersion*> found;
  for (const ModelVersion& version : all) {
    if (!prompts_too && IsPrompt(version)) continue;
    if (Matches(filter, LookupOf(version))) found.push_back(&version);
  }
  std::stable_sort(found.begin(), found.end(),
                   [&order](const auto* a, const auto* b) { return IsBefore(*a, *b, order); });
  Json answer = Json::MakeObject();
  const auto first = static_cast<size_t>(offset);
  const size_t end = std::min(found.size(), first + static_cast<size_t>(limit));
  for (size_t i = first; i < end; ++i) answer["model_versions"].Push(ToJson(*found[i]));
  if (end < found.size()) answer["next_page_token"] = PageToken(static_cast<int64_t>(end));
  return answer;
}

constexpr Route kRoutes[] = {
    {"POST", "/model-versions/create", true, Create, true},
    {"GET", "/model-versions/get", false, Get, true},
    {"PATCH", "/model-versions/update", true, Update, true},
    {"POST", "/model-versions/transition-stage", true, TransitionStage, true},
    {"DELETE", "/model-versions/delete", true, Delete, true},
    {"GET", "/model-versions/search", false, Search, true},
    {"POST", "/model-versions/set-tag", true, SetTag, true},
    {"DELETE", "/model-versions/delete-tag", true, DeleteTag, true},
    {"GET", "/model-versions/get-download-uri", false, GetDownloadUri, true},
};

}  // namespace

std::span<const Route> ModelVersionOperations() { return kRoutes; }

}  // namespace lazurite::mlflow
