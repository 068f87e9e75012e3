#include "api/upload/staged_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "base/hash.h"
#include "domain/attempt/process.h"

namespace lazurite::upload {
namespace {

constexpr std::string_view kNotesTitle = "lazurite upload notes 1 ";
// The disk begins to write while more comes in, so that the barrier at the end has little left to
// do.
constexpr int64_t kFlushBytes = int64_t{8} << 20;

// What is noted of each extent, once it is written: the number of the file and of the piece, and
// the piece's node, or the hash of a small file.
constexpr size_t kNoteBytes = 4 + 8 + sizeof(Blake3Node);
constexpr int64_t kNotesRead = 4096;  // at a time

std::string NotesHead() { return std::string(kNotesTitle) + BootId() + "\n"; }

void AppendNote(std::string& notes, const Extent& extent, const Blake3Node& node) {
  const auto piece = static_cast<uint64_t>(extent.offset / kPieceBytes);
  notes.append(reinterpret_cast<const char*>(&extent.file), sizeof extent.file);
  notes.append(reinterpret_cast<const char*>(&piece), sizeof piece);
  notes.append(reinterpret_cast<const char*>(node.data()), node.size());
}

mode_t ModeOf(const FileEntry& entry) { return entry.is_executable ? 0755 : 0644; }

std::string HexOf(const Blake3Node& node) {
  return HexEncode({reinterpret_cast<const char*>(node.data()), node.size()});
}

Status WriteAt(int fd, std::string_view bytes, int64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = pwrite(fd, bytes.data(), bytes.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus("writing", errno);
    bytes.remove_prefix(static_cast<size_t>(count));
    offset += count;
  }
  return {};
}

uint64_t PiecesOf(const FileEntry& entry) {
  return static_cast<uint64_t>((entry.bytes + kPieceBytes - 1) / kPieceBytes);
}

}  // namespace

StagedFiles::StagedFiles(Manifest& manifest, std::string folder, std::string notes)
    : manifest_(manifest),
      folder_(std::move(folder)),
      notes_path_(std::move(notes)),
      is_complete_(manifest.files.size(), false),
      left_(manifest.files.size()) {}

Status StagedFiles::StartNotes() {
  ASSIGN_OR_RETURN(notes_, OpenFile(notes_path_, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND));
  return WriteAll(notes_.get(), NotesHead());
}

Result<bool> StagedFiles::Resume() {
  const std::string head = NotesHead();
  Result<std::string> found = ReadRange(notes_path_, 0, head.size());
  if (!found.ok() || *found != head) {
    TRY(StartNotes());
    return false;
  }
  auto offset = static_cast<int64_t>(head.size());
  while (true) {
    ASSIGN_OR_RETURN(const std::string some,
                     ReadRange(notes_path_, offset, kNotesRead * kNoteBytes));
    const size_t whole = some.size() / kNoteBytes;
    for (size_t i = 0; i < whole; ++i) {
      TakeNote(std::string_view(some).substr(i * kNoteBytes, kNoteBytes));
    }
    offset += static_cast<int64_t>(whole * kNoteBytes);
    if (whole < kNotesRead) break;
  }
  // A torn record at the end is overwritten.
  if (truncate(notes_path_.c_str(), offset) != 0) return ErrnoStatus("truncating notes", errno);
  ASSIGN_OR_RETURN(notes_, OpenFile(notes_path_, O_WRONLY | O_APPEND));
  return true;
}

void StagedFiles::TakeNote(std::string_view record) {
  uint32_t file = 0;
  uint64_t piece = 0;
  Blake3Node node;
  memcpy(&file, record.data(), sizeof file);
  memcpy(&piece, record.data() + sizeof file, sizeof piece);
  memcpy(node.data(), record.data() + sizeof file + sizeof piece, node.size());
  if (file >= manifest_.files.size() || is_complete_[file]) return;
  const FileEntry& entry = manifest_.files[file];
  if (entry.bytes <= kPieceBytes) {
    const Result<int64_t> size = FileSize(folder_ + "/" + entry.path);
    if (size.ok() && *size == entry.bytes) Complete(file, HexOf(node));
    return;
  }
  Large& large = large_[file];
  if (piece >= large.joiner.joined()) large.joiner.Add(piece, node);
  if (large.joiner.joined() == PiecesOf(entry)) Complete(file, large.joiner.Hex());
}

Status StagedFiles::MakeParent(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {};
  std::string parent = path.substr(0, slash);
  {
    const std::lock_guard lock(mutex_);
    if (made_.contains(parent)) return {};
  }
  TRY(MakeDirs(JoinPath(folder_, parent)));
  const std::lock_guard lock(mutex_);
  made_.insert(std::move(parent));
  return {};
}

// Never into what an earlier process has left under this name: it may be a link to a stored file.
Result<Fd> StagedFiles::Make(const FileEntry& entry) const {
  const std::string path = folder_ + "/" + entry.path;
  const int flags = O_WRONLY | O_CREAT | O_EXCL;
  Result<Fd> fd = OpenFile(path, flags, ModeOf(entry));
  if (!fd.ok() && unlink(path.c_str()) == 0) fd = OpenFile(path, flags, ModeOf(entry));
  return fd;
}

Status StagedFiles::Put(const Load& load) {
  std::string notes;
  for (const Extent& extent : load.extents) {
    const FileEntry& entry = manifest_.files[extent.file];
    const std::string_view bytes = load.BytesOf(extent);
    Blake3Node node;
    const bool is_whole = entry.bytes <= kPieceBytes;
    Status status = is_whole ? PutWhole(extent, bytes, node) : PutPiece(extent, bytes, node);
    if (!status.ok()) return std::move(status).With(entry.path);
    AppendNote(notes, extent, node);
  }
  return WriteAll(notes_.get(), notes);
}

Status StagedFiles::PutWhole(const Extent& extent, std::string_view bytes, Blake3Node& node) {
  const FileEntry& entry = manifest_.files[extent.file];
  TRY(MakeParent(entry.path));
  ASSIGN_OR_RETURN(const Fd fd, Make(entry));
  TRY(WriteAt(fd.get(), bytes, 0));
  node = Blake3Of(bytes);
  const std::lock_guard lock(mutex_);
  Complete(extent.file, HexOf(node));
  return {};
}

Result<int> StagedFiles::OpenLarge(uint32_t file) {
  const FileEntry& entry = manifest_.files[file];
  TRY(MakeParent(entry.path));
  const std::lock_guard lock(mutex_);
  Large& large = large_[file];
  if (!large.fd.valid()) {
    const bool goes_on = large.joiner.joined() > 0;
    Result<Fd> fd =
        goes_on ? OpenFile(folder_ + "/" + entry.path, O_WRONLY | O_NOFOLLOW) : Make(entry);
    if (!fd.ok()) return fd.status();
    large.fd = std::move(*fd);
  }
  return large.fd.get();
}

Status StagedFiles::PutPiece(const Extent& extent, std::string_view bytes, Blake3Node& node) {
  ASSIGN_OR_RETURN(const int fd, OpenLarge(extent.file));
  const int64_t end = extent.offset + static_cast<int64_t>(extent.length);
  const auto piece = static_cast<uint64_t>(extent.offset / kPieceBytes);
  node = Blake3Piece(bytes, piece);
  {
    // One at a time: writers of one file would only spin on its lock in the kernel, and the others
    // have pieces to hash.
    const std::lock_guard writing(writing_);
    TRY(WriteAt(fd, bytes, extent.offset));
    if (end % kFlushBytes == 0) {
      sync_file_range(fd, end - kFlushBytes, kFlushBytes, SYNC_FILE_RANGE_WRITE);
    }
  }
  const std::lock_guard lock(mutex_);
  Large& large = large_[extent.file];
  large.joiner.Add(piece, node);
  if (large.joiner.joined() < PiecesOf(manifest_.files[extent.file])) return {};
  large.fd.Close();
  Complete(extent.file, large.joiner.Hex());
  return {};
}

// Under the lock, or while nobody else is there.
void StagedFiles::Complete(uint32_t file, std::string hash) {
  manifest_.files[file].hash = std::move(hash);
  is_complete_[file] = true;
  --left_;
  large_.erase(file);
}

bool StagedFiles::Link(uint32_t file, const std::string& source) {
  const FileEntry& entry = manifest_.files[file];
  struct stat info {};
  if (is_complete_[file]) return true;
  if (large_.contains(file)) return false;  // its rest is sent
  if (lstat(source.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  const bool is_same =
      info.st_size == entry.bytes && ((info.st_mode & S_IXUSR) != 0) == entry.is_executable;
  if (!is_same || !MakeParent(entry.path).ok()) return false;
  const std::string target = folder_ + "/" + entry.path;
  unlink(target.c_str());  // what an earlier process has left
  if (link(source.c_str(), target.c_str()) != 0) return false;
  Complete(file, std::string(entry.hash));
  return true;
}

void StagedFiles::BeginBody() {
  for (auto& [file, large] : large_) large.joiner.ForgetEarly();
}

std::vector<int64_t> StagedFiles::Next() const {
  std::vector<int64_t> next(is_complete_.size(), 0);
  for (size_t i = 0; i < next.size(); ++i) {
    if (is_complete_[i]) next[i] = Cutter::kComplete;
  }
  for (const auto& [file, large] : large_) {
    next[file] = static_cast<int64_t>(large.joiner.joined()) * kPieceBytes;
  }
  return next;
}

std::vector<MissingRange> StagedFiles::Missing() const {
  const std::vector<int64_t> next = Next();
  std::vector<MissingRange> missing;
  for (size_t i = 0; i < next.size(); ++i) {
    if (next[i] == Cutter::kComplete) continue;
    const auto number = static_cast<uint32_t>(i);
    if (next[i] == 0 && !missing.empty() && missing.back().last + 1 == number) {
      missing.back().last = number;
    } else {
      missing.push_back({number, number, next[i]});
    }
  }
  return missing;
}

int64_t StagedFiles::MissingBytes() const {
  int64_t bytes = 0;
  const std::vector<int64_t> next = Next();
  for (size_t i = 0; i < next.size(); ++i) {
    if (next[i] != Cutter::kComplete) bytes += manifest_.files[i].bytes - next[i];
  }
  return bytes;
}

}  // namespace lazurite::upload
