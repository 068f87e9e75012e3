#include "engine/runner/sandbox.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"

namespace lazurite::runner {
namespace {

Status Failure(std::string_view doing) { return ErrnoStatus(doing, errno); }

// A mount namespace by privilege, or else by a user namespace in which this user is itself.
Status Unshare() {
  if (unshare(CLONE_NEWNS) == 0) return {};
  if (errno != EPERM) return Failure("making a mount namespace");
  const std::string user = std::to_string(geteuid());
  const std::string group = std::to_string(getegid());
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return Failure("making a user namespace");
  TRY(WriteFile("/proc/self/setgroups", "deny"));
  TRY(WriteFile("/proc/self/uid_map", user + " " + user + " 1"));
  return WriteFile("/proc/self/gid_map", group + " " + group + " 1");
}

// Before Linux 5.12: this mount alone, keeping the flags that may not be dropped.
Status RemountReadOnly(const std::string& target) {
  struct statvfs info {};
  if (statvfs(target.c_str(), &info) != 0) return Failure("looking at " + target);
  unsigned long flags = MS_BIND | MS_REMOUNT | MS_RDONLY;
  if ((info.f_flag & ST_NOSUID) != 0) flags |= MS_NOSUID;
  if ((info.f_flag & ST_NODEV) != 0) flags |= MS_NODEV;
  if ((info.f_flag & ST_NOEXEC) != 0) flags |= MS_NOEXEC;
  if (mount(nullptr, target.c_str(), nullptr, flags, nullptr) == 0) return {};
  return Failure("making " + target + " read-only");
}

Status BindReadOnly(const std::string& source, const std::string& target) {
  if (mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    return Failure("mounting " + source);
  }
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (mount_setattr(AT_FDCWD, target.c_str(), AT_RECURSIVE, &attributes, sizeof attributes) == 0) {
    return {};
  }
  Status remounted = RemountReadOnly(target);
  if (!remounted.ok()) umount2(target.c_str(), MNT_DETACH);
  return remounted;
}

// What is mounted there now, held aside with all its mounts.
Result<Fd> Keep(const std::string& path) {
  Fd kept(open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
  if (!kept.valid()) return Failure("keeping " + path + " writable");
  return kept;
}

Status Restore(const Fd& kept, const std::string& path) {
  if (move_mount(kept.get(), "", AT_FDCWD, path.c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0) return {};
  return Failure("keeping " + path + " writable");
}

Status Cover(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return {};
  const int done =
      S_ISDIR(info.st_mode)
          ? mount("none", path.c_str(), "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "mode=0500")
          : mount("/dev/null", path.c_str(), nullptr, MS_BIND, nullptr);
  return done == 0 ? Status() : Failure("hiding " + path);
}

// Ranks do this side by side: what another has done already is fine.
void LinkInstead(const std::string& source, const std::string& target) {
  if (rmdir(target.c_str()) != 0) unlink(target.c_str());
  if (symlink(source.c_str(), target.c_str()) != 0) return;
}

bool IsLink(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
}

}  // namespace

void Sandbox::AddReadOnly(std::string source, std::string target) {
  inputs_.push_back({std::move(source), std::move(target)});
}

void Sandbox::Hide(std::string path) { hidden_.push_back(std::move(path)); }

void Sandbox::Protect(std::string path) { protected_.push_back(std::move(path)); }

void Sandbox::Allow(std::string path) { allowed_.push_back(std::move(path)); }

// Nothing is protected where what a job needs could not be kept out of it.
Status Sandbox::ProtectAll() const {
  std::vector<std::pair<const std::string*, Fd>> kept;
  for (const std::string& path : allowed_) {
    if (!Exists(path)) continue;
    ASSIGN_OR_RETURN(Fd one, Keep(path));
    kept.emplace_back(&path, std::move(one));
  }
  Status result;
  for (const std::string& path : protected_) {
    if (!Exists(path)) continue;
    Status bound = BindReadOnly(path, path);
    if (!bound.ok()) result = std::move(bound);
  }
  for (const auto& [path, one] : kept) {
    Status restored = Restore(one, *path);
    if (!restored.ok()) result = std::move(restored);
  }
  return result;
}

Status Sandbox::Mount() const {
  TRY(Unshare());
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return Failure("keeping mounts to this job");
  }
  return {};
}

Status Sandbox::Enter() const {
  if (is_empty()) return {};
  Status result = Mount();
  const bool has_mounts = result.ok();
  if (has_mounts) result = ProtectAll();
  for (const Input& input : inputs_) {
    if (has_mounts && !IsLink(input.target)) {
      Status bound = BindReadOnly(input.source, input.target);
      if (bound.ok()) continue;
      result = std::move(bound);
    }
    if (!IsLink(input.target)) LinkInstead(input.source, input.target);
  }
  for (const std::string& path : hidden_) {
    if (!has_mounts) break;
    Status covered = Cover(path);
    if (!covered.ok()) result = std::move(covered);
  }
  return result;
}

}  // namespace lazurite::runner
