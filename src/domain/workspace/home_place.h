// Where a home lies: it wants a disk of this machine, with room on it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace lazurite {

// A server does not start on less: its database and the records of its jobs must still grow.
inline constexpr int64_t kHomeFreeMin = int64_t{16} << 20;

struct HomePlace {
  std::string home;
  std::string folder;       // the home, or the nearest folder above it that exists
  std::string file_system;  // "ext4", "nfs4", "fuse.sshfs"; "" if it is not known
  int64_t free_bytes = 0;   // for this user
  bool has_no_inodes = false;
  bool is_read_only = false;
  bool is_network = false;     // other machines may write there too, or it may be gone for a while
  bool is_file = false;        // `folder` is none
  bool keeps_nothing = false;  // /proc and the like
};

// kNotFound, kPermissionDenied: neither the home nor a folder above it can be looked at.
Result<HomePlace> LookAtHome(const std::string& home);

// True for file systems whose locks and mapped memory hold on one machine only, or not at all: by
// statfs(2)'s magic number and the name in /proc/self/mountinfo ("" if that is not known).
bool IsNetworkFileSystem(int64_t magic, std::string_view name);

// kFailedPrecondition: a file in its place, a file system that keeps no files, one of the network
// (unless allowed), or one that is mounted read-only; kNoSpace: a full one. The text names the
// path, what is there, and the way out.
Status CheckHome(const HomePlace& place, bool may_be_network);

// A home is for its user alone (0700). One that is open to others is closed, and what was done is
// told in a sentence ("": nothing; there may be no home yet). kFailedPrecondition: somebody else's,
// or a folder open to others that holds things but is no home.
Result<std::string> CloseHome(const std::string& home);

}  // namespace lazurite
