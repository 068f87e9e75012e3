// MLflow's rules for keys and values, with the sentences its own server uses (scripts match on
// them). Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "domain/run/run.h"

namespace lazurite {

// Length in characters (code points of UTF-8).
size_t CharacterCount(std::string_view text);
// At most `count` characters of `text`; never cuts one in two.
std::string_view CutCharacters(std::string_view text, size_t count);

// kInvalidArgument unless `name` can be a metric's, param's or tag's key: letters, digits and "_-.
// :/", and as a path it is its own normal form. `path` says where it stands in the request,
// "metrics[2].name".
Status CheckKey(std::string_view name, std::string_view path);
// kInvalidArgument if `text` is longer than `limit` characters.
Status CheckLength(std::string_view text, std::string_view what, size_t limit);

// Checks one item; `path` is "" or "metrics[2]". Values that are too long are cut where MLflow cuts
// them.
Status CheckMetric(const Metric& metric, std::string_view path);
Status CheckParam(KeyValue& param, std::string_view path);
Status CheckTag(KeyValue& tag, std::string_view path);
Status CheckExperimentTag(const KeyValue& tag);
Status CheckRegistryTag(const KeyValue& tag);
Status CheckParamKeysUnique(const std::vector<KeyValue>& params);
Status CheckBatchSize(size_t metrics, size_t params, size_t tags);
Status CheckDataset(const DatasetInput& input);

Status CheckRunId(std::string_view run);
Status CheckExperimentName(std::string_view name);
// The number of an experiment id. kInvalidArgument if it is none.
Result<int64_t> ParseExperimentId(std::string_view text);
Status CheckRegisteredModelName(std::string_view name);
Status CheckAlias(std::string_view alias);

}  // namespace lazurite
