#include "domain/attempt/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/file.h"
#include "base/text.h"

namespace lazurite {
namespace {

constexpr size_t kEnvironmentBytesMax = size_t{4} << 20;

// A small file of /proc in one read; "" if it cannot be read.
std::string ReadProc(const std::string& path, size_t bytes_max) {
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string out;
  if (!file.valid()) return out;
  out.resize(std::min<size_t>(bytes_max, 4096));
  size_t have = 0;
  while (true) {
    const ssize_t count = read(file.get(), out.data() + have, out.size() - have);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    have += static_cast<size_t>(count);
    if (have < out.size()) continue;
    if (have == bytes_max) break;
    out.resize(std::min(bytes_max, out.size() * 2));
  }
  out.resize(have);
  return out;
}

std::string ProcPath(pid_t pid, std::string_view name) {
  return "/proc/" + std::to_string(pid) + "/" + std::string(name);
}

int64_t NumberAt(const std::vector<std::string_view>& parts, size_t index) {
  return index < parts.size() ? ParseInt(parts[index]).value_or(0) : 0;
}

template <typename Visit>
void EachNumber(const std::string& folder, Visit visit) {
  DIR* listing = opendir(folder.c_str());
  if (listing == nullptr) return;
  while (const dirent* entry = readdir(listing)) {
    if (const auto pid = ParseInt(entry->d_name)) visit(static_cast<pid_t>(*pid));
  }
  closedir(listing);
}

bool KernelListsChildren() {
  static const bool answer = Exists("/proc/self/task/" + std::to_string(gettid()) + "/children");
  return answer;
}

void AddChildren(pid_t pid, std::vector<pid_t>& out) {
  EachNumber(ProcPath(pid, "task"), [&](pid_t task) {
    const std::string text =
        ReadProc(ProcPath(pid, "task/" + std::to_string(task) + "/children"), kEnvironmentBytesMax);
    for (const std::string_view part : Split(text, ' ')) {
      if (const auto child = ParseInt(part)) out.push_back(static_cast<pid_t>(*child));
    }
  });
}

std::vector<ProcessView> DescendantsByScan(pid_t root) {
  const std::vector<ProcessView> all = AllProcesses();
  std::multimap<pid_t, const ProcessView*> by_parent;
  for (const ProcessView& process : all) by_parent.emplace(process.parent, &process);
  std::vector<ProcessView> out;
  std::vector<pid_t> parents = {root};
  for (size_t i = 0; i < parents.size(); ++i) {
    const auto [first, last] = by_parent.equal_range(parents[i]);
    for (auto it = first; it != last; ++it) {
      out.push_back(*it->second);
      parents.push_back(it->second->pid);
    }
  }
  return out;
}

}  // namespace

std::string BootId() {
  static const std::string id = std::string(Trim(ReadProc("/proc/sys/kernel/random/boot_id", 64)));
  return id;
}

std::optional<ProcessView> LookAtProcess(pid_t pid) {
  const std::string text = ReadProc(ProcPath(pid, "stat"), 4096);
  // The name in parentheses may hold anything, also blanks and parentheses.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= text.size()) return std::nullopt;
  const auto parts = Split(std::string_view(text).substr(name_end + 2), ' ');
  if (parts.size() < 22 || parts[0].empty()) return std::nullopt;
  ProcessView view;
  view.pid = pid;
  view.state = parts[0][0];
  view.parent = static_cast<pid_t>(NumberAt(parts, 1));
  view.session = static_cast<pid_t>(NumberAt(parts, 3));
  view.start_time = NumberAt(parts, 19);
  view.rss_bytes = NumberAt(parts, 21) * sysconf(_SC_PAGESIZE);
  return view;
}

std::vector<ProcessView> AllProcesses() {
  std::vector<ProcessView> out;
  EachNumber("/proc", [&](pid_t pid) {
    if (auto view = LookAtProcess(pid)) out.push_back(*view);
  });
  return out;
}

std::vector<ProcessView> DescendantsOf(pid_t root) {
  if (!KernelListsChildren()) return DescendantsByScan(root);
  std::vector<pid_t> pids;
  AddChildren(root, pids);
  for (size_t i = 0; i < pids.size(); ++i) AddChildren(pids[i], pids);
  std::vector<ProcessView> out;
  for (const pid_t pid : pids) {
    if (auto view = LookAtProcess(pid)) out.push_back(*view);
  }
  return out;
}

std::optional<std::string> VariableOf(pid_t pid, std::string_view name) {
  const std::string text = ReadProc(ProcPath(pid, "environ"), kEnvironmentBytesMax);
  for (const std::string_view line : Split(text, '\0')) {
    if (line.size() > name.size() && line.substr(0, name.size()) == name &&
        line[name.size()] == '=') {
      return std::string(line.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

bool SignalProcess(pid_t pid, int64_t start_time, int signal) {
  // The descriptor pins the process; only then is it sure that the start time read is its own.
  const Fd handle(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  const std::optional<ProcessView> view = LookAtProcess(pid);
  if (!view || view->start_time != start_time) return false;
  if (!handle.valid()) return kill(pid, signal) == 0;
  return syscall(SYS_pidfd_send_signal, handle.get(), signal, nullptr, 0) == 0;
}

}  // namespace lazurite
