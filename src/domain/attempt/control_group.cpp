#include "domain/attempt/control_group.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"

namespace lazurite {
namespace {

constexpr int64_t kSharesPerCore = 1024;  // v1, its own default for a group
constexpr int64_t kWeightPerCore = 100;   // v2, its own default for a group
constexpr int64_t kWeightMax = 10'000;
constexpr size_t kNameBytesMax = 64;
constexpr size_t kAboveMax = 32;
// A process that was killed leaves its group a moment later.
constexpr int kRemoveTriesMax = 100;
constexpr useconds_t kRemoveAgainUs = 2000;

Status Set(const std::string& folder, std::string_view name, std::string_view value) {
  const std::string path = JoinPath(folder, name);
  ASSIGN_OR_RETURN(const Fd file, OpenFile(path, O_WRONLY));
  if (write(file.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size())) {
    return {};
  }
  return ErrnoStatus("writing \"" + std::string(value) + "\" to " + path, errno);
}

std::string Get(const std::string& folder, std::string_view name) {
  Result<std::string> text = ReadFile(JoinPath(folder, name));
  return text.ok() ? std::move(text).value() : "";
}

// Of "name 3" lines.
int64_t Count(std::string_view text, std::string_view name) {
  for (const std::string_view line : Split(text, '\n')) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ' ') continue;
    return ParseInt(line.substr(name.size() + 1)).value_or(0);
  }
  return 0;
}

bool HasWord(std::string_view text, std::string_view word) {
  const auto words = Split(Trim(text), ' ');
  return std::ranges::find(words, word) != words.end();
}

Status MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0755) == 0) return {};
  return ErrnoStatus("making " + path, errno);
}

// The group of this process in the hierarchy that has `controller` ("" = v2's), below `root`. In a
// container the kernel may tell a path that is not shown there: then it is the topmost one.
std::string OwnGroup(const GroupPlaces& places, std::string_view controller) {
  const Result<std::string> text = ReadFile(places.own);
  if (!text.ok()) return "";
  const std::string root = controller.empty() ? places.root : JoinPath(places.root, controller);
  for (const std::string_view line : Split(text.value(), '\n')) {
    const auto parts = Split(line, ':');
    if (parts.size() < 3) continue;
    const auto controllers = Split(parts[1], ',');
    const bool is_it = controller.empty()
                           ? parts[1].empty()
                           : std::ranges::find(controllers, controller) != controllers.end();
    if (!is_it) continue;
    const std::string path = root + std::string(line.substr(parts[0].size() + parts[1].size() + 2));
    return NormalPath(IsDir(path) ? path : root);
  }
  return "";
}

// Ends what a group of the name has left and makes it anew.
Status MakeAnew(const std::string& folder) {
  if (IsDir(folder)) {
    const ControlGroup earlier({folder});
    earlier.Kill();
    TRY(earlier.Remove());
  }
  return MakeFolder(folder);
}

// v2: the children of this group can have the controller; asks for it if they cannot yet.
bool HasController(const std::string& folder, std::string_view name) {
  constexpr std::string_view kControl = "cgroup.subtree_control";
  if (HasWord(Get(folder, kControl), name)) return true;
  return Set(folder, kControl, "+" + std::string(name)).ok() &&
         HasWord(Get(folder, kControl), name);
}

// v2: the nearest group above whose children can have limits. One that has processes itself cannot
// be it, which the kernel says when asked.
std::string ParentOfGroups(const GroupPlaces& places) {
  std::string folder = OwnGroup(places, "");
  for (size_t i = 0; i < kAboveMax && folder.size() >= places.root.size(); ++i) {
    if (access(folder.c_str(), W_OK) == 0) {
      (void)HasController(folder, "cpu");
      if (HasController(folder, "memory")) return folder;
    }
    folder = DirName(folder);
  }
  return "";
}

Status LimitV2(const std::string& folder, const GroupLimits& limits) {
  TRY(Set(folder, "cgroup.subtree_control", "+memory"));
  if (limits.memory_bytes > 0) {
    TRY(Set(folder, "memory.max", std::to_string(limits.memory_bytes)));
    if (Exists(JoinPath(folder, "memory.swap.max"))) TRY(Set(folder, "memory.swap.max", "0"));
    // No half of a job goes on.
    TRY(Set(folder, "memory.oom.group", "1"));
  }
  if (!Exists(JoinPath(folder, "cpu.weight"))) return {};
  const int64_t weight = std::clamp<int64_t>(limits.cores * kWeightPerCore, 1, kWeightMax);
  return Set(folder, "cpu.weight", std::to_string(weight));
}

