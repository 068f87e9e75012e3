#include "domain/workspace/home_place.h"

#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/file.h"
#include "base/text.h"
#include "domain/workspace/places.h"

namespace lazurite {
namespace {

constexpr int64_t kFuse = 0x65735546;
// NFS, SMB, CIFS, SMB2, AFS (two), Coda, Ceph, 9P, Lustre, GPFS, BeeGFS, OCFS2, GFS2, PanFS
constexpr std::array<int64_t, 15> kNetworkMagics = {
    0x6969,     0x517B,     0xFF534D42, 0xFE534D42, 0x5346414F, 0x6B414653, 0x73757245, 0x00C36400,
    0x01021997, 0x0BD00BD0, 0x47504653, 0x19830326, 0x7461636F, 0x01161970, 0xAAD7AAEA};
// Programs behind FUSE that keep files on this machine's disks.
constexpr std::array<std::string_view, 6> kLocalFuse = {
    "fuseblk", "fuse.fuse-overlayfs", "fuse.bindfs", "fuse.gocryptfs", "fuse.encfs", "fuse.zfs"};

constexpr std::string_view kElsewhere = "choose another home with --home or LAZURITE_HOME";
constexpr mode_t kOpenBits = 077;
constexpr mode_t kHomeMode = 0700;
// They have room although they count no blocks, when they are not limited.
constexpr std::array<int64_t, 2> kMemoryMagics = {0x01021994, 0x858458F6};  // tmpfs, ramfs

bool IsMemory(int64_t magic) {
  return std::ranges::find(kMemoryMagics, magic & 0xFFFFFFFF) != kMemoryMagics.end();
}

// Empty, or with what makes a folder a home.
bool IsHome(const std::string& folder) {
  for (const char* mark : {"config.toml", "run/server.lock"}) {
    if (Exists(JoinPath(folder, mark))) return true;
  }
  if (Exists(DatabaseFile(folder))) return true;
  const Result<std::vector<std::string>> names = ListDir(folder);
  return names.ok() && names->empty();
}

std::string OctalText(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%o", mode & 07777U);
  return text.data();
}

// "nfs4" for the device that a folder lies on.
std::string NameOfFileSystem(dev_t device) {
  const Result<std::string> mounts = ReadFile("/proc/self/mountinfo");
  if (!mounts.ok()) return "";
  const std::string wanted = std::to_string(major(device)) + ":" + std::to_string(minor(device));
  for (const std::string_view line : Split(*mounts, '\n')) {
    const std::vector<std::string_view> words = Split(line, ' ');
    constexpr size_t kDevice = 2;
    if (words.size() <= kDevice || words[kDevice] != wanted) continue;
    const auto dash = std::find(words.begin() + kDevice, words.end(), "-");
    if (dash != words.end() && dash + 1 != words.end()) return std::string(*(dash + 1));
  }
  return "";
}

}  // namespace

bool IsNetworkFileSystem(int64_t magic, std::string_view name) {
  if (std::ranges::find(kNetworkMagics, magic & 0xFFFFFFFF) != kNetworkMagics.end()) return true;
  return magic == kFuse && std::ranges::find(kLocalFuse, name) == kLocalFuse.end();
}

Result<HomePlace> LookAtHome(const std::string& home) {
  HomePlace place{.home = home, .folder = home, .file_system = ""};
  while (!Exists(place.folder) && place.folder.size() > 1) place.folder = DirName(place.folder);
  struct stat info {};
  struct statfs system {};
  struct statvfs room {};
  const char* folder = place.folder.c_str();
  if (stat(folder, &info) != 0 || statfs(folder, &system) != 0 || statvfs(folder, &room) != 0) {
    return ErrnoStatus("looking at " + place.folder, errno);
  }
  place.file_system = NameOfFileSystem(info.st_dev);
  place.free_bytes = static_cast<int64_t>(room.f_bavail) * static_cast<int64_t>(room.f_frsize);
  place.has_no_inodes = room.f_files > 0 && room.f_favail == 0;
  const auto magic = static_cast<int64_t>(system.f_type);
  place.is_file = !S_ISDIR(info.st_mode);
  if (room.f_blocks == 0 && IsMemory(magic)) place.free_bytes = kHomeFreeMin;
  place.keeps_nothing = room.f_blocks == 0 && !IsMemory(magic);
  place.is_read_only = (room.f_flag & ST_RDONLY) != 0;
  place.is_network = IsNetworkFileSystem(magic, place.file_system);
  return place;
}

Status CheckHome(const HomePlace& place, bool may_be_network) {
  const std::string elsewhere(kElsewhere);
  const std::string kind =
      place.file_system.empty() ? "its file system" : "its file system (" + place.file_system + ")";
  const std::string free = FormatBytes(place.free_bytes) + " free";
  if (place.is_file) {
    return FailedPrecondition("the home " + place.home + " cannot be made: " + place.folder +
                              " is a file, not a folder; " + elsewhere);
  }
  if (place.is_network && !may_be_network) {
    return FailedPrecondition(
        "the home " + place.home + " lies on a network file system" +
        (place.file_system.empty() ? "" : " (" + place.file_system + ")") +
        ", where a database can be damaged; put it on a disk of this machine (df -l lists them) "
        "with --home or LAZURITE_HOME, data may stay where it is; network_home = true under "
        "[server] in ~/.config/lazurite/config.toml serves from there at your own risk");
  }
  if (place.keeps_nothing) {
    return FailedPrecondition("the home " + place.home + " cannot be made: " + kind + " at " +
                              place.folder + " keeps no files; " + elsewhere);
  }
  if (place.is_read_only) {
    return FailedPrecondition("the home " + place.home + " cannot be written to: " + kind + ", " +
                              free + ", is mounted read-only at " + place.folder +
                              "; mount it for writing, or " + elsewhere);
  }
  if (place.has_no_inodes) {
    return {Code::kNoSpace, "the disk of the home " + place.home + " is full: " + kind + ", " +
                                free + " at " + place.folder +
                                ", has no room for another file (df -i); delete some, or " +
                                elsewhere};
  }
  if (place.free_bytes < kHomeFreeMin) {
    return {Code::kNoSpace, "the disk of the home " + place.home + " is full: " + free + " at " +
                                place.folder + ", at least " + FormatBytes(kHomeFreeMin) +
                                " are needed; make room, or " + elsewhere};
  }
  return {};
}

Result<std::string> CloseHome(const std::string& home) {
  struct stat info {};
  if (stat(home.c_str(), &info) != 0) {
    return errno == ENOENT ? Result<std::string>("") : ErrnoStatus("looking at " + home, errno);
  }
  const std::string elsewhere = "; " + std::string(kElsewhere);
  if (info.st_uid != geteuid()) {
    return FailedPrecondition("the home " + home + " belongs to another user (number " +
                              std::to_string(info.st_uid) + "), who could read and change all of " +
                              "it" + elsewhere);
  }
  if ((info.st_mode & kOpenBits) == 0) return std::string();
  const std::string mode = OctalText(info.st_mode);
  if ((info.st_mode & S_ISVTX) != 0 || !IsHome(home)) {
    return FailedPrecondition("the folder " + home + " is open to other users (mode " + mode +
                              ") and holds other things than a home: a home is for its user alone" +
                              elsewhere);
  }
  if (chmod(home.c_str(), kHomeMode) != 0) return ErrnoStatus("closing " + home, errno);
  return "the home " + home + " was open to other users (mode " + mode +
         "): it is for its user alone now (mode " + OctalText(kHomeMode) + ")";
}

}  // namespace lazurite
