#include "engine/runner/ranks.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmath>

#include "base/text.h"
#include "engine/runner/gpus.h"

namespace lazurite::runner {
namespace {

constexpr std::string_view kHost = "127.0.0.1";
constexpr const char* kShell = "/bin/bash";
// The kernel takes arguments of at most 128 KiB; longer commands go through a file.
constexpr size_t kArgumentBytesMax = size_t{100} << 10;
constexpr std::string_view kMpiFailures = "system_logs/mpi_failures.txt";
// Run by mpirun once per rank: connects the rank with its own log, and says how it failed.
constexpr std::string_view kMpiRank = R"(rank=$OMPI_COMM_WORLD_RANK
export AZUREML_PROCESS_NAME=rank_$rank
export AZUREML_CR_NODE_RANK=$((rank / LAZURITE_MPI_PER_NODE))
export AZ_BATCHAI_TASK_INDEX=$AZUREML_CR_NODE_RANK
for name in $LAZURITE_MPI_GPU_VARIABLES; do
  eval "export $name=\$LAZURITE_MPI_GPUS_$AZUREML_CR_NODE_RANK"
done
"$@" >>"$LAZURITE_ATTEMPT/$LAZURITE_MPI_LOG$rank$LAZURITE_MPI_LOG_END" 2>&1 </dev/null
code=$?
[ $code -eq 0 ] || echo "$rank $code" >>"$LAZURITE_ATTEMPT/system_logs/mpi_failures.txt"
exit $code)";

// Ports that are free now.
class Ports {
 public:
  Result<int> Next() {
    Fd probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (bind(probe.get(), any, size) != 0 || getsockname(probe.get(), any, &size) != 0) {
      return ErrnoStatus("looking for a free port", errno);
    }
    // Kept open until all are chosen, so that none is given twice.
    probes_.push_back(std::move(probe));
    return int{ntohs(address.sin_port)};
  }

