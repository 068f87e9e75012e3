#include "domain/run/run_rows.h"

#include <cmath>
#include <limits>

#include "base/json.h"

namespace lazurite::run_rows {

const PairTable kParams = {"SELECT key, value FROM run_params WHERE run = ? ORDER BY key",
                           "SELECT value FROM run_params WHERE run = ? AND key = ?",
                           "INSERT OR REPLACE INTO run_params (run, key, value) VALUES (?, ?, ?)"};
const PairTable kTags = {"SELECT key, value FROM run_tags WHERE run = ? ORDER BY key",
                         "SELECT value FROM run_tags WHERE run = ? AND key = ?",
                         "INSERT OR REPLACE INTO run_tags (run, key, value) VALUES (?, ?, ?)"};
const PairTable kModelParams = {
    "SELECT key, value FROM logged_model_params WHERE model = ? ORDER BY key",
    "SELECT value FROM logged_model_params WHERE model = ? AND key = ?",
    "INSERT OR REPLACE INTO logged_model_params (model, key, value) VALUES (?, ?, ?)"};
const PairTable kModelTags = {
    "SELECT key, value FROM logged_model_tags WHERE model = ? ORDER BY key",
    "SELECT value FROM logged_model_tags WHERE model = ? AND key = ?",
    "INSERT OR REPLACE INTO logged_model_tags (model, key, value) VALUES (?, ?, ?)"};

Result<std::vector<KeyValue>> ReadPairs(Transaction& transaction, const PairTable& table,
                                        std::string_view owner) {
  ASSIGN_OR_RETURN(Statement * query, transaction.Prepare(table.read));
  query->Bind(1, owner);
  std::vector<KeyValue> pairs;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, query->Step());
    if (!has_row) return pairs;
    pairs.push_back({query->Text(0), query->Text(1)});
  }
}

Result<std::optional<std::string>> FindPair(Transaction& transaction, const PairTable& table,
                                            std::string_view owner, std::string_view key) {
  ASSIGN_OR_RETURN(Statement * query, transaction.Prepare(table.find));
  query->Bind(1, owner).Bind(2, key);
  ASSIGN_OR_RETURN(const bool has_row, query->Step());
  if (!has_row) return std::optional<std::string>();
  return std::optional<std::string>(query->Text(0));
}

Status PutPairs(Transaction& transaction, const PairTable& table, std::string_view owner,
                const std::vector<KeyValue>& pairs) {
  for (const KeyValue& pair : pairs) {
    ASSIGN_OR_RETURN(Statement * upsert, transaction.Prepare(table.put));
    TRY(upsert->Bind(1, owner).Bind(2, pair.key).Bind(3, pair.value).Run());
  }
  return {};
}

void BindNumber(Statement& statement, int position, double value) {
  if (std::isnan(value)) {
    statement.Bind(position, nullptr);
  } else {
    statement.Bind(position, value);
  }
}

double ReadNumber(const Statement& row, int column) {
  return row.IsNull(column) ? std::numeric_limits<double>::quiet_NaN() : row.Double(column);
}

Result<std::vector<Metric>> ReadLatestMetrics(Transaction& transaction, std::string_view run) {
  ASSIGN_OR_RETURN(
      Statement * query,
      transaction.Prepare("SELECT key, value, timestamp, step FROM run_metrics WHERE run = ? "
                          "ORDER BY key"));
  query->Bind(1, run);
  std::vector<Metric> metrics;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, query->Step());
    if (!has_row) return metrics;
    Metric metric;
    metric.key = query->Text(0);
    metric.value = ReadNumber(*query, 1);
    metric.timestamp_ms = query->Int(2);
    metric.step = query->Int(3);
    metrics.push_back(std::move(metric));
  }
}

