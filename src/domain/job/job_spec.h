// What a job is asked to do: the YAML or REST of a command job, converted once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace lazurite {

// How data reaches the job (inputs) or leaves it (outputs). Azure's words in YAML and REST are
// mapped in `spec`.
enum class DataMode : unsigned char {
  kReadOnlyMount,   // ro_mount, ReadOnlyMount
  kDownload,        // download, Download
  kDirect,          // direct, Direct
  kReadWriteMount,  // rw_mount, ReadWriteMount
  kUpload,          // upload, Upload
  kEvalMount,       // eval_mount, EvalMount
  kEvalDownload,    // eval_download, EvalDownload
};

struct JobInput {
  std::string
      type;  // "literal", "uri_file", "uri_folder", "mltable", "mlflow_model", "custom_model", …
  std::string value;  // the literal's text or the URI; booleans print as True and False
  DataMode mode = DataMode::kReadOnlyMount;
  bool is_literal() const { return type == "literal"; }
};

struct JobOutput {
  std::string type = "uri_folder";
  std::string uri;  // "" = the default place
  DataMode mode = DataMode::kReadWriteMount;
  std::string name;  // asset to register when the job has completed, "" = none
  std::string version;
};

struct Distribution {
  enum class Kind : unsigned char { kNone, kPyTorch, kTensorFlow, kMpi } kind = Kind::kNone;
  int process_count_per_instance = 1;  // PyTorch, MPI
  int worker_count = 0;                // TensorFlow; 0 = instance_count
  int parameter_server_count = 0;      // TensorFlow
};

struct JobSpec {
  std::string type = "Command";  // REST's jobType
  std::string display_name;
  std::string experiment_name = "Default";
  std::string description;
  std::map<std::string, std::string> tags;
  std::map<std::string, std::string> properties;
  std::string command;
  std::string code_id;         // ARM id of a code version, or ""
  std::string environment_id;  // ARM id or azureml:/registry reference
  std::string compute_id;      // "" = the default compute
  std::map<std::string, std::string> environment_variables;
  std::map<std::string, JobInput> inputs;
  std::map<std::string, JobOutput> outputs;
  Distribution distribution;
  int instance_count = 1;
  std::string instance_type;
  // resources.cpus, .memory and .gpus, for each instance; absent: as its compute says. (gpus may be
  // written as resources.properties["lazurite.gpus"], which Azure's own tools let through.)
  std::optional<int> cpus_per_instance;
  std::optional<int64_t> memory_bytes_per_instance;
  std::optional<int> gpus_per_instance;
  std::string shm_size;
  std::optional<Duration> timeout;  // limits.timeout
  int priority = 0;                 // queue_settings.priority: low -1, medium 0, high 1
  bool is_spot = false;             // queue_settings.job_tier: spot; gives way to others

  // How many processes of the user's the job has in all, and per instance.
  int RanksPerInstance() const;
  int Ranks() const { return RanksPerInstance() * instance_count; }
};

}  // namespace lazurite
