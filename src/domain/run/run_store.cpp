#include "domain/run/run_store.h"

#include "base/text.h"
#include "domain/run/artifact_place.h"
#include "domain/run/experiment_store.h"
#include "domain/run/metric_store.h"
#include "domain/run/run_rows.h"
#include "domain/run/validate.h"

namespace lazurite {
namespace {

constexpr std::string_view kColumns =
    "SELECT id, experiment, name, user, status, start_time, end_time, artifact_uri, is_deleted, "
    "is_job, made_by FROM runs WHERE id = ?";
constexpr size_t kMadeUpNameMax = 20;

RunInfo ReadRow(const Statement& row) {
  RunInfo run;
  run.id = row.Text(0);
  run.experiment = row.Int(1);
  run.name = row.Text(2);
  run.user = row.Text(3);
  run.status = ParseRunStatus(row.Text(4)).value_or(RunStatus::kRunning);
  run.start_ms = row.Int(5);
  if (!row.IsNull(6)) run.end_ms = row.Int(6);
  run.artifact_uri = row.Text(7);
  run.is_deleted = row.Int(8) != 0;
  run.is_job = row.Int(9) != 0;
  run.made_by = row.Text(10);
  return run;
}

// "brave-crab-042", as MLflow makes them.
std::string MakeUpName(IdSource& ids) {
  const std::string job_name = ids.JobName();
  std::string name = job_name.substr(0, job_name.rfind('_'));
  name = ReplaceAll(name, "_", "-").substr(0, kMadeUpNameMax - 4);
  const std::string number = std::to_string(ids.Next() % 1000);
  return name + "-" + number;
}

Status SetStatus(Transaction& transaction, std::string_view run, RunStatus status) {
  ASSIGN_OR_RETURN(Statement * update,
                   transaction.Prepare("UPDATE runs SET status = ? WHERE id = ?"));
  return update->Bind(1, ToText(status)).Bind(2, run).Run();
}

Status SetEnd(Transaction& transaction, std::string_view run, std::optional<int64_t> end_ms) {
  ASSIGN_OR_RETURN(Statement * update,
                   transaction.Prepare("UPDATE runs SET end_time = ? WHERE id = ?"));
  if (end_ms) {
    update->Bind(1, *end_ms);
  } else {
    update->Bind(1, nullptr);
  }
  return update->Bind(2, run).Run();
}

Status InsertRun(Transaction& transaction, const RunInfo& run) {
  ASSIGN_OR_RETURN(
      Statement * insert,
      transaction.Prepare("INSERT INTO runs (id, experiment, name, user, status, start_time, "
                          "artifact_uri, is_job, made_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  insert->Bind(1, run.id).Bind(2, run.experiment).Bind(3, run.name).Bind(4, run.user);
  insert->Bind(5, ToText(run.status)).Bind(6, run.start_ms).Bind(7, run.artifact_uri);
  return insert->Bind(8, run.is_job ? 1 : 0).Bind(9, run.made_by).Run();
}

// The run as if it had never been. What it logged to models stays theirs.
Status Purge(Transaction& transaction, std::string_view run) {
  TRY(MetricStore().RemoveRun(transaction, run));
  for (const char* const remove :
       {"DELETE FROM run_params WHERE run = ?", "DELETE FROM run_tags WHERE run = ?",
        "DELETE FROM run_datasets WHERE run = ?", "DELETE FROM run_models WHERE run = ?",
        "DELETE FROM runs WHERE id = ?"}) {
    ASSIGN_OR_RETURN(Statement * statement, transaction.Prepare(remove));
    TRY(statement->Bind(1, run).Run());
  }
  return {};
}

// The run's name and its tag mlflow.runName are the same thing; what was given decides.
Result<std::string> ChooseName(const NewRun& run, IdSource& ids) {
  const std::string* tag = FindValue(run.tags, kRunNameTag);
  if (!run.name.empty() && tag != nullptr && *tag != run.name) {
    return InvalidArgument(
        "Both 'run_name' argument and 'mlflow.runName' tag are specified, but "
        "with different values (run_name='" +
        run.name + "', mlflow.runName='" + *tag + "').");
  }
  if (!run.name.empty()) return run.name;
  return tag != nullptr && !tag->empty() ? *tag : MakeUpName(ids);
}

}  // namespace

std::string RunArtifactUri(const Experiment& experiment, std::string_view run) {
  if (experiment.artifact_location == "mlflow-artifacts:/" + std::to_string(experiment.id)) {
    return "mlflow-artifacts:/" + RunArtifactPath(run);
  }
  const std::string& location = experiment.artifact_location;
  const std::string_view slash = location.ends_with('/') ? "" : "/";
  return location + std::string(slash) + std::string(run) + "/artifacts";
}

Result<Run> RunStore::Create(Transaction& transaction, const NewRun& given, IdSource& ids) const {
  const ExperimentStore experiments;
  ASSIGN_OR_RETURN(const Experiment experiment, experiments.Get(transaction, given.experiment));
  TRY(experiments.CheckActive(transaction, given.experiment));
  std::vector<KeyValue> tags = given.tags;
  for (size_t i = 0; i < tags.size(); ++i) {
    TRY(CheckTag(tags[i], "tags[" + std::to_string(i) + "]"));
  }
  RunInfo run;
  run.id = given.id.empty() ? ids.Hex(32) : given.id;
  TRY(CheckRunId(run.id));
  run.experiment = given.experiment;
  ASSIGN_OR_RETURN(run.name, ChooseName(given, ids));
  run.user = given.user;
  run.status = given.status;
  run.start_ms = given.start_ms;
  run.artifact_uri = RunArtifactUri(experiment, run.id);
  run.is_job = given.is_job;
  run.made_by = given.made_by;
  TRY(InsertRun(transaction, run));
  if (FindValue(tags, kRunNameTag) == nullptr) tags.push_back({std::string(kRunNameTag), run.name});
  TRY(run_rows::PutPairs(transaction, run_rows::kTags, run.id, tags));
  TRY(transaction.RecordChange("run", run.id));
  return Load(transaction, run.id);
}

Status MissingRun(std::string_view run) {
  return NotFound("Run with id=" + std::string(run) + " not found");
}

Result<RunInfo> RunStore::Get(Transaction& transaction, std::string_view run) const {
  ASSIGN_OR_RETURN(Statement * query, transaction.Prepare(kColumns));
  query->Bind(1, run);
  ASSIGN_OR_RETURN(const bool has_row, query->Step());
  if (!has_row) return MissingRun(run);
  return ReadRow(*query);
}

Result<bool> RunStore::IsElsewhere(Transaction& transaction, std::string_view run,
                                   std::string_view workspace) const {
  ASSIGN_OR_RETURN(Statement * query,
                   transaction.Prepare("SELECT 1 FROM runs r JOIN experiments e ON e.id = "
                                       "r.experiment WHERE r.id = ? AND e.workspace <> ?"));
  query->Bind(1, run).Bind(2, workspace);
  return query->Step();
}

Result<Run> RunStore::Load(Transaction& transaction, std::string_view id) const {
  Run run;
  ASSIGN_OR_RETURN(run.info, Get(transaction, id));
  ASSIGN_OR_RETURN(run.params, run_rows::ReadPairs(transaction, run_rows::kParams, id));
  ASSIGN_OR_RETURN(run.tags, run_rows::ReadPairs(transaction, run_rows::kTags, id));
  ASSIGN_OR_RETURN(run.metrics, run_rows::ReadLatestMetrics(transaction, id));
  ASSIGN_OR_RETURN(run.datasets, run_rows::ReadDatasets(transaction, id));
  TRY(run_rows::ReadModels(transaction, run));
  return run;
}

Result<RunInfo> RunStore::GetActive(Transaction& transaction, std::string_view run) const {
  ASSIGN_OR_RETURN(RunInfo info, Get(transaction, run));
  if (!info.is_deleted) return info;
  return InvalidArgument("The run " + std::string(run) +
                         " must be in the 'active' state. Current state is deleted.");
}

Result<RunInfo> RunStore::Update(Transaction& transaction, std::string_view run,
                                 const RunChange& change) const {
  TRY(GetActive(transaction, run).status());
  if (change.status) {
    TRY(SetStatus(transaction, run, *change.status));
    if (!IsEnded(*change.status)) TRY(SetEnd(transaction, run, std::nullopt));
  }
  if (change.end_ms) TRY(SetEnd(transaction, run, change.end_ms));
  if (change.name && !change.name->empty()) {
    TRY(SetTags(transaction, run, {{std::string(kRunNameTag), *change.name}}));
  }
  TRY(transaction.RecordChange("run", run));
  return Get(transaction, run);
}

Status RunStore::SetDeleted(Transaction& transaction, std::string_view run, bool is_deleted) const {
  ASSIGN_OR_RETURN(const RunInfo info, Get(transaction, run));
  if (info.is_deleted == is_deleted && is_deleted) {
    return GetActive(transaction, run).status();
  }
  ASSIGN_OR_RETURN(Statement * update,
                   transaction.Prepare("UPDATE runs SET is_deleted = ? WHERE id = ?"));
  TRY(update->Bind(1, is_deleted ? 1 : 0).Bind(2, run).Run());
  return transaction.RecordChange("run", run);
}

Status RunStore::LogParams(Transaction& transaction, std::string_view run,
                           const std::vector<KeyValue>& params) const {
  std::vector<std::string> changed;
  for (const KeyValue& param : params) {
    ASSIGN_OR_RETURN(const auto old,
                     run_rows::FindPair(transaction, run_rows::kParams, run, param.key));
    if (!old) {
      TRY(run_rows::PutPairs(transaction, run_rows::kParams, run, {param}));
    } else if (*old != param.value && params.size() == 1) {
      return InvalidArgument("Changing param values is not allowed. Param with key='" + param.key +
                             "' was already logged with value='" + *old + "' for run ID='" +
                             std::string(run) + "'. Attempted logging new value '" + param.value +
                             "'.");
    } else if (*old != param.value) {
      changed.push_back("{'key': '" + param.key + "', 'old_value': '" + *old + "', 'new_value': '" +
                        param.value + "'}");
    }
  }
  if (changed.empty()) return {};
  return InvalidArgument("Changing param values is not allowed. Params were already logged='[" +
                         Join(changed, ", ") + "]' for run ID='" + std::string(run) + "'.");
}

Status RunStore::SetTags(Transaction& transaction, std::string_view run,
                         const std::vector<KeyValue>& tags) const {
  if (const std::string* name = FindValue(tags, kRunNameTag)) {
    ASSIGN_OR_RETURN(Statement * rename,
                     transaction.Prepare("UPDATE runs SET name = ? WHERE id = ?"));
    TRY(rename->Bind(1, *name).Bind(2, run).Run());
  }
  return run_rows::PutPairs(transaction, run_rows::kTags, run, tags);
}

Status RunStore::DeleteTag(Transaction& transaction, std::string_view run,
                           std::string_view key) const {
  TRY(GetActive(transaction, run).status());
  ASSIGN_OR_RETURN(Statement * remove,
                   transaction.Prepare("DELETE FROM run_tags WHERE run = ? AND key = ?"));
  TRY(remove->Bind(1, run).Bind(2, key).Run());
  if (transaction.RowsChanged() == 0) {
    return NotFound("No tag with name: " + std::string(key) + " in run with id " +
                    std::string(run));
  }
  return transaction.RecordChange("run", run);
}

Status RunStore::LogInputs(Transaction& transaction, const RunInfo& run,
                           const std::vector<DatasetInput>& datasets,
                           const std::vector<std::string>& models) const {
  for (const DatasetInput& input : datasets) {
    TRY(CheckDataset(input));
    TRY(run_rows::PutDataset(transaction, run, input));
  }
  for (const std::string& model : models) {
    TRY(run_rows::PutModel(transaction, run.id, "input", {model, 0}));
  }
  return transaction.RecordChange("run", run.id);
}

Result<std::vector<DatasetUse>> RunStore::ListDatasets(Transaction& transaction,
                                                       const std::vector<int64_t>& experiments,
                                                       int limit) const {
  std::vector<DatasetUse> uses;
  for (const int64_t experiment : experiments) {
    ASSIGN_OR_RETURN(
        Statement * query,
        transaction.Prepare("SELECT DISTINCT d.name, d.digest, coalesce(i.context, '') FROM "
                            "datasets d JOIN run_datasets i ON i.dataset = d.id WHERE d.experiment "
                            "= ? ORDER BY d.name, d.digest LIMIT ?"));
    query->Bind(1, experiment).Bind(2, limit - static_cast<int>(uses.size()));
    while (true) {
      ASSIGN_OR_RETURN(const bool has_row, query->Step());
      if (!has_row) break;
      uses.push_back({experiment, query->Text(0), query->Text(1), query->Text(2)});
    }
  }
  return uses;
}

Status RunStore::LogOutputs(Transaction& transaction, std::string_view run,
                            const std::vector<ModelOutput>& models) const {
  for (const ModelOutput& model : models) {
    TRY(run_rows::PutModel(transaction, run, "output", model));
  }
  return transaction.RecordChange("run", run);
}

Status RunStore::EnsureJobRun(Transaction& transaction, const JobRun& job, IdSource& ids) const {
  const Result<RunInfo> found = Get(transaction, job.job);
  if (found.ok() && !found->is_deleted) return {};
  if (!found.ok() && found.status().code() != Code::kNotFound) return found.status();
  // The name was another job's, which was deleted: nothing of its run is this one's.
  if (found.ok()) TRY(Purge(transaction, job.job));
  const ExperimentStore experiments;
  NewRun run;
  ASSIGN_OR_RETURN(run.experiment, experiments.GetOrCreate(transaction, job.workspace,
                                                           job.experiment_name, job.start));
  run.id = job.job;
  run.name = job.display_name.empty() ? job.job : job.display_name;
  run.user = job.user;
  run.start_ms = ToMillis(job.start);
  run.status = RunStatus::kScheduled;
  run.is_job = true;
  for (const KeyValue& tag : job.tags) {
    if (tag.key != kRunNameTag && CheckKey(tag.key, "key").ok()) run.tags.push_back(tag);
  }
  if (FindValue(run.tags, "mlflow.user") == nullptr) run.tags.push_back({"mlflow.user", job.user});
  return Create(transaction, run, ids).status();
}

Status RunStore::StartJobRun(Transaction& transaction, std::string_view job, Time now) const {
  ASSIGN_OR_RETURN(Statement * update,
                   transaction.Prepare("UPDATE runs SET status = 'RUNNING', start_time = ? WHERE "
                                       "id = ? AND is_job = 1 AND status = 'SCHEDULED'"));
  TRY(update->Bind(1, ToMillis(now)).Bind(2, job).Run());
  return transaction.RowsChanged() == 0 ? Status() : transaction.RecordChange("run", job);
}

Status RunStore::FinishJobRun(Transaction& transaction, std::string_view job, RunStatus status,
                              Time end) const {
  ASSIGN_OR_RETURN(Statement * update,
                   transaction.Prepare("UPDATE runs SET status = ?, end_time = ? WHERE id = ? AND "
                                       "(is_job = 1 OR status IN ('RUNNING', 'SCHEDULED'))"));
  TRY(update->Bind(1, ToText(status)).Bind(2, ToMillis(end)).Bind(3, job).Run());
  return transaction.RowsChanged() == 0 ? Status() : transaction.RecordChange("run", job);
}

}  // namespace lazurite