Result<std::vector<DatasetInput>> ReadDatasets(Transaction& transaction, std::string_view run) {
  ASSIGN_OR_RETURN(
      Statement * query,
      transaction.Prepare("SELECT d.name, d.digest, d.source_type, d.source, d.schema, d.profile, "
                          "r.tags FROM run_datasets r JOIN datasets d ON d.id = r.dataset WHERE "
                          "r.run = ? ORDER BY r.number"));
  query->Bind(1, run);
  std::vector<DatasetInput> inputs;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, query->Step());
    if (!has_row) return inputs;
    DatasetInput input;
    input.dataset = {query->Text(0), query->Text(1), query->Text(2),
                     query->Text(3), query->Text(4), query->Text(5)};
    ASSIGN_OR_RETURN(const Json tags, Json::Parse(query->Text(6)));
    for (const Json& tag : tags.array()) {
      input.tags.push_back({tag.GetString("key"), tag.GetString("value")});
    }
    inputs.push_back(std::move(input));
  }
}

Status ReadModels(Transaction& transaction, Run& run) {
  ASSIGN_OR_RETURN(Statement * query,
                   transaction.Prepare("SELECT direction, model, step FROM run_models WHERE run = "
                                       "? ORDER BY direction, model"));
  query->Bind(1, run.info.id);
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, query->Step());
    if (!has_row) return {};
    if (query->Text(0) == "input") {
      run.model_inputs.push_back(query->Text(1));
    } else {
      run.model_outputs.push_back({query->Text(1), query->Int(2)});
    }
  }
}

namespace {

Result<int64_t> FindOrAddDataset(Transaction& transaction, int64_t experiment,
                                 const Dataset& dataset) {
  ASSIGN_OR_RETURN(Statement * query,
                   transaction.Prepare("SELECT id FROM datasets WHERE experiment = ? AND name = ? "
                                       "AND digest = ?"));
  query->Bind(1, experiment).Bind(2, dataset.name).Bind(3, dataset.digest);
  ASSIGN_OR_RETURN(const bool has_row, query->Step());
  if (has_row) return query->Int(0);
  ASSIGN_OR_RETURN(
      Statement * insert,
      transaction.Prepare("INSERT INTO datasets (experiment, name, digest, source_type, source, "
                          "schema, profile) VALUES (?, ?, ?, ?, ?, ?, ?)"));
  insert->Bind(1, experiment).Bind(2, dataset.name).Bind(3, dataset.digest);
  insert->Bind(4, dataset.source_type).Bind(5, dataset.source);
  TRY(insert->Bind(6, dataset.schema).Bind(7, dataset.profile).Run());
  return transaction.LastInsertId();
}

}  // namespace

Status PutDataset(Transaction& transaction, const RunInfo& run, const DatasetInput& input) {
  ASSIGN_OR_RETURN(const int64_t dataset,
                   FindOrAddDataset(transaction, run.experiment, input.dataset));
  Json tags = Json::MakeArray();
  for (const KeyValue& tag : input.tags) {
    tags.Push(Json(Json::Object{{"key", tag.key}, {"value", tag.value}}));
  }
  ASSIGN_OR_RETURN(
      Statement * insert,
      transaction.Prepare("INSERT OR IGNORE INTO run_datasets (run, dataset, number, context, "
                          "tags) VALUES (?1, ?2, (SELECT count(*) FROM run_datasets WHERE run = "
                          "?1), ?3, ?4)"));
  insert->Bind(1, run.id).Bind(2, dataset).Bind(4, tags.Dump());
  const std::string* context = FindValue(input.tags, kDatasetContextTag);
  if (context != nullptr) {
    insert->Bind(3, *context);
  } else {
    insert->Bind(3, nullptr);
  }
  return insert->Run();
}

Status PutModel(Transaction& transaction, std::string_view run, std::string_view direction,
                const ModelOutput& model) {
  ASSIGN_OR_RETURN(Statement * insert,
                   transaction.Prepare("INSERT OR IGNORE INTO run_models (run, direction, model, "
                                       "step) VALUES (?, ?, ?, ?)"));
  return insert->Bind(1, run).Bind(2, direction).Bind(3, model.model).Bind(4, model.step).Run();
}

}  // namespace lazurite::run_rows
