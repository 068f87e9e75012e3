#include "domain/run/logged_model_store.h"

#include "domain/run/experiment_store.h"
#include "domain/run/run_rows.h"
#include "domain/run/validate.h"

namespace lazurite {
namespace {

constexpr std::string_view kColumns =
    "SELECT id, experiment, name, artifact_uri, status, model_type, source_run, created, modified, "
    "sequence FROM logged_models WHERE is_deleted = 0 AND ";

LoggedModel ReadRow(const Statement& row) {
  LoggedModel model;
  model.id = row.Text(0);
  model.experiment = row.Int(1);
  model.name = row.Text(2);
  model.artifact_uri = row.Text(3);
  model.status = ParseLoggedModelStatus(row.Text(4)).value_or(LoggedModelStatus::kUnspecified);
  model.model_type = row.Text(5);
  model.source_run = row.Text(6);
  model.created_ms = row.Int(7);
  model.modified_ms = row.Int(8);
  model.sequence = row.Int(9);
  return model;
}

// The latest point of each (metric, dataset).
Result<std::vector<Metric>> ReadMetrics(Transaction& transaction, std::string_view id) {
  ASSIGN_OR_RETURN(
      Statement * query,
      transaction.Prepare("SELECT key, value, timestamp, step, run, dataset_name, dataset_digest "
                          "FROM logged_model_metrics WHERE model = ? ORDER BY key, dataset_name, "
                          "dataset_digest, step DESC, timestamp DESC"));
  query->Bind(1, id);
  std::vector<Metric> metrics;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, query->Step());
    if (!has_row) return metrics;
    Metric metric;
    metric.key = query->Text(0);
    metric.value = run_rows::ReadNumber(*query, 1);
    metric.timestamp_ms = query->Int(2);
    metric.step = query->Int(3);
    metric.run = query->Text(4);
    metric.dataset_name = query->Text(5);
    metric.dataset_digest = query->Text(6);
    metric.model = std::string(id);
    if (!metrics.empty() && metrics.back().key == metric.key &&
        metrics.back().dataset_name == metric.dataset_name &&
        metrics.back().dataset_digest == metric.dataset_digest) {
      continue;
    }
    metrics.push_back(std::move(metric));
  }
}

Status ReadParts(Transaction& transaction, LoggedModel& model) {
  ASSIGN_OR_RETURN(model.params,
                   run_rows::ReadPairs(transaction, run_rows::kModelParams, model.id));
  ASSIGN_OR_RETURN(model.tags, run_rows::ReadPairs(transaction, run_rows::kModelTags, model.id));
  ASSIGN_OR_RETURN(model.metrics, ReadMetrics(transaction, model.id));
  return {};
}

Status CheckExists(Transaction& transaction, std::string_view id) {
  ASSIGN_OR_RETURN(
      Statement * query,
      transaction.Prepare("SELECT 1 FROM logged_models WHERE is_deleted = 0 AND id = ?"));
  query->Bind(1, id);
  ASSIGN_OR_RETURN(const bool has_row, query->Step());
  return has_row ? Status() : MissingLoggedModel(id);
}

std::string ArtifactUri(const Experiment& experiment, const std::string& id) {
  const std::string& location = experiment.artifact_location;
  return location + (location.ends_with('/') ? "" : "/") + "models/" + id + "/artifacts";
}

Status Insert(Transaction& transaction, const LoggedModel& model) {
  ASSIGN_OR_RETURN(
      Statement * insert,
      transaction.Prepare("INSERT INTO logged_models (id, experiment, name, artifact_uri, status, "
                          "model_type, source_run, created, modified, sequence) SELECT ?1, ?2, ?3, "
                          "?4, ?5, ?6, ?7, ?8, ?9, coalesce(max(sequence), 0) + 1 FROM "
                          "logged_models"));
  insert->Bind(1, model.id).Bind(2, model.experiment).Bind(3, model.name);
  insert->Bind(4, model.artifact_uri).Bind(5, ToText(model.status)).Bind(6, model.model_type);
  insert->Bind(7, model.source_run).Bind(8, model.created_ms).Bind(9, model.modified_ms);
  return insert->Run();
}

}  // namespace

Status MissingLoggedModel(std::string_view id) {
  return NotFound("Logged model with ID '" + std::string(id) + "' not found.");
}

Result<LoggedModel> LoggedModelStore::Create(Transaction& transaction, const LoggedModel& given,
                                             IdSource& ids, Time now) const {
  const ExperimentStore experiments;
  ASSIGN_OR_RETURN(const Experiment experiment, experiments.Get(transaction, given.experiment));
  TRY(experiments.CheckActive(transaction, given.experiment));
  LoggedModel model = given;
  model.id = "m-" + ids.Hex(32);
  if (model.name.empty()) model.name = model.id;
  model.status = LoggedModelStatus::kPending;
  model.artifact_uri = ArtifactUri(experiment, model.id);
  model.created_ms = model.modified_ms = ToMillis(now);
  TRY(Insert(transaction, model));
  TRY(LogParams(transaction, model.id, given.params));
  TRY(SetTags(transaction, model.id, given.tags));
  TRY(transaction.RecordChange("logged_model", model.id));
  return Load(transaction, model.id);
}

