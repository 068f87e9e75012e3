#include "engine/runner/sandbox.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

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
  if (!kept.valid()) return Failure("keeping " + path);
  return kept;
}

Status Restore(const Fd& kept, const std::string& path) {
  if (move_mount(kept.get(), "", AT_FDCWD, path.c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0) return {};
  return Failure("keeping " + path);
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

// Of `folder` only `kept` is seen from now on.
Status Narrow(const std::string& folder, const std::string& kept) {
  const std::string path = JoinPath(folder, kept);
  ASSIGN_OR_RETURN(const Fd tree, Keep(path));
  if (mount("none", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) {
    return Failure("hiding what else is in " + folder);
  }
  Status narrowed = mkdir(path.c_str(), 0700) == 0 ? Status() : Failure("making " + path);
  if (narrowed.ok()) narrowed = Restore(tree, path);
  if (narrowed.ok()) return RemountReadOnly(folder);
  umount2(folder.c_str(), MNT_DETACH);
  return narrowed;
}

void Note(const Status& done, std::vector<std::string>& missing) {
  if (!done.ok()) missing.push_back(done.text());
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

void Sandbox::HideAllBut(std::string folder, std::string kept) {
  narrowed_.push_back({std::move(folder), std::move(kept)});
}

void Sandbox::Protect(std::string path) { protected_.push_back(std::move(path)); }

void Sandbox::Allow(std::string path) { allowed_.push_back(std::move(path)); }

// Nothing is protected where what a job needs could not be kept out of it.
void Sandbox::ProtectAll(std::vector<std::string>& missing) const {
  std::vector<std::pair<const std::string*, Fd>> kept;
  for (const std::string& path : allowed_) {
    if (!Exists(path)) continue;
    Result<Fd> one = Keep(path);
    if (!one.ok()) return missing.push_back("nothing is write-protected: " + one.status().text());
    kept.emplace_back(&path, std::move(*one));
  }
  for (const std::string& path : protected_) {
    if (Exists(path)) Note(BindReadOnly(path, path), missing);
  }
  for (const auto& [path, one] : kept) Note(Restore(one, *path), missing);
}

void Sandbox::MountInputs(bool has_mounts, std::vector<std::string>& missing) const {
  for (const Input& input : inputs_) {
    if (IsLink(input.target)) continue;
    if (has_mounts) {
      const Status bound = BindReadOnly(input.source, input.target);
      if (bound.ok()) continue;
      Note(bound, missing);
    }
    LinkInstead(input.source, input.target);
  }
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
  std::vector<std::string> missing;
  const Status mounted = Mount();
  if (!mounted.ok()) {
    MountInputs(false, missing);
    return Unavailable("no mount namespace: " + mounted.text() +
                       "; inputs are links and can be written to, and nothing of the home is "
                       "hidden");
  }
  ProtectAll(missing);
  MountInputs(true, missing);
  // With what was mounted below what is kept.
  for (const auto& [folder, kept] : narrowed_) Note(Narrow(folder, kept), missing);
  for (const std::string& path : hidden_) Note(Cover(path), missing);
  if (missing.empty()) return {};
  return Unavailable("the job's sandbox has a gap: " + Join(missing, "; "));
}

std::vector<std::string> ServiceManagerDoors(uid_t user) {
  const std::string own = "/run/user/" + std::to_string(user);
  std::vector<std::string> doors = {own + "/bus", own + "/systemd"};
  if (user == 0) {
    doors.insert(doors.end(), {"/run/systemd/private", "/run/dbus/system_bus_socket"});
  }
  return doors;
}

}  // namespace lazurite::runner
