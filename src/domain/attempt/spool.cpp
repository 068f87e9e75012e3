#include "domain/attempt/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"

namespace lazurite {
namespace {

constexpr size_t kReadBytes = size_t{4} << 20;

std::string LineOf(const SpoolEntry& entry) {
  Json line = Json::MakeObject();
  line["id"] = entry.id;
  line["path"] = entry.path;
  line["body"] = entry.body;
  line["time"] = FormatTime(entry.time);
  return line.Dump() + "\n";
}

SpoolEntry EntryOf(std::string_view line, int64_t end) {
  const Result<Json> json = Json::Parse(line);
  if (!json.ok() || json->GetString("id").empty() || json->GetString("path").empty()) {
    return {"", "", std::string(line), Time{}, end, false};
  }
  return {json->GetString("id"), json->GetString("path"), json->GetString("body"),
          ParseTime(json->GetString("time")).value_or(Time{}), end};
}

}  // namespace

Spool::Spool(const std::string& attempt_folder) : path_(attempt_folder + "/spool/0") {}

Status Spool::Open() {
  if (file_.valid()) return {};
  const std::string folder = DirName(path_);
  TRY(MakeDirs(folder));
  ASSIGN_OR_RETURN(file_, OpenFile(path_, O_WRONLY | O_CREAT | O_APPEND, 0600));
  TRY(SyncDir(folder));
  return SyncDir(DirName(folder));
}

Status Spool::Append(const SpoolEntry& entry) {
  TRY(Open());
  ASSIGN_OR_RETURN(const int64_t before, FileSize(path_));
  const std::string line = LineOf(entry);
  if (before + static_cast<int64_t>(line.size()) > kBytesMax) {
    return Status(Code::kResourceExhausted,
                  "the spool of logging calls is full (" + FormatBytes(kBytesMax) + ")");
  }
  Status written = WriteAll(file_.get(), line);
  if (written.ok() && fdatasync(file_.get()) != 0) written = ErrnoStatus("syncing", errno);
  if (written.ok()) return {};
  if (ftruncate(file_.get(), before) != 0) return ErrnoStatus("mending " + path_, errno);
  return std::move(written).With(path_);
}

int64_t Spool::Replayed() const {
  const Result<std::string> text = ReadFile(path_ + ".done");
  return text.ok() ? ParseInt(Trim(text.value())).value_or(0) : 0;
}

Result<std::vector<SpoolEntry>> Spool::Read(size_t count_max) const {
  std::vector<SpoolEntry> entries;
  if (!Exists(path_)) return entries;
  int64_t offset = Replayed();
  const size_t limit = std::min(count_max, kPageMax);
  size_t window = kReadBytes;
  while (entries.size() < limit) {
    ASSIGN_OR_RETURN(const std::string text, ReadRange(path_, offset, window));
    size_t start = 0;
    while (entries.size() < limit) {
      const size_t end = text.find('\n', start);
      if (end == std::string::npos) break;
      const std::string_view line = std::string_view(text).substr(start, end - start);
      start = end + 1;
      entries.push_back(EntryOf(line, offset + static_cast<int64_t>(start)));
    }
    offset += static_cast<int64_t>(start);
    // The rest after the last line end is torn and was never answered for.
    if (text.size() < window) break;
    if (start == 0) window *= 2;
  }
  return entries;
}

Status Spool::SetAside(const SpoolEntry& entry) const {
  ASSIGN_OR_RETURN(const Fd file,
                   OpenFile(path_ + ".refused", O_WRONLY | O_CREAT | O_APPEND, 0600));
  return WriteAll(file.get(), entry.is_readable ? LineOf(entry) : entry.body + "\n");
}

Status Spool::MarkReplayed(int64_t end) const {
  return WriteFile(path_ + ".done", std::to_string(end) + "\n", 0600);
}

}  // namespace lazurite
