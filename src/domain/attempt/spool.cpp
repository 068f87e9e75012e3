#include "domain/attempt/spool.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"

namespace lazurite {
namespace {

std::string LineOf(const SpoolEntry& entry) {
  Json line = Json::MakeObject();
  line["id"] = entry.id;
  line["path"] = entry.path;
  line["body"] = entry.body;
  line["time"] = FormatTime(entry.time);
  return line.Dump();
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
  if (journal_) return {};
  const std::string folder = DirName(path_);
  TRY(MakeDirs(folder));
  ASSIGN_OR_RETURN(journal_, JournalWriter::Open(path_, 0600));
  TRY(SyncDir(folder));
  return SyncDir(DirName(folder));
}

Status Spool::Append(const SpoolEntry& entry) {
  TRY(Open());
  const std::string line = LineOf(entry);
  if (journal_->size() + static_cast<int64_t>(line.size()) >= kBytesMax) {
    return Status(Code::kResourceExhausted,
                  "the spool of logging calls is full (" + FormatBytes(kBytesMax) + ")");
  }
  Status written = journal_->AppendDurably(line);
  return written.ok() ? std::move(written) : std::move(written).With(path_);
}

int64_t Spool::Replayed() const {
  const Result<std::string> text = ReadFile(path_ + ".done");
  return text.ok() ? ParseInt(Trim(text.value())).value_or(0) : 0;
}

Result<std::vector<SpoolEntry>> Spool::Read(size_t count_max) const {
  ASSIGN_OR_RETURN(const std::vector<JournalLine> lines,
                   ReadJournal(path_, Replayed(), std::min(count_max, kPageMax)));
  std::vector<SpoolEntry> entries;
  for (const JournalLine& line : lines) entries.push_back(EntryOf(line.text, line.end));
  return entries;
}

Status Spool::SetAside(const SpoolEntry& entry) const {
  ASSIGN_OR_RETURN(JournalWriter refused, JournalWriter::Open(path_ + ".refused", 0600));
  return refused.Append(entry.is_readable ? LineOf(entry) : entry.body);
}

Status Spool::MarkReplayed(int64_t end) const {
  return WriteFile(path_ + ".done", std::to_string(end) + "\n", 0600);
}

}  // namespace lazurite