Result<LoggedModel> LoggedModelStore::Load(Transaction& transaction, std::string_view id) const {
  ASSIGN_OR_RETURN(Statement * query, transaction.Prepare(std::string(kColumns) + "id = ?"));
  query->Bind(1, id);
  ASSIGN_OR_RETURN(const bool has_row, query->Step());
  if (!has_row) return MissingLoggedModel(id);
  LoggedModel model = ReadRow(*query);
  TRY(ReadParts(transaction, model));
  return model;
}

Result<bool> LoggedModelStore::IsElsewhere(Transaction& transaction, std::string_view id,
                                           std::string_view workspace) const {
  ASSIGN_OR_RETURN(Statement * query,
                   transaction.Prepare("SELECT 1 FROM logged_models m JOIN experiments e ON e.id = "
                                       "m.experiment WHERE m.id = ? AND e.workspace <> ?"));
  query->Bind(1, id).Bind(2, workspace);
  return query->Step();
}

Status LoggedModelStore::SetStatus(Transaction& transaction, std::string_view id,
                                   LoggedModelStatus status, Time now) const {
  TRY(CheckExists(transaction, id));
  ASSIGN_OR_RETURN(
      Statement * update,
      transaction.Prepare("UPDATE logged_models SET status = ?, modified = ? WHERE id = ?"));
  TRY(update->Bind(1, ToText(status)).Bind(2, ToMillis(now)).Bind(3, id).Run());
  return transaction.RecordChange("logged_model", id);
}

Status LoggedModelStore::LogParams(Transaction& transaction, std::string_view id,
                                   const std::vector<KeyValue>& given) const {
  TRY(CheckExists(transaction, id));
  std::vector<KeyValue> params = given;
  for (KeyValue& param : params) {
    TRY(CheckParam(param, ""));
    ASSIGN_OR_RETURN(const auto old,
                     run_rows::FindPair(transaction, run_rows::kModelParams, id, param.key));
    if (!old || *old == param.value) continue;
    return InvalidArgument("Changing param values is not allowed. Param with key='" + param.key +
                           "' was already logged with value='" + *old + "' for model ID='" +
                           std::string(id) + "'. Attempted logging new value '" + param.value +
                           "'.");
  }
  return run_rows::PutPairs(transaction, run_rows::kModelParams, id, params);
}

Status LoggedModelStore::SetTags(Transaction& transaction, std::string_view id,
                                 const std::vector<KeyValue>& given) const {
  TRY(CheckExists(transaction, id));
  std::vector<KeyValue> tags = given;
  for (KeyValue& tag : tags) TRY(CheckTag(tag, ""));
  return run_rows::PutPairs(transaction, run_rows::kModelTags, id, tags);
}

Status LoggedModelStore::DeleteTag(Transaction& transaction, std::string_view id,
                                   std::string_view key) const {
  TRY(CheckExists(transaction, id));
  ASSIGN_OR_RETURN(
      Statement * remove,
      transaction.Prepare("DELETE FROM logged_model_tags WHERE model = ? AND key = ?"));
  TRY(remove->Bind(1, id).Bind(2, key).Run());
  if (transaction.RowsChanged() > 0) return {};
  return NotFound("No tag with key '" + std::string(key) + "' found for model with ID '" +
                  std::string(id) + "'.");
}

Status LoggedModelStore::Delete(Transaction& transaction, std::string_view id, Time now) const {
  TRY(CheckExists(transaction, id));
  ASSIGN_OR_RETURN(
      Statement * update,
      transaction.Prepare("UPDATE logged_models SET is_deleted = 1, modified = ? WHERE id = ?"));
  TRY(update->Bind(1, ToMillis(now)).Bind(2, id).Run());
  return transaction.RecordChange("logged_model", id);
}

Result<std::vector<LoggedModel>> LoggedModelStore::List(
    Transaction& transaction, const std::vector<int64_t>& experiments) const {
  std::vector<LoggedModel> found;
  for (const int64_t experiment : experiments) {
    ASSIGN_OR_RETURN(
        Statement * query,
        transaction.Prepare(std::string(kColumns) + "experiment = ? ORDER BY sequence DESC"));
    query->Bind(1, experiment);
    while (true) {
      ASSIGN_OR_RETURN(const bool has_row, query->Step());
      if (!has_row) break;
      found.push_back(ReadRow(*query));
    }
  }
  for (LoggedModel& model : found) TRY(ReadParts(transaction, model));
  std::stable_sort(found.begin(), found.end(), [](const LoggedModel& a, const LoggedModel& b) {
    return a.sequence > b.sequence;
  });
  return found;
}

}  // namespace lazurite
