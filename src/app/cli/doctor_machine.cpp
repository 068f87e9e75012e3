#include <sched.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>

#include "app/cli/doctor.h"
#include "app/cli/program.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "domain/compute/gpu.h"

namespace lazurite::cli {
namespace {

using Grade = Finding::Grade;

// Each follower of a log holds two.
constexpr rlim_t kFilesLow = 4096;

// Tried in a child, which can never come back.
bool MayUnshare(int what) {
  const pid_t pid = fork();
  if (pid == 0) _exit(unshare(what) == 0 ? 0 : 1);
  int how = 0;
  return pid > 0 && waitpid(pid, &how, 0) == pid && WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

Finding Namespaces() {
  // The superuser needs no user namespace to mount.
  const bool as_root = geteuid() == 0 && MayUnshare(CLONE_NEWNS);
  if (as_root) {
    return {Grade::kGood, "namespaces", "mounts are allowed: inputs are read-only for jobs", ""};
  }
  if (MayUnshare(CLONE_NEWUSER | CLONE_NEWNS)) {
    return {Grade::kGood, "namespaces",
            "user and mount namespaces are allowed: inputs are read-only for jobs", ""};
  }
  const std::string apparmor = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
  const Result<std::string> restricted = ReadFile(apparmor);
  const bool is_apparmor = restricted.ok() && Trim(*restricted) == "1";
  return {Grade::kNote, "namespaces", "not allowed: a job could write to its inputs",
          is_apparmor
              ? "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
              : "sudo sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces="
                "15000; in a container: give it SYS_ADMIN"};
}

std::string Described(const std::vector<Gpu>& gpus) {
  std::string out = std::to_string(gpus.size()) + (gpus.size() == 1 ? " GPU" : " GPUs");
  std::string models;
  for (const Gpu& gpu : gpus) {
    if (!gpu.model.empty() && models.find(gpu.model) == std::string::npos) {
      models += (models.empty() ? "" : ", ") + gpu.model;
    }
  }
  return models.empty() ? out : out + " (" + models + ")";
}

Finding Gpus() {
  Result<std::unique_ptr<GpuDriver>> nvml = OpenNvml();
  std::vector<Gpu> gpus;
  if (nvml.ok()) gpus = (*nvml)->List();
  if (!gpus.empty()) return {Grade::kGood, "GPUs", Described(gpus) + " by NVIDIA's driver", ""};
  gpus = OpenKfd()->List();
  if (!gpus.empty()) return {Grade::kGood, "GPUs", Described(gpus) + " by AMD's driver", ""};
  gpus = OpenDeviceFiles()->List();
  if (!gpus.empty()) {
    return {Grade::kNote, "GPUs",
            Described(gpus) + " by device files: " + nvml.status().text() +
                ", so nobody sees who else uses them",
            "install NVIDIA's driver library (libnvidia-compute, nvidia-container-toolkit)"};
  }
  if (Exists("/proc/driver/nvidia/version")) {
    return {Grade::kBad, "GPUs",
            "NVIDIA's driver is loaded, but gives none: " +
                (nvml.ok() ? std::string("its library finds no GPU") : nvml.status().text()),
            "nvidia-smi says why; after an upgrade of the driver, restart the machine"};
  }
  return {Grade::kGood, "GPUs", "none: jobs get processors only", ""};
}

// This process's group of a controller, below /sys/fs/cgroup.
std::string GroupFolder(bool is_v2) {
  const Result<std::string> groups = ReadFile("/proc/self/cgroup");
  if (!groups.ok()) return "";
  for (const std::string_view line : Split(*groups, '\n')) {
    const std::vector<std::string_view> parts = Split(line, ':');
    if (parts.size() < 3) continue;
    const bool is_it = is_v2 ? parts[0] == "0" : parts[1] == "memory";
    if (is_it) return (is_v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory") + std::string(parts[2]);
  }
  return "";
}

Finding Cgroups() {
  const bool is_v2 = Exists("/sys/fs/cgroup/cgroup.controllers");
  const bool is_v1 = !is_v2 && IsDir("/sys/fs/cgroup/memory");
  const std::string rlimits = "a job's memory can be held by rlimits only";
  if (!is_v1 && !is_v2) {
    return {Grade::kNote, "cgroups", "not mounted: " + rlimits,
            "run it where /sys/fs/cgroup is mounted"};
  }
  const std::string version = is_v2 ? "v2" : "v1";
  const std::string folder = GroupFolder(is_v2);
  if (!folder.empty() && access(folder.c_str(), W_OK) == 0) {
    return {Grade::kGood, "cgroups", version + ", " + folder + " can be written", ""};
  }
  const Result<ProgramAnswer> manager =
      AskProgram({.arguments = {"systemctl", "--user", "show", "--property=Version"},
                  .folder = "",
                  .variables = {}});
  if (manager.ok() && manager->Succeeded() &&
      !FindProgram("systemd-run", ProcessEnvironment("PATH")).empty()) {
    return {Grade::kGood, "cgroups", version + ", through systemd's scopes for this user", ""};
  }
  return {Grade::kNote, "cgroups",
          version + ", closed to this user and no user manager of systemd: " + rlimits,
          "log in with a session of systemd (loginctl enable-linger), or delegate a group to it"};
}

Finding Files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const std::string found =
      limit.rlim_max == RLIM_INFINITY ? "no limit" : "up to " + std::to_string(limit.rlim_max);
  if (limit.rlim_max >= kFilesLow) return {Grade::kGood, "open files", found, ""};
  return {Grade::kNote, "open files", found + ": few can follow logs at the same time",
          "LimitNOFILE=65536 for a service, or nofile in /etc/security/limits.conf"};
}

std::string ZoneName() {
  if (const std::string zone = ProcessEnvironment("TZ"); !zone.empty()) return zone;
  std::array<char, 256> target{};
  const ssize_t count = readlink("/etc/localtime", target.data(), target.size() - 1);
  const std::string_view path(target.data(), static_cast<size_t>(std::max<ssize_t>(count, 0)));
  const size_t at = path.find("/zoneinfo/");
  return at == std::string_view::npos ? "UTC" : std::string(path.substr(at + 10));
}

Finding TimeOfDay() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S %z", &local);
  const std::string found = std::string(text.data()) + " (" + ZoneName() + ")";
  // Certificates and tokens would be of no use.
  if (local.tm_year + 1900 < 2024) {
    return {Grade::kBad, "clock", found + " is wrong", "sudo timedatectl set-ntp true"};
  }
  timex state{};
  if (adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) != 0) {
    return {Grade::kNote, "clock", found + ", set by nobody: times of other machines may not fit",
            "sudo timedatectl set-ntp true; in a container: its host"};
  }
  return {Grade::kGood, "clock", found, ""};
}

}  // namespace

std::vector<Finding> ExamineMachine() {
  return {Gpus(), Cgroups(), Namespaces(), Files(), TimeOfDay()};
}

}  // namespace lazurite::cli
