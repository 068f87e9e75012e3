#include "spec/job_reader.h"

#include <array>
#include <cmath>

#include "base/text.h"
#include "domain/compute/share.h"
#include "spec/docker_args.h"
#include "spec/expression.h"
#include "spec/field.h"
#include "spec/member.h"
#include "spec/rest.h"

namespace lazurite::spec {
namespace {

constexpr double kTimeoutSecondsMax = 10.0 * 365 * 86400;

Status CheckJobType(const Member& properties, JobSpec& spec) {
  const Member type = properties.At("jobType");
  std::string text;
  TRY(type.ReadText(text));
  if (text.empty()) return type.Missing("Command");
  if (IsSameWord(text, "Command")) {
    spec.type = "Command";
    return {};
  }
  static constexpr auto kOthers =
      std::to_array<std::string_view>({"Pipeline", "Sweep", "AutoML", "Spark", "Base", "Labeling",
                                       "FineTuning", "Distillation", "Import"});
  for (const std::string_view other : kOthers) {
    if (IsSameWord(text, other)) {
      return FailedPrecondition("jobs of type " + std::string(other) +
                                " are not run by this version of Lazurite; it runs Command jobs");
    }
  }
  return type.Wrong("\"" + text + "\"", "Command");
}

Status ReadTexts(const Member& properties, JobSpec& spec) {
  TRY(properties.At("displayName").ReadText(spec.display_name));
  TRY(properties.At("description").ReadText(spec.description));
  TRY(properties.At("codeId").ReadText(spec.code_id));
  TRY(properties.At("computeId").ReadText(spec.compute_id));
  TRY(properties.At("environmentId").ReadText(spec.environment_id));
  std::string experiment;
  TRY(properties.At("experimentName").ReadText(experiment));
  if (!experiment.empty()) spec.experiment_name = experiment;
  if (spec.environment_id.empty()) {
    return properties.At("environmentId").Missing("the id of an environment version");
  }
  return {};
}

Status ReadVariables(const Member& properties, JobSpec& spec) {
  const Member variables = properties.At("environmentVariables");
  TRY(variables.ReadTexts(spec.environment_variables, kEntriesMax));
  for (const auto& [name, value] : spec.environment_variables) {
    if (name.empty() || name.find('=') != std::string::npos) {
      return InvalidArgument(variables.path() + ": \"" + name +
                             "\" is no name of an environment variable");
    }
  }
  return {};
}

// Names of inputs and outputs become names of folders and variables.
Status CheckEntryName(const Member& map, const std::string& name) {
  static constexpr size_t kNameBytesMax = 255;
  bool is_good = !name.empty() && name.size() <= kNameBytesMax && name[0] != '.' && name[0] != '-';
  for (const char c : name) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    is_good = is_good && (is_letter || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.');
  }
  if (is_good) return {};
  return InvalidArgument(map.path() + ": \"" + name +
                         "\" is no name; expected letters, digits and underscores");
}

Status ReadMode(const Member& mode, std::string_view enum_type, DataMode& out) {
  static constexpr auto kModes = std::to_array<std::pair<std::string_view, DataMode>>(
      {{"ReadOnlyMount", DataMode::kReadOnlyMount},
       {"Download", DataMode::kDownload},
       {"Direct", DataMode::kDirect},
       {"ReadWriteMount", DataMode::kReadWriteMount},
       {"Upload", DataMode::kUpload},
       {"EvalMount", DataMode::kEvalMount},
       {"EvalDownload", DataMode::kEvalDownload}});
  std::string word;
  TRY(mode.ReadWord(enum_type, word));
  for (const auto& [name, value] : kModes) {
    if (word == name) out = value;
  }
  return {};
}

std::string_view TypeOf(std::string_view path) {
  const Field* field = FindField("commandJob", path);
  LAZURITE_CHECK(field != nullptr);
  return field->plain_type();
}

// The types of data that inputs and outputs share.
Status ReadDataType(const Member& member, std::string& out) {
  TRY(member.ReadWord(TypeOf("outputs.*.type"), out));
  return {};
}

Status ReadInput(const Member& member, JobInput& input) {
  const Member type = member.At("jobInputType");
  std::string word;
  TRY(type.ReadText(word));
  if (word.empty()) return type.Missing("literal, uri_file, uri_folder, mltable or a model type");
  if (IsSameWord(word, "literal")) {
    input.type = "literal";
    if (member.At("value").is_absent()) return member.At("value").Missing("a text");
    return member.At("value").ReadScalar(input.value);
  }
  TRY(ReadDataType(type, input.type));
  TRY(member.At("uri").ReadText(input.value));
  if (input.value.empty()) return member.At("uri").Missing("a URI or the id of an asset version");
  return ReadMode(member.At("mode"), TypeOf("inputs.*.mode"), input.mode);
}

Status ReadInputs(const Member& properties, JobSpec& spec) {
  const Member inputs = properties.At("inputs");
  ASSIGN_OR_RETURN(const auto names, inputs.Names(kEntriesMax));
  for (const std::string& name : names) {
    const Member member = inputs.At(name);
    if (member.is_absent()) continue;
    TRY(CheckEntryName(inputs, name));
    TRY(member.CheckObject());
    TRY(ReadInput(member, spec.inputs[name]));
  }
  return {};
}

Status ReadOutput(const Member& member, JobOutput& output) {
  if (member.is_absent()) return {};
  TRY(member.CheckObject());
  if (!member.At("jobOutputType").is_absent()) {
    TRY(ReadDataType(member.At("jobOutputType"), output.type));
  }
  TRY(member.At("uri").ReadText(output.uri));
  TRY(member.At("assetName").ReadText(output.name));
  TRY(member.At("assetVersion").ReadScalar(output.version));
  return ReadMode(member.At("mode"), TypeOf("outputs.*.mode"), output.mode);
}

Status ReadOutputs(const Member& properties, JobSpec& spec) {
  const Member outputs = properties.At("outputs");
  ASSIGN_OR_RETURN(const auto names, outputs.Names(kEntriesMax));
  for (const std::string& name : names) {
    TRY(CheckEntryName(outputs, name));
    TRY(ReadOutput(outputs.At(name), spec.outputs[name]));
  }
  return {};
}

Status ReadDistribution(const Member& properties, JobSpec& spec) {
  const Member member = properties.At("distribution");
  if (member.is_absent()) return {};
  TRY(member.CheckObject());
  Distribution& out = spec.distribution;
  std::string kind;
  TRY(member.At("distributionType").ReadText(kind));
  if (IsSameWord(kind, "Ray")) {
    return FailedPrecondition(member.At("distributionType").path() +
                              ": Ray is not started by this version of Lazurite; it starts "
                              "PyTorch, TensorFlow and Mpi");
  }
  if (kind.empty()) return member.At("distributionType").Missing("PyTorch, TensorFlow or Mpi");
  TRY(member.At("distributionType").ReadWord(TypeOf("distribution.type"), kind));
  out.kind = kind == "PyTorch"      ? Distribution::Kind::kPyTorch
             : kind == "TensorFlow" ? Distribution::Kind::kTensorFlow
                                    : Distribution::Kind::kMpi;
  TRY(member.At("processCountPerInstance")
          .ReadInt(1, kProcessCountMax, out.process_count_per_instance));
  TRY(member.At("workerCount").ReadInt(0, kInstanceCountMax, out.worker_count));
  return member.At("parameterServerCount")
      .ReadInt(0, kInstanceCountMax, out.parameter_server_count);
}

Status CheckShmSize(const Member& member, const std::string& text) {
  if (text.empty()) return {};
  std::string_view digits = text;
  if (std::string_view("bkmgBKMG").find(digits.back()) != std::string_view::npos) {
    digits.remove_suffix(1);
  }
  if (const auto number = ParseInt(digits); number.has_value() && *number > 0) return {};
  return member.Wrong("\"" + text + "\"", "a number and b, k, m or g, such as 2g");
}

Status ReadCount(const Member& member, int least, int most, std::optional<int>& out) {
  if (member.is_absent()) return {};
  int count = 0;
  TRY(member.ReadInt(least, most, count));
  out = count;
  return {};
}

Status ReadMemory(const Member& member, std::optional<int64_t>& out) {
  std::string text;
  TRY(member.ReadText(text));
  if (text.empty()) return {};
  const Result<int64_t> bytes = ParseMemory(text);
  if (!bytes.ok()) return bytes.status().With(member.path());
  out = *bytes;
  return {};
}

// Azure has no other place to say how much memory a job may have.
Status ReadDockerArgs(const Member& member, JobSpec& spec) {
  if (member.is_absent() || spec.memory_bytes_per_instance) return {};
  Result<std::optional<int64_t>> bytes = MemoryOfDockerArgs(*member.json());
  if (!bytes.ok()) return Status(bytes.status()).With(member.path());
  spec.memory_bytes_per_instance = *bytes;
  return {};
}

Status ReadResources(const Member& properties, JobSpec& spec) {
  const Member member = properties.At("resources");
  if (member.is_absent()) return {};
  TRY(member.CheckObject());
  TRY(member.At("instanceCount").ReadInt(1, kInstanceCountMax, spec.instance_count));
  TRY(member.At("instanceType").ReadText(spec.instance_type));
  TRY(member.At("shmSize").ReadText(spec.shm_size));
  TRY(CheckShmSize(member.At("shmSize"), spec.shm_size));
  TRY(ReadCount(member.At("cpus"), 1, kShareCpusMax, spec.cpus_per_instance));
  TRY(ReadMemory(member.At("memory"), spec.memory_bytes_per_instance));
  TRY(ReadDockerArgs(member.At("dockerArgs"), spec));
  TRY(ReadCount(member.At("gpus"), 0, kGpusMax, spec.gpus_per_instance));
  const Member wishes = member.At("properties");
  if (wishes.is_absent()) return {};
  TRY(wishes.CheckObject());
  if (spec.gpus_per_instance) return {};
  return ReadCount(wishes.At("lazurite.gpus"), 0, kGpusMax, spec.gpus_per_instance);
}

Status ReadLimits(const Member& properties, JobSpec& spec) {
  const Member member = properties.At("limits");
  if (member.is_absent()) return {};
  TRY(member.CheckObject());
  const Member timeout = member.At("timeout");
  std::string text;
  TRY(timeout.ReadText(text));
  if (text.empty()) return {};
  const std::optional<double> seconds = IsoToSeconds(text);
  if (!seconds || *seconds <= 0 || *seconds > kTimeoutSecondsMax) {
    return timeout.Wrong("\"" + text + "\"",
                         "a duration such as PT90S or PT1H30M, at most 10 years");
  }
  spec.timeout = Duration(static_cast<int64_t>(std::llround(*seconds * 1000)));
  return {};
}

Status ReadQueueSettings(const Member& properties, JobSpec& spec) {
  const Member member = properties.At("queueSettings");
  if (member.is_absent()) return {};
  TRY(member.CheckObject());
  std::string word;
  TRY(member.At("jobTier").ReadWord(TypeOf("queue_settings.job_tier"), word));
  spec.is_spot = word == "Spot";
  word.clear();
  TRY(member.At("priority").ReadWord(TypeOf("queue_settings.priority"), word));
  if (const auto level = ParseInt(word)) spec.priority = static_cast<int>(*level) - 2;
  return {};
}

// An expression that names nothing would only fail when the job starts.
Status CheckCommand(const Member& properties, JobSpec& spec) {
  const Member command = properties.At("command");
  TRY(command.ReadText(spec.command));
  if (Trim(spec.command).empty()) return command.Missing("the command to run");
  if (spec.command.size() > kCommandBytesMax) {
    return InvalidArgument(command.path() + " is longer than 1 MiB");
  }
  ExpressionValues inputs;
  ExpressionValues outputs;
  for (const auto& [name, input] : spec.inputs) inputs[name];
  for (const auto& [name, output] : spec.outputs) outputs[name];
  const Result<std::string> expanded = ExpandCommand(spec.command, inputs, outputs);
  if (!expanded.ok()) return expanded.status().With(command.path());
  return {};
}

}  // namespace

Result<JobSpec> ReadJobSpec(const Json& properties) {
  const Member root(&properties, "properties");
  JobSpec spec;
  if (root.is_absent()) return root.Missing("an object");
  TRY(root.CheckObject());
  TRY(CheckJobType(root, spec));
  TRY(ReadTexts(root, spec));
  TRY(root.At("tags").ReadTexts(spec.tags, kEntriesMax));
  TRY(root.At("properties").ReadTexts(spec.properties, kEntriesMax));
  TRY(ReadVariables(root, spec));
  TRY(ReadInputs(root, spec));
  TRY(ReadOutputs(root, spec));
  TRY(ReadDistribution(root, spec));
  TRY(ReadResources(root, spec));
  TRY(ReadLimits(root, spec));
  TRY(ReadQueueSettings(root, spec));
  TRY(CheckCommand(root, spec));
  if (spec.Ranks() > kRanksMax) {
    return InvalidArgument("properties: " + std::to_string(spec.Ranks()) +
                           " processes in all, expected at most " + std::to_string(kRanksMax));
  }
  return spec;
}

}  // namespace lazurite::spec
