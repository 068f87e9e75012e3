#include "storage/journal/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace lazurite {
namespace {

// How much is read at once; a longer line is read in a window that doubles.
constexpr size_t kWindowBytes = size_t{256} << 10;

// Where the last whole line ends.
Result<int64_t> EndOfLines(const std::string& path, int64_t size) {
  while (size > 0) {
    const int64_t start = std::max<int64_t>(0, size - static_cast<int64_t>(kWindowBytes));
    ASSIGN_OR_RETURN(const std::string text,
                     ReadRange(path, start, static_cast<size_t>(size - start)));
    const size_t at = text.rfind('\n');
    if (at != std::string::npos) return start + static_cast<int64_t>(at) + 1;
    size = start;
  }
  return 0;
}

}  // namespace

Result<JournalWriter> JournalWriter::Open(const std::string& path, mode_t mode) {
  ASSIGN_OR_RETURN(Fd file, OpenFile(path, O_WRONLY | O_CREAT | O_APPEND, mode));
  ASSIGN_OR_RETURN(const int64_t size, FileSize(path));
  ASSIGN_OR_RETURN(const int64_t end, EndOfLines(path, size));
  if (end < size && ftruncate(file.get(), end) != 0) return ErrnoStatus("mending " + path, errno);
  return JournalWriter(std::move(file), end);
}

Status JournalWriter::Append(std::string_view line) {
  std::string bytes;
  bytes.reserve(line.size() + 1);
  bytes.append(line).push_back('\n');
  Status written = WriteAll(file_.get(), bytes);
  if (written.ok()) {
    size_ += static_cast<int64_t>(bytes.size());
    return {};
  }
  TRY(TakeBack(size_));
  return written;
}

Status JournalWriter::AppendDurably(std::string_view line) {
  const int64_t before = size_;
  TRY(Append(line));
  Status synced = Sync();
  if (!synced.ok()) TRY(TakeBack(before));
  return synced;
}

// Half a line must not stay, or the next one would be torn too.
Status JournalWriter::TakeBack(int64_t size) {
  if (ftruncate(file_.get(), size) != 0) return ErrnoStatus("mending a journal", errno);
  size_ = size;
  return {};
}

Status JournalWriter::Sync() const {
  if (fdatasync(file_.get()) != 0) return ErrnoStatus("syncing a journal", errno);
  return {};
}

Result<std::vector<JournalLine>> ReadJournal(const std::string& path, int64_t offset,
                                             size_t count_max) {
  std::vector<JournalLine> lines;
  Result<Fd> file = OpenFile(path, O_RDONLY);
  if (!file.ok() && file.status().code() == Code::kNotFound) return lines;
  if (!file.ok()) return file.status();
  size_t window = kWindowBytes;
  while (lines.size() < count_max) {
    Result<std::string> text = ReadRange(file.value(), offset, window);
    if (!text.ok()) return Status(text.status()).With(path);
    size_t start = 0;
    while (lines.size() < count_max) {
      const size_t end = text->find('\n', start);
      if (end == std::string::npos) break;
      lines.push_back({text->substr(start, end - start), offset + static_cast<int64_t>(end) + 1});
      start = end + 1;
    }
    if (text->size() < window) break;
    offset += static_cast<int64_t>(start);
    if (start == 0) window *= 2;
  }
  return lines;
}

}  // namespace lazurite