Status LimitV1(const std::string& folder, const GroupLimits& limits) {
  // Where it cannot be set, it is so already, or the parts would not be counted.
  (void)Set(folder, "memory.use_hierarchy", "1");
  if (Trim(Get(folder, "memory.use_hierarchy")) != "1") {
    return Unavailable("the parts of " + folder + " are not counted together");
  }
  if (limits.memory_bytes <= 0) return {};
  const std::string bytes = std::to_string(limits.memory_bytes);
  TRY(Set(folder, "memory.limit_in_bytes", bytes));
  if (!Exists(JoinPath(folder, "memory.memsw.limit_in_bytes"))) return {};
  return Set(folder, "memory.memsw.limit_in_bytes", bytes);
}

Status MakeParts(const std::string& folder, size_t parts) {
  for (size_t part = 0; part < parts; ++part) {
    TRY(MakeFolder(folder + "/rank_" + std::to_string(part)));
  }
  return {};
}

Status Filled(Status made, const std::vector<std::string>& folders) {
  if (made.ok()) return {};
  if (!folders.empty()) (void)ControlGroup(folders).Remove();
  return Unavailable("no control group can be made here: " + made.text());
}

Status FillV1(const GroupPlaces& places, const std::string& name, const GroupLimits& limits,
              std::vector<std::string>& folders) {
  const std::string memory = JoinPath(OwnGroup(places, "memory"), name);
  TRY(MakeAnew(memory));
  folders.push_back(memory);
  TRY(LimitV1(memory, limits));
  const std::string own = OwnGroup(places, "cpu");
  const std::string cpu = JoinPath(own, name);
  // Without it memory is limited all the same.
  if (own.empty() || !MakeAnew(cpu).ok()) return {};
  folders.push_back(cpu);
  return Set(cpu, "cpu.shares", std::to_string(std::max(limits.cores, 1) * kSharesPerCore));
}

// Processes of a group, and of all below it.
std::vector<pid_t> ProcessesIn(const std::string& folder) {
  std::vector<pid_t> pids;
  const std::string listed = Get(folder, "cgroup.procs");
  for (const std::string_view line : Split(listed, '\n')) {
    if (const auto pid = ParseInt(line); pid && *pid > 1) pids.push_back(static_cast<pid_t>(*pid));
  }
  const Result<std::vector<std::string>> names = ListDir(folder);
  if (!names.ok()) return pids;
  for (const std::string& name : *names) {
    const std::string below = JoinPath(folder, name);
    if (!IsDir(below)) continue;
    const std::vector<pid_t> more = ProcessesIn(below);
    pids.insert(pids.end(), more.begin(), more.end());
  }
  return pids;
}

// The folder of a group goes when it has no groups below it; its files are the kernel's.
Status RemoveGroup(const std::string& folder) {
  const Result<std::vector<std::string>> names = ListDir(folder);
  if (!names.ok()) return names.status().code() == Code::kNotFound ? Status() : names.status();
  for (const std::string& name : *names) {
    const std::string below = JoinPath(folder, name);
    if (IsDir(below)) TRY(RemoveGroup(below));
  }
  if (rmdir(folder.c_str()) == 0 || errno == ENOENT) return {};
  return Unavailable(ErrnoStatus("removing " + folder, errno).text());
}

}  // namespace

Status StayInOwnGroup(const GroupPlaces& places) {
  std::string folder = OwnGroup(places, "memory");
  if (folder.empty()) folder = OwnGroup(places, "");
  // The topmost group that stands for one not shown is another: that would be a real move.
  const std::string own = std::to_string(getpid());
  const std::string members = Get(folder, "cgroup.procs");
  const auto lines = Split(members, '\n');
  if (folder.empty() || std::ranges::find(lines, own) == lines.end()) {
    return Unavailable("the control group of this process is not shown");
  }
  return Set(folder, "cgroup.procs", own);
}

std::string ControlGroup::NameOf(const std::string& attempt_folder) {
  const std::string job = BaseName(DirName(attempt_folder));
  const std::string hash = Sha256Hex(attempt_folder).substr(0, 12);
  return "lazurite-" + job.substr(0, kNameBytesMax) + "-" + BaseName(attempt_folder) + "-" + hash;
}

