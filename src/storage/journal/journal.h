// Append-only files of lines, each appended by one process and read by others from an offset: what
// a runner did (events.jsonl), what was logged while the server was away (spool).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace lazurite {

// The one writer of a journal. Not safe for several threads.
class JournalWriter final {
 public:
  // Creates the file where there is none. What follows the last line end was torn by a crash and
  // never answered for: it is cut off, so that the next line does not grow together with it.
  static Result<JournalWriter> Open(const std::string& path, mode_t mode = 0644);

  // Appends `line`, which has no line end in it, and a line end; not durable yet. After a failure
  // (kResourceExhausted: disk full) the journal is as it was before.
  Status Append(std::string_view line);
  // The same, and durable: a line that cannot be synced is taken back too.
  Status AppendDurably(std::string_view line);
  // Makes durable what was appended; may run beside Append.
  Status Sync() const;

  int64_t size() const { return size_; }  // bytes

 private:
  JournalWriter(Fd file, int64_t size) : file_(std::move(file)), size_(size) {}

  Status TakeBack(int64_t size);

  Fd file_;
  int64_t size_;
};

struct JournalLine {
  std::string text;  // without its line end
  int64_t end = 0;   // bytes from the file's start to behind its line end: where the next begins
};

// The whole lines from `offset`, which is 0 or the `end` of a line, at most `count_max`, in order.
// A torn last line is left for later; a file that is not there has none.
Result<std::vector<JournalLine>> ReadJournal(const std::string& path, int64_t offset,
                                             size_t count_max);

}  // namespace lazurite
