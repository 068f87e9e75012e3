#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>

#include "base/text.h"

namespace lazurite {
namespace {

// A name beside `path` that nobody else uses.
std::string TemporaryName(const std::string& path) {
  static std::atomic<uint64_t> counter{0};
  return path + ".tmp-" + std::to_string(getpid()) + "-" + std::to_string(counter++);
}

Status WriteTo(const std::string& path, std::string_view content, mode_t mode, bool sync) {
  ASSIGN_OR_RETURN(const Fd file, OpenFile(path, O_WRONLY | O_CREAT | O_TRUNC, mode));
  TRY(WriteAll(file.get(), content).ok() ? Status() : ErrnoStatus("writing " + path, errno));
  if (sync && fdatasync(file.get()) != 0) return ErrnoStatus("syncing " + path, errno);
  return {};
}

Status SyncOpened(const std::string& path, int flags, int (*sync)(int)) {
  ASSIGN_OR_RETURN(const Fd file, OpenFile(path, flags));
  if (sync(file.get()) != 0) return ErrnoStatus("syncing " + path, errno);
  return {};
}

// From `at` to `end`, or to the end of the file if that comes first.
Status CopyRange(int in, int out, off_t at, off_t end) {
  bool is_kernels = true;  // copy_file_range can do it
  if (lseek(out, at, SEEK_SET) < 0) return ErrnoStatus("seeking", errno);
  while (at < end) {
    const auto wanted = static_cast<size_t>(std::min<off_t>(end - at, off_t{1} << 30));
    const ssize_t count = is_kernels ? copy_file_range(in, &at, out, nullptr, wanted, 0)
                                     : sendfile(out, in, &at, wanted);
    if (count == 0) return {};
    if (count > 0 || errno == EINTR) continue;
    const bool is_unable =
        errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP;
    if (!is_kernels || !is_unable) return ErrnoStatus("copying", errno);
    is_kernels = false;
  }
  return {};
}

// Holes stay holes.
Status CopyBytes(int in, int out) {
  struct stat info {};
  if (fstat(in, &info) != 0) return ErrnoStatus("looking at it", errno);
  off_t at = 0;
  while (at < info.st_size) {
    const off_t data = lseek(in, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;
    const off_t hole = data < 0 ? -1 : lseek(in, data, SEEK_HOLE);
    const off_t end = hole < 0 ? info.st_size : hole;
    TRY(CopyRange(in, out, std::max(at, data), end));
    at = end;
  }
  if (ftruncate(out, info.st_size) != 0) return ErrnoStatus("making it as long", errno);
  return {};
}

Status CopyFile(const std::string& from, const std::string& to, mode_t mode) {
  ASSIGN_OR_RETURN(const Fd in, OpenFile(from, O_RDONLY));
  ASSIGN_OR_RETURN(const Fd out, OpenFile(to, O_WRONLY | O_CREAT | O_TRUNC, mode | 0200));
  if (ioctl(out.get(), FICLONE, in.get()) == 0) return {};
  return CopyBytes(in.get(), out.get()).With("copying " + from);
}

Status CopyEntry(const std::string& from, const std::string& to, const struct stat& info) {
  if (S_ISDIR(info.st_mode)) return MakeDirs(to, info.st_mode & 0777);
  if (S_ISLNK(info.st_mode)) {
    std::error_code error;
    std::filesystem::copy_symlink(from, to, error);
    return error ? ErrnoStatus("copying " + from, error.value()) : Status();
  }
  if (S_ISREG(info.st_mode)) return CopyFile(from, to, info.st_mode & 0777);
  return {};  // sockets and devices are left out
}

Status Walk(const std::string& root, const std::string& prefix, std::vector<WalkEntry>& out) {
  const std::string folder = prefix.empty() ? root : root + "/" + prefix;
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDir(folder));
  for (const std::string& name : names) {
    WalkEntry entry;
    entry.path = prefix.empty() ? name : prefix + "/" + name;
    if (lstat((root + "/" + entry.path).c_str(), &entry.info) != 0) continue;  // gone meanwhile
    const bool is_folder = S_ISDIR(entry.info.st_mode);
    out.push_back(entry);
    if (is_folder) TRY(Walk(root, entry.path, out));  // `out` moves its entries
  }
  return {};
}

constexpr int kBeneathFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

// Part by part, for kernels without openat2 (before Linux 5.6). Gives -1 and errno.
int WalkBeneath(int root, const std::string& relative) {
  Fd folder;
  const std::vector<std::string_view> parts = Split(relative, '/');
  for (size_t i = 0; i < parts.size(); ++i) {
    const int at = folder.valid() ? folder.get() : root;
    const std::string name(parts[i]);
    const bool is_last = i + 1 == parts.size();
    const int flags = is_last ? kBeneathFlags : O_PATH | O_DIRECTORY | O_CLOEXEC;
    const int fd = openat(at, name.c_str(), flags | O_NOFOLLOW);
    if (fd < 0) {
      const int error = errno;
      struct stat info {};
      const bool is_link =
          fstatat(at, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode);
      errno = is_link ? ELOOP : error;
      return -1;
    }
    folder = Fd(fd);
  }
  return folder.Release();
}

int TryOpenBeneath(int root, const std::string& relative) {
  open_how how{};
  how.flags = kBeneathFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long fd = syscall(SYS_openat2, root, relative.c_str(), &how, sizeof how);
  // Old filters of system calls answer EPERM to what they do not know.
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
  return WalkBeneath(root, relative);
}

}  // namespace

void Fd::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

Result<Fd> OpenFile(const std::string& path, int flags, mode_t mode) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return ErrnoStatus("opening " + path, errno);
  return Fd(fd);
}

