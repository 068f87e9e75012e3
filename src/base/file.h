// Files and folders. Paths are plain strings in UTF-8.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lazurite {

// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { Close(); }
  Fd(Fd&& other) noexcept : fd_(other.Release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = other.Release();
    }
    return *this;
  }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Close();

 private:
  int fd_ = -1;
};

// open(2) with O_CLOEXEC.
Result<Fd> OpenFile(const std::string& path, int flags, mode_t mode = 0644);
// The whole content; kNotFound, or kResourceExhausted beyond `bytes_max`.
Result<std::string> ReadFile(const std::string& path, size_t bytes_max = size_t{64} << 20);
// For reading: a file or folder that lies really below `root`, "" being `root` itself; no symbolic
// link below `root` is followed, whatever others do there meanwhile, and no pipe is waited for.
// kPermissionDenied: there is a link on the way. Look at what it is with fstat.
Result<Fd> OpenBeneath(const std::string& root, std::string_view relative);
// At most `count` bytes from `offset`; fewer at the end.
Result<std::string> ReadRange(const Fd& file, int64_t offset, size_t count);
Result<std::string> ReadRange(const std::string& path, int64_t offset, size_t count);
Status WriteAll(int fd, std::string_view bytes);
// Writes to a temporary name, syncs, renames: afterwards the file has the old content or the new,
// even after a crash.
Status WriteFileAtomic(const std::string& path, std::string_view content, mode_t mode = 0644);
// Plain write, neither atomic nor durable.
Status WriteFile(const std::string& path, std::string_view content, mode_t mode = 0644);

Status MakeDirs(const std::string& path,
                mode_t mode = 0755);         // with its parents; fine if it exists
Status RemoveTree(const std::string& path);  // fine if it does not exist; follows no links
Status Rename(const std::string& from, const std::string& to);
Status SyncFile(const std::string& path);        // fsync
Status SyncDir(const std::string& path);         // fsync of the folder itself
Status SyncFileSystem(const std::string& path);  // syncfs: everything on that file system
bool Exists(const std::string& path);
bool IsDir(const std::string& path);
Result<int64_t> FileSize(const std::string& path);
Result<std::vector<std::string>> ListDir(const std::string& path);  // names, sorted

// One file or folder below a walked folder.
struct WalkEntry {
  std::string path;  // relative to the folder, '/' between parts
  struct stat info;  // of lstat: links are links
};
// Everything below `path`, parents before children, sorted; links are listed, not followed.
Result<std::vector<WalkEntry>> WalkTree(const std::string& path);
// Copies a file or a folder tree: reflinks where the file system has them; links are copied as
// links.
Status CopyTree(const std::string& from, const std::string& to);

std::string JoinPath(std::string_view a, std::string_view b);  // `b` alone if it is absolute
std::string BaseName(std::string_view path);
std::string DirName(std::string_view path);
// Absolute, without ".", ".." and double slashes; looks at no disk.
std::string NormalPath(std::string_view path);
// A relative name from outside, made safe: parts joined by '/', no empty, "." or ".." part, no NUL,
// not absolute, each part at most 255 bytes, at most 4096 in all. kInvalidArgument names it.
Result<std::string> SafeRelative(std::string_view name);
// `root` joined with a name from outside; never leaves `root`.
Result<std::string> ConfinedPath(const std::string& root, std::string_view name);

}  // namespace lazurite