 private:
  std::vector<Fd> probes_;
};

int TensorFlowWorkers(const AttemptSpec& spec) {
  const int workers = spec.distribution.worker_count;
  return workers == 0 ? spec.instance_count : workers;
}

std::string LogOf(int rank, int ranks) {
  return ranks == 1 ? "user_logs/std_log.txt"
                    : "user_logs/std_log_process_" + std::to_string(rank) + ".txt";
}

Result<std::vector<std::string>> ShellArguments(const std::string& folder,
                                                const std::string& command) {
  if (command.find('\0') != std::string::npos) {
    return InvalidArgument("the command holds a NUL byte");
  }
  if (command.size() <= kArgumentBytesMax) return std::vector<std::string>{kShell, "-c", command};
  const std::string file = folder + "/system_logs/command.sh";
  TRY(WriteFile(file, command));
  return std::vector<std::string>{kShell, file};
}

Variables NodeVariables(const AttemptSpec& spec, int ranks, int port) {
  Variables out;
  const std::string host(kHost);
  const int threads = std::max(1, static_cast<int>(std::floor(spec.cpus / ranks)));
  out["OMP_NUM_THREADS"] = std::to_string(threads);
  std::vector<std::string> hosts(static_cast<size_t>(spec.instance_count), host);
  out["AZUREML_NODE_COUNT"] = std::to_string(spec.instance_count);
  out["AZ_BATCH_HOST_LIST"] = Join(hosts, ",");
  out["AZ_BATCH_NODE_LIST"] = Join(hosts, ";");
  out["AZ_BATCH_MASTER_NODE"] = host + ":" + std::to_string(port);
  out["AZ_BATCHAI_JOB_MASTER_NODE_IP"] = out["AZ_BATCHAI_MPI_MASTER_NODE"] = host;
  out["AZ_BATCHAI_TASK_TYPE"] = "worker";
  return out;
}

void AddPlace(const AttemptSpec& spec, int node, const std::string& process, Variables& out) {
  AddGpuVariables(spec, DevicesOf(spec, node), out);
  out["AZUREML_CR_NODE_RANK"] = out["AZ_BATCHAI_TASK_INDEX"] = std::to_string(node);
  out["AZ_BATCH_IS_CURRENT_NODE_MASTER"] = node == 0 ? "true" : "false";
  out["AZUREML_PROCESS_NAME"] = process;
}

void AddPyTorch(const AttemptSpec& spec, int rank, int port, Variables& out) {
  const int per_node = spec.distribution.process_count_per_instance;
  out["MASTER_ADDR"] = kHost;
  out["MASTER_PORT"] = std::to_string(port);
  out["WORLD_SIZE"] = std::to_string(spec.instance_count * per_node);
  out["RANK"] = std::to_string(rank);
  out["LOCAL_RANK"] = std::to_string(rank % per_node);
  out["LOCAL_WORLD_SIZE"] = std::to_string(per_node);
  out["NODE_RANK"] = out["GROUP_RANK"] = std::to_string(rank / per_node);
}

// TF_CONFIG of each task, workers first.
Result<std::vector<std::string>> TensorFlowConfigs(const AttemptSpec& spec, Ports& ports) {
  const int workers = TensorFlowWorkers(spec);
  const int tasks = workers + spec.distribution.parameter_server_count;
  Json cluster = Json::MakeObject();
  for (int task = 0; task < tasks; ++task) {
    ASSIGN_OR_RETURN(const int port, ports.Next());
    cluster[task < workers ? "worker" : "ps"].Push(std::string(kHost) + ":" + std::to_string(port));
  }
  std::vector<std::string> configs;
  for (int task = 0; task < tasks; ++task) {
    Json config = Json::MakeObject();
    config["cluster"] = cluster;
    config["task"]["type"] = task < workers ? "worker" : "ps";
    config["task"]["index"] = task < workers ? task : task - workers;
    config["environment"] = "cloud";
    configs.push_back(config.Dump());
  }
  return configs;
}

Result<std::string> FindMpirun() {
  for (const char* path : {"/usr/bin/mpirun", "/usr/local/bin/mpirun", "/opt/openmpi/bin/mpirun"}) {
    if (access(path, X_OK) == 0) return std::string(path);
  }
  return FailedPrecondition(
      "the job's distribution is mpi, and there is no mpirun on this machine: install the package "
      "openmpi-bin");
}

Result<JobPlan> PlanMpi(const AttemptSpec& spec, const std::string& folder,
                        const std::string& command, Variables variables) {
  ASSIGN_OR_RETURN(const std::string mpirun, FindMpirun());
  ASSIGN_OR_RETURN(const std::vector<std::string> shell, ShellArguments(folder, command));
  const int ranks = RanksOf(spec);
  AddPlace(spec, 0, "main", variables);
  variables["LAZURITE_MPI_GPU_VARIABLES"] = Join(GpuVariablesByNode(spec), " ");
  for (int node = 0; node < spec.instance_count; ++node) {
    variables["LAZURITE_MPI_GPUS_" + std::to_string(node)] = Join(DevicesOf(spec, node), ",");
  }
  // Root is asked twice whether it means it; in a job of one's own machine it does.
  variables["OMPI_ALLOW_RUN_AS_ROOT"] = variables["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
  // Ranks on this machine only: no remote shell is looked for.
  variables["OMPI_MCA_plm"] = "isolated";
  variables["OMPI_MCA_btl_vader_single_copy_mechanism"] = "none";
  variables["LAZURITE_MPI_PER_NODE"] = std::to_string(spec.distribution.process_count_per_instance);
  variables["LAZURITE_MPI_LOG"] = ranks == 1 ? "user_logs/std_log" : "user_logs/std_log_process_";
  variables["LAZURITE_MPI_LOG_END"] = ".txt";
  JobPlan plan;
  plan.failures = kMpiFailures;
  RankPlan launcher;
  launcher.arguments = {
      mpirun, "--oversubscribe",     "--bind-to", "none", "-np", std::to_string(ranks), kShell,
      "-c",   std::string(kMpiRank), "rank"};
  launcher.arguments.insert(launcher.arguments.end(), shell.begin(), shell.end());
  launcher.variables = std::move(variables);
  launcher.log = "system_logs/mpirun.txt";
  plan.processes.push_back(std::move(launcher));
  for (int rank = 0; rank < ranks; ++rank) plan.logs.push_back(LogOf(rank, ranks));
  return plan;
}

}  // namespace

int RanksOf(const AttemptSpec& spec) {
  switch (spec.distribution.kind) {
    case Distribution::Kind::kNone:
      return spec.instance_count;
    case Distribution::Kind::kPyTorch:
    case Distribution::Kind::kMpi:
      return spec.instance_count * spec.distribution.process_count_per_instance;
    case Distribution::Kind::kTensorFlow:
      break;
  }
  return TensorFlowWorkers(spec) + spec.distribution.parameter_server_count;
}

Result<JobPlan> PlanJob(const AttemptSpec& spec, const std::string& folder,
                        const std::string& command) {
  Ports ports;
  const int ranks = RanksOf(spec);
  int port = 0;
  // A job of one process meets nobody.
  if (ranks > 1 || spec.distribution.kind == Distribution::Kind::kPyTorch) {
    ASSIGN_OR_RETURN(port, ports.Next());
  }
  const Variables common = NodeVariables(spec, ranks, port);
  if (spec.distribution.kind == Distribution::Kind::kMpi) {
    return PlanMpi(spec, folder, command, common);
  }
  std::vector<std::string> configs;
  if (spec.distribution.kind == Distribution::Kind::kTensorFlow) {
    ASSIGN_OR_RETURN(configs, TensorFlowConfigs(spec, ports));
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> shell, ShellArguments(folder, command));
  JobPlan plan;
  const int per_node = (ranks + spec.instance_count - 1) / spec.instance_count;
  for (int rank = 0; rank < ranks; ++rank) {
    RankPlan one{rank, shell, common, LogOf(rank, ranks), false};
    AddPlace(spec, rank / per_node, ranks == 1 ? "main" : "rank_" + std::to_string(rank),
             one.variables);
    if (spec.distribution.kind == Distribution::Kind::kPyTorch) {
      AddPyTorch(spec, rank, port, one.variables);
    }
    if (!configs.empty()) {
      one.variables["TF_CONFIG"] = configs[static_cast<size_t>(rank)];
      one.is_server = rank >= TensorFlowWorkers(spec);
    }
    plan.logs.push_back(one.log);
    plan.processes.push_back(std::move(one));
  }
  return plan;
}

}  // namespace lazurite::runner