Result<std::string> ReadFile(const std::string& path, size_t bytes_max) {
  ASSIGN_OR_RETURN(const Fd file, OpenFile(path, O_RDONLY));
  std::string out;
  std::string buffer(size_t{64} << 10, '\0');
  while (true) {
    const ssize_t count = read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus("reading " + path, errno);
    if (count == 0) return out;
    out.append(buffer, 0, static_cast<size_t>(count));
    if (out.size() > bytes_max) {
      return Status(Code::kResourceExhausted,
                    path + " is larger than " + FormatBytes(static_cast<int64_t>(bytes_max)));
    }
  }
}

Result<Fd> OpenBeneath(const std::string& root, std::string_view relative) {
  ASSIGN_OR_RETURN(const Fd folder, OpenFile(root, O_PATH | O_DIRECTORY));
  std::string path = ".";
  if (!relative.empty()) {
    ASSIGN_OR_RETURN(path, SafeRelative(relative));
  }
  const int fd = TryOpenBeneath(folder.get(), path);
  if (fd >= 0) return Fd(fd);
  if (errno == ELOOP || errno == EXDEV) {
    return Status(Code::kPermissionDenied,
                  "\"" + path + "\" is a symbolic link or lies behind one; links are not followed");
  }
  if (errno == ENOTDIR) return NotFound("there is no \"" + path + "\"");
  return ErrnoStatus("opening " + JoinPath(root, path), errno);
}

Result<std::string> ReadRange(const std::string& path, int64_t offset, size_t count) {
  ASSIGN_OR_RETURN(const Fd file, OpenFile(path, O_RDONLY));
  Result<std::string> bytes = ReadRange(file, offset, count);
  if (!bytes.ok()) return Status(bytes.status()).With(path);
  return bytes;
}

