#include "domain/run/experiment_store.h"

#include "domain/run/validate.h"

namespace lazurite {
namespace {

constexpr std::string_view kColumns =
    "SELECT id, name, artifact_location, is_deleted, created, modified, workspace FROM experiments "
    "WHERE ";
constexpr std::string_view kDefaultName = "Default";

Experiment ReadRow(const Statement& row) {
  Experiment experiment;
  experiment.id = row.Int(0);
  experiment.name = row.Text(1);
  experiment.artifact_location = row.Text(2);
  experiment.is_deleted = row.Int(3) != 0;
  experiment.created_ms = row.Int(4);
  experiment.modified_ms = row.Int(5);
  experiment.workspace = row.Text(6);
  return experiment;
}

Status ReadTags(Transaction& transaction, Experiment& experiment) {
  ASSIGN_OR_RETURN(Statement * query,
                   transaction.Prepare(
                       "SELECT key, value FROM experiment_tags WHERE experiment = ? ORDER BY key"));
  query->Bind(1, experiment.id);
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, query->Step());
    if (!has_row) return {};
    experiment.tags.push_back({query->Text(0), query->Text(1)});
  }
}

Result<std::vector<Experiment>> ReadAll(Transaction& transaction, Statement& query) {
  std::vector<Experiment> found;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, query.Step());
    if (!has_row) break;
    found.push_back(ReadRow(query));
  }
  for (Experiment& experiment : found) TRY(ReadTags(transaction, experiment));
  return found;
}

Status Touch(Transaction& transaction, int64_t id, Time now) {
  ASSIGN_OR_RETURN(Statement * update,
                   transaction.Prepare("UPDATE experiments SET modified = ? WHERE id = ?"));
  TRY(update->Bind(1, ToMillis(now)).Bind(2, id).Run());
  return transaction.RecordChange("experiment", std::to_string(id));
}

}  // namespace

Status MissingExperiment(int64_t id) {
  return NotFound("No Experiment with id=" + std::to_string(id) + " exists");
}

Result<int64_t> ExperimentStore::Create(Transaction& transaction, const Experiment& experiment,
                                        Time now) const {
  TRY(CheckExperimentName(experiment.name));
  TRY(CheckLength(experiment.artifact_location, "artifact_location", kArtifactLocationMax));
  ASSIGN_OR_RETURN(const auto holder,
                   FindByName(transaction, experiment.workspace, experiment.name));
  if (holder) {
    return Conflict("Experiment(name=" + experiment.name + ") already exists." +
                    (holder->is_deleted ? " It is in the deleted state." : ""));
  }
  ASSIGN_OR_RETURN(
      Statement * insert,
      transaction.Prepare("INSERT INTO experiments (workspace, name, artifact_location, "
                          "created, modified) VALUES (?1, ?2, ?3, ?4, ?4)"));
  insert->Bind(1, experiment.workspace).Bind(2, experiment.name);
  insert->Bind(3, experiment.artifact_location).Bind(4, ToMillis(now));
  TRY(insert->Run());
  const int64_t id = transaction.LastInsertId();
  if (experiment.artifact_location.empty()) {
    ASSIGN_OR_RETURN(Statement * place,
                     transaction.Prepare("UPDATE experiments SET artifact_location = "
                                         "'mlflow-artifacts:/' || id WHERE id = ?"));
    TRY(place->Bind(1, id).Run());
  }
  for (const KeyValue& tag : experiment.tags) TRY(SetTag(transaction, id, tag, now));
  TRY(transaction.RecordChange("experiment", std::to_string(id)));
  return id;
}

Result<int64_t> ExperimentStore::GetOrCreate(Transaction& transaction, std::string_view workspace,
                                             std::string_view name, Time now) const {
  ASSIGN_OR_RETURN(const auto found, FindByName(transaction, workspace, name));
  if (!found) {
    Experiment experiment;
    experiment.workspace = std::string(workspace);
    experiment.name = std::string(name);
    return Create(transaction, experiment, now);
  }
  if (found->is_deleted) TRY(SetDeleted(transaction, found->id, false, now));
  return found->id;
}

Result<int64_t> ExperimentStore::GetOrCreateDefault(Transaction& transaction,
                                                    std::string_view workspace, Time now) const {
  const Result<int64_t> found = FindDefault(transaction, workspace);
  if (found.status().code() != Code::kNotFound) return found;
  ASSIGN_OR_RETURN(const int64_t id, GetOrCreate(transaction, workspace, kDefaultName, now));
  ASSIGN_OR_RETURN(Statement * mark,
                   transaction.Prepare("UPDATE experiments SET is_default = 1 WHERE id = ?"));
  TRY(mark->Bind(1, id).Run());
  return id;
}

Result<int64_t> ExperimentStore::FindDefault(Transaction& transaction,
                                             std::string_view workspace) const {
  ASSIGN_OR_RETURN(
      Statement * query,
      transaction.Prepare("SELECT id FROM experiments WHERE workspace = ? AND is_default = 1"));
  query->Bind(1, workspace);
  ASSIGN_OR_RETURN(const bool has_row, query->Step());
  if (has_row) return query->Int(0);
  return MissingExperiment(kDefaultExperiment);
}