Result<ControlGroup> ControlGroup::Make(const GroupPlaces& places, const std::string& name,
                                        size_t parts, const GroupLimits& limits) {
  std::vector<std::string> folders;
  if (!OwnGroup(places, "memory").empty()) {
    Status made = FillV1(places, name, limits, folders);
    if (made.ok()) made = MakeParts(folders.front(), parts);
    TRY(Filled(std::move(made), folders));
    return ControlGroup(std::move(folders));
  }
  const std::string parent = ParentOfGroups(places);
  if (parent.empty()) {
    return Unavailable("no control group of the kernel's can be written here");
  }
  folders = {JoinPath(parent, name)};
  Status made = MakeAnew(folders.front());
  if (made.ok()) made = LimitV2(folders.front(), limits);
  if (made.ok()) made = MakeParts(folders.front(), parts);
  TRY(Filled(std::move(made), folders));
  return ControlGroup(std::move(folders));
}

ControlGroup::ControlGroup(std::vector<std::string> folders) : folders_(std::move(folders)) {
  const bool is_v1 = Exists(JoinPath(folders_.front(), "memory.limit_in_bytes"));
  kind_ = is_v1 ? Kind::kV1 : Kind::kV2;
}

std::string_view ControlGroup::kind() const {
  return kind_ == Kind::kV1 ? "cgroup v1" : "cgroup v2";
}

std::string ControlGroup::PartOf(const std::string& folder, size_t part) const {
  return folder + "/rank_" + std::to_string(part);
}

Status ControlGroup::Enter(size_t part) const {
  // "0" is whoever writes.
  TRY(Set(PartOf(folders_.front(), part), "cgroup.procs", "0"));
  for (size_t i = 1; i < folders_.size(); ++i) TRY(Set(folders_[i], "cgroup.procs", "0"));
  return {};
}

int64_t ControlGroup::Peak() const {
  const char* const file = kind_ == Kind::kV1 ? "memory.max_usage_in_bytes" : "memory.peak";
  return ParseInt(Trim(Get(folders_.front(), file))).value_or(0);
}

int64_t ControlGroup::PeakOf(size_t part) const {
  const char* const file = kind_ == Kind::kV1 ? "memory.max_usage_in_bytes" : "memory.peak";
  return ParseInt(Trim(Get(PartOf(folders_.front(), part), file))).value_or(0);
}

int64_t ControlGroup::KillsForMemoryOf(size_t part) const {
  const char* const file = kind_ == Kind::kV1 ? "memory.oom_control" : "memory.events";
  return Count(Get(PartOf(folders_.front(), part), file), "oom_kill");
}

int64_t ControlGroup::KillsForMemory() const {
  if (kind_ == Kind::kV2) return Count(Get(folders_.front(), "memory.events"), "oom_kill");
  // v1 counts each group by itself.
  int64_t kills = Count(Get(folders_.front(), "memory.oom_control"), "oom_kill");
  const Result<std::vector<std::string>> names = ListDir(folders_.front());
  if (!names.ok()) return kills;
  for (const std::string& name : *names) {
    if (!name.starts_with("rank_")) continue;
    kills += Count(Get(JoinPath(folders_.front(), name), "memory.oom_control"), "oom_kill");
  }
  return kills;
}

void ControlGroup::Kill() const {
  if (kind_ == Kind::kV2 && Set(folders_.front(), "cgroup.kill", "1").ok()) return;
  for (const std::string& folder : folders_) {
    for (const pid_t pid : ProcessesIn(folder)) kill(pid, SIGKILL);
  }
}

bool ControlGroup::IsEmpty() const {
  return std::ranges::all_of(folders_,
                             [](const std::string& folder) { return ProcessesIn(folder).empty(); });
}

Status ControlGroup::Remove() const {
  Status result;
  for (const std::string& folder : folders_) {
    Status removed = RemoveGroup(folder);
    for (int i = 0; !removed.ok() && i < kRemoveTriesMax; ++i) {
      usleep(kRemoveAgainUs);
      removed = RemoveGroup(folder);
    }
    if (!removed.ok()) result = std::move(removed);
  }
  return result;
}

}  // namespace lazurite
