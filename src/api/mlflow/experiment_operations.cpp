#include "api/mlflow/operations.h"
#include "api/mlflow/wire.h"
#include "base/text.h"
#include "domain/run/experiment_store.h"
#include "domain/run/filter.h"
#include "domain/run/run_search.h"

namespace lazurite::mlflow {
namespace {

constexpr int64_t kSearchExperimentsMax = 50000;
const ExperimentStore kExperiments;

Result<int64_t> RequiredId(const Call& call) {
  if (!call.fields.Has("experiment_id")) return call.fields.RequiredInt("experiment_id");
  return call.ExperimentId();
}

Result<Json> Create(Call& call) {
  Experiment experiment;
  experiment.workspace = call.workspace;
  ASSIGN_OR_RETURN(experiment.name, call.fields.RequiredText("name"));
  ASSIGN_OR_RETURN(experiment.artifact_location, call.fields.Text("artifact_location"));
  ASSIGN_OR_RETURN(experiment.tags, call.fields.Pairs("tags"));
  ASSIGN_OR_RETURN(const int64_t id, kExperiments.Create(call.transaction, experiment, call.now));
  return Wrap("experiment_id", std::to_string(id));
}

Result<Json> Get(Call& call) {
  ASSIGN_OR_RETURN(const int64_t id, RequiredId(call));
  ASSIGN_OR_RETURN(const Experiment experiment, kExperiments.Get(call.transaction, id));
  return Wrap("experiment", ToJson(experiment));
}

Result<Json> GetByName(Call& call) {
  ASSIGN_OR_RETURN(const std::string name, call.fields.RequiredText("experiment_name"));
  ASSIGN_OR_RETURN(const auto experiment,
                   kExperiments.FindByName(call.transaction, call.workspace, name));
  if (!experiment) return NotFound("Could not find experiment with name '" + name + "'");
  return Wrap("experiment", ToJson(*experiment));
}

Result<Json> Update(Call& call) {
  TRY(call.OnlyForPeople("rename experiments"));
  ASSIGN_OR_RETURN(const int64_t id, RequiredId(call));
  ASSIGN_OR_RETURN(const std::string name, call.fields.RequiredText("new_name"));
  TRY(kExperiments.Rename(call.transaction, id, name, call.now));
  return Json::MakeObject();
}

Result<Json> SetDeleted(Call& call, bool is_deleted) {
  TRY(call.OnlyForPeople("delete or restore experiments"));
  ASSIGN_OR_RETURN(const int64_t id, RequiredId(call));
  TRY(kExperiments.SetDeleted(call.transaction, id, is_deleted, call.now));
  return Json::MakeObject();
}
Result<Json> Delete(Call& call) { return SetDeleted(call, true); }
Result<Json> Restore(Call& call) { return SetDeleted(call, false); }

Result<Json> SetTag(Call& call) {
  ASSIGN_OR_RETURN(const int64_t id, RequiredId(call));
  KeyValue tag;
  ASSIGN_OR_RETURN(tag.key, call.fields.RequiredText("key"));
  ASSIGN_OR_RETURN(tag.value, call.fields.Text("value"));
  TRY(kExperiments.SetTag(call.transaction, id, tag, call.now));
  return Json::MakeObject();
}

Result<Json> DeleteTag(Call& call) {
  ASSIGN_OR_RETURN(const int64_t id, RequiredId(call));
  ASSIGN_OR_RETURN(const std::string key, call.fields.RequiredText("key"));
  TRY(kExperiments.DeleteTag(call.transaction, id, key, call.now));
  return Json::MakeObject();
}

const FilterSubject& Subject() {
  static const FilterSubject subject = {
      .attributes = {{"name"}, {"creation_time", true}, {"last_update_time", true}},
      .order_only = {"experiment_id"}};
  return subject;
}

FilterLookup LookupOf(const Experiment& experiment) {
  return [&experiment](FilterEntity entity, std::string_view key) -> FilterValue {
    if (entity == FilterEntity::kTag) {
      const std::string* value = FindValue(experiment.tags, key);
      return value == nullptr ? FilterValue{} : FilterValue{{}, *value};
    }
    if (key == "name") return {{}, experiment.name};
    const int64_t number = key == "creation_time"      ? experiment.created_ms
                           : key == "last_update_time" ? experiment.modified_ms
                                                       : experiment.id;
    return {static_cast<double>(number), {}};
  };
}

bool IsInView(const Experiment& experiment, const std::string& view) {
  if (view == "ALL" || view == "3") return true;
  const bool wants_deleted = view == "DELETED_ONLY" || view == "2";
  return experiment.is_deleted == wants_deleted;
}

Result<Json> Search(Call& call) {
  ASSIGN_OR_RETURN(const int64_t limit, call.fields.MaxResults(0, kSearchExperimentsMax));
  ASSIGN_OR_RETURN(const std::string token, call.fields.Text("page_token"));
  ASSIGN_OR_RETURN(const int64_t offset, ReadPageToken(token));
  ASSIGN_OR_RETURN(const std::string view, call.fields.Text("view_type"));
  ASSIGN_OR_RETURN(const std::string text, call.fields.Text("filter"));
  ASSIGN_OR_RETURN(const auto filter, ParseFilter(text, Subject()));
  ASSIGN_OR_RETURN(const auto entries, call.fields.Texts("order_by"));
  ASSIGN_OR_RETURN(const auto order, ParseOrderBy(entries, Subject()));
  ASSIGN_OR_RETURN(const auto all, kExperiments.List(call.transaction, call.workspace));
  std::vector<const Experiment*> found;
  for (const Experiment& experiment : all) {
    if (!IsInView(experiment, view) || !Matches(filter, LookupOf(experiment))) continue;
    found.push_back(&experiment);
  }
  std::stable_sort(found.begin(), found.end(), [&order](const auto* a, const auto* b) {
    return CompareBy(order, LookupOf(*a), LookupOf(*b)) < 0;
  });
  Json answer = Json::MakeObject();
  const auto first = static_cast<size_t>(offset);
  const size_t end = std::min(found.size(), first + static_cast<size_t>(limit));
  for (size_t i = first; i < end; ++i) answer["experiments"].Push(ToJson(*found[i]));
  if (end < found.size()) answer["next_page_token"] = PageToken(static_cast<int64_t>(end));
  return answer;
}

constexpr Route kRoutes[] = {
    {"POST", "/experiments/create", true, Create},
    {"GET", "/experiments/get", false, Get},
    {"GET", "/experiments/get-by-name", false, GetByName},
    {"POST", "/experiments/update", true, Update},
    {"POST", "/experiments/delete", true, Delete},
    {"POST", "/experiments/restore", true, Restore},
    {"POST", "/experiments/set-experiment-tag", true, SetTag},
    {"POST", "/experiments/delete-experiment-tag", true, DeleteTag},
    {"POST", "/experiments/search", false, Search},
    {"GET", "/experiments/search", false, Search},
};

}  // namespace

std::span<const Route> ExperimentOperations() { return kRoutes; }

}  // namespace lazurite::mlflow
