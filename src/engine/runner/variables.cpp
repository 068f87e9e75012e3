#include "engine/runner/variables.h"

#include <unistd.h>

#include <array>
#include <cmath>

#include "base/text.h"
#include "domain/job/job_spec.h"

extern char** environ;

namespace lazurite::runner {
namespace {

// Of the machine's own environment a job sees what makes programs run here, and no more: the rest
// may be somebody's secret, and a job is to be the same wherever the server was started from.
constexpr std::array<std::string_view, 16> kKept = {
    "PATH",     "HOME",     "USER",         "LOGNAME",       "SHELL",
    "LANG",     "LANGUAGE", "TZ",           "TMPDIR",        "LD_LIBRARY_PATH",
    "NO_PROXY", "no_proxy", "SSL_CERT_DIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE",
    "TERM",
};
constexpr std::array<std::string_view, 5> kKeptPrefixes = {"LC_", "CUDA_", "NVIDIA_", "PIP_",
                                                           "UV_"};
constexpr std::array<std::string_view, 2> kKeptSuffixes = {"_proxy", "_PROXY"};
constexpr std::string_view kPlainPath = "/usr/local/bin:/usr/bin:/bin";
constexpr std::string_view kProvider = "/providers/Microsoft.MachineLearningServices/workspaces/";
// When the token ends is not known before: with the job. Scripts only ask whether it is still good.
constexpr std::chrono::hours kTokenLife{24 * 365};

bool IsKept(std::string_view name) {
  for (const std::string_view kept : kKept) {
    if (name == kept) return true;
  }
  for (const std::string_view prefix : kKeptPrefixes) {
    if (name.starts_with(prefix)) return true;
  }
  for (const std::string_view suffix : kKeptSuffixes) {
    if (name.ends_with(suffix)) return true;
  }
  return false;
}

Variables OfMachine() {
  Variables out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line = *entry;
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || !IsKept(line.substr(0, equals))) continue;
    out.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  out.emplace("PATH", kPlainPath);
  return out;
}

void AddTracking(const VariableSources& from, Variables& out) {
  out["MLFLOW_TRACKING_URI"] = from.address;
  out["MLFLOW_TRACKING_TOKEN"] = from.token;
  out["MLFLOW_RUN_ID"] = from.spec.job;
  out["MLFLOW_EXPERIMENT_ID"] = from.spec.experiment_id;
  out["MLFLOW_EXPERIMENT_NAME"] = from.spec.experiment_name;
  out["MLFLOW_DISABLE_TELEMETRY"] = "true";
  // The address that it would print is the runner's, which ends with the job.
  out["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true";
  // MLflow looks for git and warns at length where there is none.
  out["GIT_PYTHON_REFRESH"] = "quiet";
}

void AddAzure(const VariableSources& from, Variables& out) {
  const AttemptSpec& spec = from.spec;
  out["AZUREML_RUN_ID"] = out["AZUREML_ROOT_RUN_ID"] = spec.job;
  out["AZUREML_ARM_SUBSCRIPTION"] = spec.subscription;
  out["AZUREML_ARM_RESOURCEGROUP"] = spec.resource_group;
  out["AZUREML_ARM_WORKSPACE_NAME"] = out["AZUREML_WORKSPACE_NAME"] = spec.workspace;
  out["AZUREML_ARM_PROJECT_NAME"] = spec.experiment_name;
  const std::string scope = "/subscriptions/" + spec.subscription + "/resourceGroups/" +
                            spec.resource_group + std::string(kProvider) + spec.workspace;
  out["AZUREML_WORKSPACE_SCOPE"] = out["AZUREML_WORKSPACE_ID"] = scope;
  out["AZUREML_EXPERIMENT_ID"] = spec.experiment_id;
  out["AZUREML_EXPERIMENT_SCOPE"] = scope + "/experiments/" + spec.experiment_name;
  out["AZUREML_SERVICE_ENDPOINT"] = from.address;
  out["AZUREML_RUN_HISTORY_SERVICE_ENDPOINT"] = from.address;
  out["AZUREML_DISCOVERY_SERVICE_ENDPOINT"] = from.address + "/discovery";
  out["AZUREML_RUN_TOKEN"] = from.token;
  const Time expiry = SystemClock().Now() + kTokenLife;
  out["AZUREML_RUN_TOKEN_EXPIRY"] = std::to_string(ToMillis(expiry) / 1000);
  out["AZUREML_CR_DATA_CAPABILITY_PATH"] = from.folder + "/data";
  out["AZ_BATCHAI_JOB_TEMP"] = out.contains("TMPDIR") ? out["TMPDIR"] : "/tmp";
  out["AZ_BATCHAI_JOB_WORK_DIR"] = from.folder + "/code";
  for (const auto& [name, value] : spec.literals) out["AZUREML_PARAMETER_" + name] = value;
  for (const auto& [name, value] : from.inputs) out["AZURE_ML_INPUT_" + name] = value;
  for (const auto& [name, value] : from.outputs) out["AZURE_ML_OUTPUT_" + name] = value;
}

}  // namespace

Variables RankVariables(const VariableSources& from, const Variables& rank) {
  Variables out = OfMachine();
  // A line printed is a line in the log, not one in a buffer.
  out["PYTHONUNBUFFERED"] = "1";
  // Threads that wait by spinning starve each other and everything else on a shared machine.
  out["OMP_WAIT_POLICY"] = "passive";
  // Devices are granted by the numbers of the machine's own tools, not by speed.
  if (!from.spec.gpus.empty()) out["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID";
  AddTracking(from, out);
  AddAzure(from, out);
  for (const auto& [name, value] : rank) out[name] = value;
  const auto& environment = from.environment.variables;
  for (const auto& [name, value] : environment) {
    if (name != "PATH") out[name] = value;
  }
  for (const auto& [name, value] : from.spec.environment_variables) out[name] = value;
  for (const auto& [name, value] : from.secrets.environment_variables) out[name] = value;
  const auto path = environment.find("PATH");
  if (path != environment.end() && !path->second.empty()) {
    out["PATH"] = path->second + ":" + out["PATH"];
  }
  // By this mark the server finds what a lost runner has left.
  out["LAZURITE_ATTEMPT"] = from.folder;
  return out;
}

std::vector<std::string> ForExec(const Variables& variables) {
  std::vector<std::string> out;
  for (const auto& [name, value] : variables) {
    // What cannot be said to a program is not said.
    if (name.empty() || name.find('\0') != std::string::npos) continue;
    if (value.find('\0') != std::string::npos) continue;
    out.push_back(name + "=" + value);
  }
  return out;
}

}  // namespace lazurite::runner
