// What tracking keeps: experiments, runs with what was logged to them, and logged models. MLflow's
// words; times are milliseconds since 1970 as the client gave them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/workspace/resource_id.h"

namespace lazurite {

struct KeyValue {
  std::string key;
  std::string value;
  bool operator==(const KeyValue&) const = default;
};

// Limits of MLflow's API, in characters (Unicode code points) or items.
inline constexpr size_t kTrackingKeyMax = 250;
inline constexpr size_t kParamValueMax = 6000;          // longer ones are cut
inline constexpr size_t kTagValueMax = 8000;            // longer ones are cut
inline constexpr size_t kExperimentTagValueMax = 5000;  // longer ones are refused
inline constexpr size_t kExperimentNameMax = 500;
inline constexpr size_t kArtifactLocationMax = 2048;
inline constexpr size_t kBatchMetricsMax = 1000;
inline constexpr size_t kBatchParamsMax = 100;
inline constexpr size_t kBatchTagsMax = 100;
inline constexpr size_t kBatchItemsMax = 1000;
inline constexpr int64_t kSearchRunsMax = 50000;

// The experiment of whoever names none: in each workspace another one, which MLflow's clients call
// "0". In kDefaultWorkspace that is its id too.
inline constexpr int64_t kDefaultExperiment = 0;
inline constexpr std::string_view kRunNameTag = "mlflow.runName";
inline constexpr std::string_view kDatasetContextTag = "mlflow.data.context";

struct Experiment {
  int64_t id = kDefaultExperiment;
  std::string workspace{kDefaultWorkspace};
  std::string name;
  std::string artifact_location;
  bool is_deleted = false;
  int64_t created_ms = 0;
  int64_t modified_ms = 0;
  std::vector<KeyValue> tags;
};

enum class RunStatus : unsigned char { kRunning = 1, kScheduled, kFinished, kFailed, kKilled };
std::string_view ToText(RunStatus status);  // "RUNNING"
std::optional<RunStatus> ParseRunStatus(std::string_view text);
// True for the three that end a run.
bool IsEnded(RunStatus status);

struct Metric {
  std::string key;
  double value = 0;
  int64_t timestamp_ms = 0;
  int64_t step = 0;
  std::string model;         // logged model it was measured on, or ""
  std::string dataset_name;  // dataset it was measured on, or ""
  std::string dataset_digest;
  std::string run;  // only in metrics of logged models
};

struct Dataset {
  std::string name;
  std::string digest;
  std::string source_type;
  std::string source;
  std::string schema;   // "" = none
  std::string profile;  // "" = none
};

struct DatasetInput {
  Dataset dataset;
  std::vector<KeyValue> tags;
};

struct ModelOutput {
  std::string model;
  int64_t step = 0;
};

struct RunInfo {
  std::string id;
  int64_t experiment = kDefaultExperiment;
  std::string name;
  std::string user;
  RunStatus status = RunStatus::kRunning;
  int64_t start_ms = 0;
  std::optional<int64_t> end_ms;
  std::string artifact_uri;
  bool is_deleted = false;
  bool is_job = false;  // a job's own run
  std::string made_by;  // the job whose script started it, or ""
};

struct Run {
  RunInfo info;
  std::vector<Metric> metrics;  // the latest of each key
  std::vector<KeyValue> params;
  std::vector<KeyValue> tags;
  std::vector<DatasetInput> datasets;
  std::vector<std::string> model_inputs;
  std::vector<ModelOutput> model_outputs;
};

enum class LoggedModelStatus : unsigned char { kUnspecified, kPending, kReady, kUploadFailed };
std::string_view ToText(LoggedModelStatus status);  // "LOGGED_MODEL_PENDING"
std::optional<LoggedModelStatus> ParseLoggedModelStatus(std::string_view text);

struct LoggedModel {
  std::string id;  // "m-" and 32 hex letters
  int64_t experiment = kDefaultExperiment;
  std::string name;
  std::string artifact_uri;
  LoggedModelStatus status = LoggedModelStatus::kPending;
  std::string model_type;
  std::string source_run;
  int64_t sequence = 0;  // grows with each that is made
  int64_t created_ms = 0;
  int64_t modified_ms = 0;
  std::vector<KeyValue> params;
  std::vector<KeyValue> tags;
  std::vector<Metric> metrics;
};

// The value under `key`, or nullptr.
const std::string* FindValue(const std::vector<KeyValue>& pairs, std::string_view key);

}  // namespace lazurite
