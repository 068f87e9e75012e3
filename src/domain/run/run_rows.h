// The rows that belong to a run, read and written; only for the stores of this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/run/run.h"
#include "storage/sql/database.h"

namespace lazurite::run_rows {

// A table of (owner, key, value).
struct PairTable {
  std::string_view read;  // all of an owner, by key
  std::string_view find;  // one
  std::string_view put;   // insert or replace
};
extern const PairTable kParams;
extern const PairTable kTags;
extern const PairTable kModelParams;
extern const PairTable kModelTags;

Result<std::vector<KeyValue>> ReadPairs(Transaction& transaction, const PairTable& table,
                                        std::string_view owner);
Result<std::optional<std::string>> FindPair(Transaction& transaction, const PairTable& table,
                                            std::string_view owner, std::string_view key);
Status PutPairs(Transaction& transaction, const PairTable& table, std::string_view owner,
                const std::vector<KeyValue>& pairs);

// Binds a value; NaN is stored as NULL.
void BindNumber(Statement& statement, int position, double value);
double ReadNumber(const Statement& row, int column);

Result<std::vector<Metric>> ReadLatestMetrics(Transaction& transaction, std::string_view run);
Result<std::vector<DatasetInput>> ReadDatasets(Transaction& transaction, std::string_view run);
Status ReadModels(Transaction& transaction, Run& run);
Status PutDataset(Transaction& transaction, const RunInfo& run, const DatasetInput& input);
// `direction` is "input" or "output".
Status PutModel(Transaction& transaction, std::string_view run, std::string_view direction,
                const ModelOutput& model);

}  // namespace lazurite::run_rows