Result<Experiment> ExperimentStore::Get(Transaction& transaction, int64_t id) const {
  ASSIGN_OR_RETURN(Statement * query, transaction.Prepare(std::string(kColumns) + "id = ?"));
  query->Bind(1, id);
  ASSIGN_OR_RETURN(std::vector<Experiment> found, ReadAll(transaction, *query));
  if (found.empty()) return MissingExperiment(id);
  return std::move(found[0]);
}

Result<bool> ExperimentStore::IsElsewhere(Transaction& transaction, int64_t id,
                                          std::string_view workspace) const {
  ASSIGN_OR_RETURN(Statement * query, transaction.Prepare("SELECT 1 FROM experiments WHERE id = ? "
                                                          "AND workspace <> ?"));
  query->Bind(1, id).Bind(2, workspace);
  return query->Step();
}

Result<std::optional<Experiment>> ExperimentStore::FindByName(Transaction& transaction,
                                                              std::string_view workspace,
                                                              std::string_view name) const {
  ASSIGN_OR_RETURN(Statement * query,
                   transaction.Prepare(std::string(kColumns) + "workspace = ? AND name = ?"));
  query->Bind(1, workspace).Bind(2, name);
  ASSIGN_OR_RETURN(std::vector<Experiment> found, ReadAll(transaction, *query));
  if (found.empty()) return std::optional<Experiment>();
  return std::optional<Experiment>(std::move(found[0]));
}

Status ExperimentStore::Rename(Transaction& transaction, int64_t id, std::string_view name,
                               Time now) const {
  TRY(CheckExperimentName(name));
  ASSIGN_OR_RETURN(const Experiment experiment, Get(transaction, id));
  if (experiment.is_deleted) return FailedPrecondition("Cannot rename a non-active experiment.");
  ASSIGN_OR_RETURN(const auto holder, FindByName(transaction, experiment.workspace, name));
  if (holder && holder->id != id) {
    return Conflict("Experiment(name=" + std::string(name) + ") already exists.");
  }
  ASSIGN_OR_RETURN(Statement * update,
                   transaction.Prepare("UPDATE experiments SET name = ? WHERE id = ?"));
  TRY(update->Bind(1, name).Bind(2, id).Run());
  return Touch(transaction, id, now);
}

Status ExperimentStore::SetDeleted(Transaction& transaction, int64_t id, bool is_deleted,
                                   Time now) const {
  ASSIGN_OR_RETURN(const Experiment experiment, Get(transaction, id));
  if (experiment.is_deleted == is_deleted) {
    return MissingExperiment(id);
  }
  ASSIGN_OR_RETURN(Statement * mark,
                   transaction.Prepare("UPDATE experiments SET is_deleted = ? WHERE id = ?"));
  TRY(mark->Bind(1, is_deleted ? 1 : 0).Bind(2, id).Run());
  ASSIGN_OR_RETURN(Statement * runs,
                   transaction.Prepare("UPDATE runs SET is_deleted = ? WHERE experiment = ?"));
  TRY(runs->Bind(1, is_deleted ? 1 : 0).Bind(2, id).Run());
  return Touch(transaction, id, now);
}

Status ExperimentStore::SetTag(Transaction& transaction, int64_t id, const KeyValue& tag,
                               Time now) const {
  TRY(CheckExperimentTag(tag));
  TRY(CheckActive(transaction, id));
  ASSIGN_OR_RETURN(Statement * upsert,
                   transaction.Prepare("INSERT OR REPLACE INTO experiment_tags (experiment, key, "
                                       "value) VALUES (?, ?, ?)"));
  TRY(upsert->Bind(1, id).Bind(2, tag.key).Bind(3, tag.value).Run());
  return Touch(transaction, id, now);
}

Status ExperimentStore::DeleteTag(Transaction& transaction, int64_t id, std::string_view key,
                                  Time now) const {
  TRY(CheckActive(transaction, id));
  ASSIGN_OR_RETURN(Statement * remove, transaction.Prepare("DELETE FROM experiment_tags WHERE "
                                                           "experiment = ? AND key = ?"));
  TRY(remove->Bind(1, id).Bind(2, key).Run());
  if (transaction.RowsChanged() == 0) {
    return NotFound("No tag with name: " + std::string(key) + " in experiment with id " +
                    std::to_string(id));
  }
  return Touch(transaction, id, now);
}

Result<std::vector<Experiment>> ExperimentStore::List(Transaction& transaction,
                                                      std::string_view workspace) const {
  ASSIGN_OR_RETURN(Statement * query,
                   transaction.Prepare(std::string(kColumns) + "workspace = ? ORDER BY id DESC"));
  query->Bind(1, workspace);
  return ReadAll(transaction, *query);
}

Status ExperimentStore::CheckActive(Transaction& transaction, int64_t id) const {
  ASSIGN_OR_RETURN(Statement * query,
                   transaction.Prepare("SELECT is_deleted FROM experiments WHERE id = ?"));
  query->Bind(1, id);
  ASSIGN_OR_RETURN(const bool has_row, query->Step());
  if (!has_row) return MissingExperiment(id);
  if (query->Int(0) == 0) return {};
  return InvalidArgument("The experiment " + std::to_string(id) +
                         " must be in the 'active' state. Current state is deleted.");
}

}  // namespace lazurite
