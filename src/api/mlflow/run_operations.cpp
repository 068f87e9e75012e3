#include "api/mlflow/operations.h"
#include "api/mlflow/wire.h"
#include "domain/run/run_search.h"
#include "domain/run/run_store.h"
#include "engine/tracking/run_jobs.h"

namespace lazurite::mlflow {
namespace {

constexpr int64_t kSearchRunsPreset = 1000;
constexpr size_t kDatasetExperimentsMax = 20;
constexpr int kDatasetsMax = 1000;
const RunStore kRuns;

Result<Json> Create(Call& call) {
  NewRun run;
  ASSIGN_OR_RETURN(run.experiment, call.ExperimentId());
  ASSIGN_OR_RETURN(run.name, call.fields.Text("run_name"));
  ASSIGN_OR_RETURN(run.user, call.fields.Text("user_id"));
  ASSIGN_OR_RETURN(const auto start, call.fields.Int("start_time"));
  run.start_ms = start.value_or(ToMillis(call.now));
  ASSIGN_OR_RETURN(run.tags, call.fields.Pairs("tags"));
  run.made_by = call.writer.job;
  ASSIGN_OR_RETURN(
      const Run made,
      tracking::CreateRun(call.transaction, run, {call.user, call.workspace}, call.ids, call.now));
  return Wrap("run", ToJson(made));
}

Result<Json> Get(Call& call) {
  ASSIGN_OR_RETURN(const std::string id, call.fields.RunId());
  ASSIGN_OR_RETURN(const Run run, kRuns.Load(call.transaction, id));
  return Wrap("run", ToJson(run));
}

Result<std::optional<RunStatus>> StatusField(const Call& call) {
  if (!call.fields.Has("status")) return std::optional<RunStatus>();
  const Result<std::string> name = call.fields.Text("status");
  const auto number = call.fields.Int("status");
  auto status = name.ok() ? ParseRunStatus(name.value()) : std::optional<RunStatus>();
  if (!status && number.ok() && **number >= 1 && **number <= 5) {
    status = static_cast<RunStatus>(**number);
  }
  if (status) return status;
  return InvalidArgument("Invalid value " + (name.ok() ? "\"" + name.value() + "\"" : "") +
                         " for parameter 'status' supplied.");
}

Result<Json> Update(Call& call) {
  ASSIGN_OR_RETURN(const std::string id, call.fields.RunId());
  RunChange change;
  ASSIGN_OR_RETURN(change.status, StatusField(call));
  ASSIGN_OR_RETURN(change.end_ms, call.fields.Int("end_time"));
  ASSIGN_OR_RETURN(const std::string name, call.fields.Text("run_name"));
  if (!name.empty()) change.name = name;
  TRY(tracking::GetWritable(call.transaction, id, call.writer).status());
  ASSIGN_OR_RETURN(const RunInfo run, tracking::UpdateRun(call.transaction, id, change, call.now));
  return Wrap("run_info", ToJson(run));
}

Result<Json> SetDeleted(Call& call, bool is_deleted) {
  ASSIGN_OR_RETURN(const std::string id, call.fields.RunId());
  ASSIGN_OR_RETURN(const RunInfo run, kRuns.Get(call.transaction, id));
  TRY(tracking::CheckMayWrite(run, call.writer));
  TRY(tracking::SetRunDeleted(call.transaction, id, is_deleted, call.now));
  return Json::MakeObject();
}
Result<Json> Delete(Call& call) { return SetDeleted(call, true); }
Result<Json> Restore(Call& call) { return SetDeleted(call, false); }

Result<RunView> ViewField(const Call& call) {
  ASSIGN_OR_RETURN(const std::string view, call.fields.Text("run_view_type"));
  if (view.empty() || view == "ACTIVE_ONLY" || view == "1") return RunView::kActiveOnly;
  if (view == "DELETED_ONLY" || view == "2") return RunView::kDeletedOnly;
  if (view == "ALL" || view == "3") return RunView::kAll;
  return InvalidValue("run_view_type", Json(view));
}

Result<Json> Search(Call& call) {
  RunQuery query;
  ASSIGN_OR_RETURN(query.experiments, call.ExperimentIds());
  ASSIGN_OR_RETURN(query.limit, call.fields.MaxResults(kSearchRunsPreset, kSearchRunsMax));
  ASSIGN_OR_RETURN(query.view, ViewField(call));
  ASSIGN_OR_RETURN(const std::string filter, call.fields.Text("filter"));
  ASSIGN_OR_RETURN(query.filter, ParseFilter(filter, RunSubject()));
  ASSIGN_OR_RETURN(const auto order, call.fields.Texts("order_by"));
  ASSIGN_OR_RETURN(query.order, ParseOrderBy(order, RunSubject()));
  ASSIGN_OR_RETURN(const std::string token, call.fields.Text("page_token"));
  ASSIGN_OR_RETURN(query.offset, ReadPageToken(token));
  ASSIGN_OR_RETURN(const std::vector<std::string> ids, SearchRuns(call.transaction, query));
  Json answer = Json::MakeObject();
  Json::Array runs;
  runs.reserve(ids.size());
  for (const std::string& id : ids) {
    ASSIGN_OR_RETURN(const Run run, kRuns.Load(call.transaction, id));
    runs.push_back(ToJson(run));
  }
  if (!runs.empty()) answer["runs"] = std::move(runs);
  if (static_cast<int64_t>(ids.size()) == query.limit) {
    answer["next_page_token"] = PageToken(query.offset + query.limit);
  }
  return answer;
}

Result<Json> SearchDatasets(Call& call) {
  ASSIGN_OR_RETURN(const auto given, call.fields.Texts("experiment_ids"));
  if (given.empty()) {
    return InvalidArgument("SearchDatasets request must specify at least one experiment_id.");
  }
  if (given.size() > kDatasetExperimentsMax) {
    return InvalidArgument("SearchDatasets request cannot specify more than " +
                           std::to_string(kDatasetExperimentsMax) + " experiment_ids. Received " +
                           std::to_string(given.size()) + " experiment_ids.");
  }
  ASSIGN_OR_RETURN(const auto experiments, call.ExperimentIds());
  ASSIGN_OR_RETURN(const auto uses,
                   kRuns.ListDatasets(call.transaction, experiments, kDatasetsMax));
  Json answer = Json::MakeObject();
  for (const DatasetUse& use : uses) {
    Json summary = Json::MakeObject();
    summary["experiment_id"] = std::to_string(use.experiment);
    summary["name"] = use.name;
    summary["digest"] = use.digest;
    if (!use.context.empty()) summary["context"] = use.context;
    answer["dataset_summaries"].Push(std::move(summary));
  }
  return answer;
}

constexpr Route kRoutes[] = {
    {"POST", "/experiments/search-datasets", false, SearchDatasets},
    {"POST", "/runs/create", true, Create},
    {"GET", "/runs/get", false, Get},
    {"POST", "/runs/update", true, Update},
    {"POST", "/runs/delete", true, Delete},
    {"POST", "/runs/restore", true, Restore},
    {"POST", "/runs/search", false, Search},
};

}  // namespace

std::span<const Route> RunOperations() { return kRoutes; }

}  // namespace lazurite::mlflow
