#include "api/upload/sinks.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lazurite::upload {
namespace {

// The disk begins to write while more comes in, so that the barrier at the end has little left to
// do.
constexpr int64_t kFlushBytes = int64_t{8} << 20;

mode_t ModeOf(const FileEntry& entry) { return entry.is_executable ? 0755 : 0644; }

}  // namespace

FileWriter::FileWriter(const Manifest& manifest, std::string folder)
    : manifest_(manifest), folder_(std::move(folder)) {}

Status FileWriter::MakeParent(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {};
  std::string parent = path.substr(0, slash);
  if (made_.contains(parent)) return {};
  TRY(MakeDirs(JoinPath(folder_, parent)));
  made_.insert(std::move(parent));
  return {};
}

Status FileWriter::Open(uint32_t file, int64_t offset) {
  const FileEntry& entry = manifest_.files[file];
  // Still open after a broken body.
  if (offset > 0 && fd_.valid() && offset == written_) return {};
  TRY(MakeParent(entry.path));
  const int fresh = offset == 0 ? O_TRUNC : 0;
  Result<Fd> fd =
      OpenFile(folder_ + "/" + entry.path, O_WRONLY | O_CREAT | O_NOFOLLOW | fresh, ModeOf(entry));
  if (!fd.ok()) return fd.status();
  fd_ = std::move(*fd);
  written_ = offset;
  flushed_ = offset;
  if (offset > 0 && lseek(fd_.get(), offset, SEEK_SET) < 0) {
    return ErrnoStatus("writing " + entry.path, errno);
  }
  return {};
}

Status FileWriter::Add(std::string_view bytes) {
  TRY(WriteAll(fd_.get(), bytes));
  written_ += static_cast<int64_t>(bytes.size());
  if (written_ - flushed_ >= kFlushBytes) {
    sync_file_range(fd_.get(), flushed_, written_ - flushed_, SYNC_FILE_RANGE_WRITE);
    flushed_ = written_;
  }
  return {};
}

Status FileWriter::Close(uint32_t) {
  fd_.Close();
  return {};
}

bool FileWriter::Link(uint32_t file, const std::string& source) {
  const FileEntry& entry = manifest_.files[file];
  struct stat info {};
  if (lstat(source.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  const bool is_same =
      info.st_size == entry.bytes && ((info.st_mode & S_IXUSR) != 0) == entry.is_executable;
  if (!is_same || !MakeParent(entry.path).ok()) return false;
  return link(source.c_str(), (folder_ + "/" + entry.path).c_str()) == 0;
}

Status FileHasher::Open(uint32_t, int64_t offset) {
  if (offset == 0) hasher_ = Hasher();
  return {};
}

Status FileHasher::Add(std::string_view bytes) {
  hasher_.Add(bytes);
  return {};
}

Status FileHasher::Close(uint32_t file) {
  manifest_.files[file].sha256 = hasher_.Hex();
  return {};
}

}  // namespace lazurite::upload
