#include "domain/compute/machine.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/text.h"

namespace lazurite {
namespace {

// A small file of /proc or /sys; "" if it cannot be read.
std::string Look(const std::string& path) {
  const Result<std::string> content = ReadFile(path, size_t{1} << 20);
  return content.ok() ? *content : std::string();
}

// The folders of this process's cgroup and of those above it: each may set limits. Version 2 has
// one hierarchy, version 1 one for each controller.
std::vector<std::string> CgroupFolders(std::string_view controller) {
  std::string mount = "/sys/fs/cgroup";
  std::string group;
  const std::string text = Look("/proc/self/cgroup");
  for (const std::string_view line : Split(text, '\n')) {
    const std::vector<std::string_view> parts = Split(line, ':');
    if (parts.size() < 3) continue;
    const std::vector<std::string_view> controllers = Split(parts[1], ',');
    const bool is_own =
        std::find(controllers.begin(), controllers.end(), controller) != controllers.end();
    if (is_own) mount = "/sys/fs/cgroup/" + std::string(controller);
    if (is_own || (parts[0] == "0" && group.empty())) group = parts[2];
  }
  std::vector<std::string> folders;
  for (std::string path = group; path.size() > 1; path = DirName(path)) {
    folders.push_back(mount + path);
  }
  folders.push_back(mount);
  return folders;
}

int AllowedCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

// Cores that a quota allows, rounded up; nothing without one.
std::optional<int> QuotaCores(std::string_view quota, std::string_view period) {
  const std::optional<int64_t> allowed = ParseInt(Trim(quota));
  const std::optional<int64_t> of = ParseInt(Trim(period));
  if (!allowed || !of || *allowed <= 0 || *of <= 0) return std::nullopt;
  return static_cast<int>((*allowed + *of - 1) / *of);
}

int Cores() {
  int cores = AllowedCores();
  for (const std::string& folder : CgroupFolders("cpu")) {
    const std::string both = Look(folder + "/cpu.max");
    const std::vector<std::string_view> words = Split(Trim(both), ' ');
    std::optional<int> limit;
    if (words.size() == 2) {
      limit = QuotaCores(words[0], words[1]);
    } else {
      limit = QuotaCores(Look(folder + "/cpu.cfs_quota_us"), Look(folder + "/cpu.cfs_period_us"));
    }
    if (limit) cores = std::min(cores, *limit);
  }
  return std::max(1, cores);
}

int64_t Memory() {
  const int64_t pages = sysconf(_SC_PHYS_PAGES);
  int64_t bytes = std::max(int64_t{0}, pages) * sysconf(_SC_PAGESIZE);
  for (const std::string& folder : CgroupFolders("memory")) {
    for (const std::string_view file : {"/memory.max", "/memory.limit_in_bytes"}) {
      const std::optional<int64_t> limit = ParseInt(Trim(Look(folder + std::string(file))));
      if (limit && *limit > 0) bytes = std::min(bytes, *limit);
    }
  }
  return bytes;
}

// "Device Minor" of a card's facts: the number in the name of its device file.
std::optional<int64_t> MinorOf(std::string_view facts) {
  for (const std::string_view line : Split(facts, '\n')) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || Trim(line.substr(0, colon)) != "Device Minor") continue;
    return ParseInt(Trim(line.substr(colon + 1)));
  }
  return std::nullopt;
}

size_t CountGpus() {
  const Result<std::vector<std::string>> files = ListDir("/dev");
  if (!files.ok()) return 0;
  const auto count = std::count_if(files->begin(), files->end(), [](const std::string& name) {
    constexpr std::string_view kPrefix = "nvidia";
    return name.starts_with(kPrefix) && ParseInt(name.substr(kPrefix.size())).has_value();
  });
  size_t known = 0;
  const std::string folder = "/proc/driver/nvidia/gpus";
  const Result<std::vector<std::string>> cards = ListDir(folder);
  if (!cards.ok() || cards->empty()) return static_cast<size_t>(count);
  for (const std::string& card : *cards) {
    const std::optional<int64_t> number = MinorOf(Look(folder + "/" + card + "/information"));
    if (number && Exists("/dev/nvidia" + std::to_string(*number))) ++known;
  }
  return known;
}

// CUDA counts from 0 what it can open, whatever the numbers of the device files are.
std::vector<std::string> Gpus() {
  std::vector<std::string> names;
  for (size_t i = 0, count = CountGpus(); i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

// Only calls that are safe after fork: other threads may have held locks.
[[noreturn]] void TryNamespace() {
  const bool is_made = (unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) &&
                       mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  _exit(is_made ? 0 : 1);
}

bool HasUserNamespaces() {
  const pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) TryNamespace();
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

int GpuDeviceFiles() { return static_cast<int>(CountGpus()); }

MachineFacts LookAtMachine() {
  MachineFacts facts;
  facts.cores = Cores();
  facts.memory_bytes = Memory();
  facts.gpus = Gpus();
  facts.user_namespaces = HasUserNamespaces();
  return facts;
}

}  // namespace lazurite
