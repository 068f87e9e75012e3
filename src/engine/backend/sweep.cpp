#include "engine/backend/sweep.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <set>
#include <thread>

#include "domain/attempt/control_group.h"
#include "domain/attempt/process.h"

namespace lazurite::backend {
namespace {

constexpr const char* kMark = "LAZURITE_ATTEMPT";
// A killed process goes at once unless it waits for a disk: whoever asks has other jobs to look at
// meanwhile, and asks again.
constexpr int kLooksMax = 10;
constexpr std::chrono::milliseconds kLookAgain{20};

class Search {
 public:
  explicit Search(const std::vector<Remains>& remains) {
    for (const Remains& one : remains) {
      marks_.insert(one.attempt_folder);
      AddSession(one.runner);
    }
  }

  std::vector<ProcessView> Find() const {
    const std::vector<ProcessView> all = AllProcesses();
    std::set<pid_t> found;
    for (const ProcessView& process : all) {
      if (IsMarked(process)) found.insert(process.pid);
    }
    // A child is listed before or after its parent, so until nothing is added.
    for (size_t before = 0; before != found.size();) {
      before = found.size();
      for (const ProcessView& process : all) {
        if (found.contains(process.parent)) found.insert(process.pid);
      }
    }
    std::vector<ProcessView> out;
    for (const ProcessView& process : all) {
      if (process.state == 'Z' || process.pid == getpid()) continue;
      if (found.contains(process.pid)) out.push_back(process);
    }
    return out;
  }

 private:
  void AddSession(const RunnerIdentity& runner) {
    if (runner.pid <= 1 || runner.boot_id != BootId()) return;
    // A number is not given again while a session has it; if another process has it now, then the
    // session has ended.
    const std::optional<ProcessView> now = LookAtProcess(runner.pid);
    if (now && now->start_time != runner.start_time) return;
    if (runner.pid != getsid(0)) sessions_.insert(runner.pid);
  }

  bool IsMarked(const ProcessView& process) const {
    if (process.pid == getpid() || process.state == 'Z') return false;
    if (sessions_.contains(process.session)) return true;
    const std::optional<std::string> mark = VariableOf(process.pid, kMark);
    if (mark && marks_.contains(*mark)) return true;
    return WritesLog(process.pid, 1) || WritesLog(process.pid, 2);
  }

  // A daemon that dropped its variables and its session mostly keeps its output: no process but the
  // job's own has a log as that.
  bool WritesLog(pid_t pid, int fd) const {
    const std::string path = "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(fd);
    std::array<char, 4096> target;
    const ssize_t size = readlink(path.c_str(), target.data(), target.size());
    if (size <= 0) return false;
    const std::string_view file(target.data(), static_cast<size_t>(size));
    const size_t logs = file.rfind("/user_logs/");
    return logs != std::string_view::npos && marks_.contains(std::string(file.substr(0, logs)));
  }

  std::set<std::string> marks_;
  std::set<pid_t> sessions_;
};

// Those that are still there.
std::vector<ControlGroup> GroupsOf(const std::vector<Remains>& remains) {
  std::vector<ControlGroup> groups;
  for (const Remains& one : remains) {
    std::vector<std::string> folders;
    for (const std::string& folder : one.groups) {
      if (IsDir(folder)) folders.push_back(folder);
    }
    if (!folders.empty()) groups.emplace_back(std::move(folders));
  }
  return groups;
}

bool AreEmpty(const std::vector<ControlGroup>& groups) {
  return std::ranges::all_of(groups, [](const ControlGroup& group) { return group.IsEmpty(); });
}

Status Remove(const std::vector<ControlGroup>& groups) {
  for (const ControlGroup& group : groups) TRY(group.Remove());
  return {};
}

}  // namespace

Status KillRemains(const std::vector<Remains>& remains) {
  const Search search(remains);
  const std::vector<ControlGroup> groups = GroupsOf(remains);
  for (int look = 0; look < kLooksMax; ++look) {
    const std::vector<ProcessView> found = search.Find();
    for (const ControlGroup& group : groups) group.Kill();
    if (found.empty() && AreEmpty(groups)) return Remove(groups);
    for (const ProcessView& process : found) {
      SignalProcess(process.pid, process.start_time, SIGKILL);
    }
    std::this_thread::sleep_for(kLookAgain);
  }
  return Internal("some processes of the attempt do not end, though they were killed");
}

}  // namespace lazurite::backend
