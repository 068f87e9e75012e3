// What answers look like: MLflow's messages as JSON (snake_case, 64-bit integers as numbers, empty
// lists left out).
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "domain/model/model_store.h"
#include "domain/run/run.h"

namespace lazurite::mlflow {

Json ToJson(const Experiment& experiment);
Json ToJson(const RunInfo& run);
Json ToJson(const Run& run);
Json ToJson(const Metric& metric);
Json ToJson(const LoggedModel& model);
Json ToJson(const RegisteredModel& model, const std::vector<ModelVersion>& latest);
Json ToJson(const ModelVersion& version);

// {"key": value}
Json Wrap(std::string_view key, Json value);

// Where the next page of a search starts, as clients carry it, and back. kInvalidArgument if it is
// none of ours.
std::string PageToken(int64_t offset);
Result<int64_t> ReadPageToken(std::string_view token);

}  // namespace lazurite::mlflow