Result<std::string> ReadRange(const Fd& file, int64_t offset, size_t count) {
  std::string out(count, '\0');
  size_t have = 0;
  while (have < count) {
    const ssize_t got = pread(file.get(), out.data() + have, count - have,
                              static_cast<off_t>(offset + static_cast<int64_t>(have)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus("reading a file", errno);
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  out.resize(have);
  return out;
}

Status WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus("writing", errno);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

Status WriteFile(const std::string& path, std::string_view content, mode_t mode) {
  return WriteTo(path, content, mode, false);
}

Status WriteFileAtomic(const std::string& path, std::string_view content, mode_t mode) {
  const std::string temporary = TemporaryName(path);
  Status status = WriteTo(temporary, content, mode, true);
  if (status.ok()) status = Rename(temporary, path);
  if (status.ok()) return SyncDir(DirName(path));
  unlink(temporary.c_str());
  return status;
}

Status MakeDirs(const std::string& path, mode_t mode) {
  if (mkdir(path.c_str(), mode) == 0) return {};
  const int error = errno;
  if (error == EEXIST && IsDir(path)) return {};
  if (error != ENOENT || path.empty() || path == "/") return ErrnoStatus("making " + path, error);
  TRY(MakeDirs(DirName(path), mode));
  if (mkdir(path.c_str(), mode) == 0 || (errno == EEXIST && IsDir(path))) return {};
  return ErrnoStatus("making " + path, errno);
}

Status RemoveTree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  return error ? ErrnoStatus("removing " + path, error.value()) : Status();
}

Status Rename(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) {
    return ErrnoStatus("renaming " + from + " to " + to, errno);
  }
  return {};
}

Status SyncFile(const std::string& path) { return SyncOpened(path, O_RDONLY, fsync); }
Status SyncDir(const std::string& path) { return SyncOpened(path, O_RDONLY | O_DIRECTORY, fsync); }
Status SyncFileSystem(const std::string& path) { return SyncOpened(path, O_RDONLY, syncfs); }

bool Exists(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

bool IsDir(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Result<int64_t> FileSize(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return ErrnoStatus("looking at " + path, errno);
  return int64_t{info.st_size};
}

Result<std::vector<std::string>> ListDir(const std::string& path) {
  DIR* folder = opendir(path.c_str());
  if (folder == nullptr) return ErrnoStatus("listing " + path, errno);
  std::vector<std::string> names;
  while (const dirent* entry = readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  closedir(folder);
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<WalkEntry>> WalkTree(const std::string& path) {
  std::vector<WalkEntry> entries;
  TRY(Walk(path, "", entries));
  return entries;
}

Status CopyTree(const std::string& from, const std::string& to) {
  struct stat info;
  if (lstat(from.c_str(), &info) != 0) return ErrnoStatus("looking at " + from, errno);
  TRY(CopyEntry(from, to, info));
  if (!S_ISDIR(info.st_mode)) return {};
  ASSIGN_OR_RETURN(const std::vector<WalkEntry> entries, WalkTree(from));
  for (const WalkEntry& entry : entries) {
    TRY(CopyEntry(from + "/" + entry.path, to + "/" + entry.path, entry.info));
  }
  return {};
}

std::string JoinPath(std::string_view a, std::string_view b) {
  if (a.empty() || (!b.empty() && b.front() == '/')) return std::string(b);
  if (b.empty()) return std::string(a);
  std::string out(a);
  if (out.back() != '/') out += '/';
  return out.append(b);
}

std::string BaseName(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || path == "/") return std::string(path);
  return std::string(path.substr(slash + 1));
}

std::string DirName(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  if (slash == 0) return "/";
  return std::string(path.substr(0, slash));
}

std::string NormalPath(std::string_view path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(std::filesystem::path(path), error);
  std::string out = absolute.lexically_normal().string();
  while (out.size() > 1 && out.back() == '/') out.pop_back();
  return out;
}

Result<std::string> SafeRelative(std::string_view name) {
  static constexpr size_t kPathBytesMax = 4096;
  static constexpr size_t kPartBytesMax = 255;
  const auto refuse = [&](std::string_view why) {
    return InvalidArgument("path \"" + std::string(name.substr(0, 200)) + "\" " + std::string(why));
  };
  if (name.empty()) return refuse("is empty");
  if (name.size() > kPathBytesMax) return refuse("is longer than 4096 bytes");
  if (name.front() == '/') return refuse("is absolute; give it relative to the folder");
  if (name.find('\0') != std::string_view::npos) return refuse("holds a NUL byte");
  while (name.size() > 1 && name.back() == '/') name.remove_suffix(1);
  std::string out;
  for (const std::string_view part : Split(name, '/')) {
    if (part.empty() || part == ".") return refuse("has an empty or \".\" part");
    if (part == "..") return refuse("leaves its folder by \"..\"");
    if (part.size() > kPartBytesMax) return refuse("has a part longer than 255 bytes");
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

Result<std::string> ConfinedPath(const std::string& root, std::string_view name) {
  ASSIGN_OR_RETURN(const std::string relative, SafeRelative(name));
  return JoinPath(root, relative);
}

}  // namespace lazurite
