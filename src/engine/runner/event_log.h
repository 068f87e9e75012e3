// What the runner tells the server: the lines of events.jsonl, and a ring at the server's door.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "domain/attempt/attempt.h"
#include "storage/journal/journal.h"

namespace lazurite::runner {

// Appends events. A thread of its own makes them durable and rings the doorbell: at once for what
// people wait for (note), very soon when the job runs, else within a moment, so that a short job
// costs few syncs and little of the server's time. A line that cannot be written (disk full) is
// kept and written later, in order. Append and Note are safe for several threads.
class EventLog final {
 public:
  EventLog(const AttemptChannel& channel, std::string doorbell, std::string ring);
  ~EventLog();  // syncs

  Status Open();
  void Append(std::string_view event, Json detail = Json::MakeObject());
  // A sentence for the job's page.
  void Note(std::string_view text);
  // Returns when all that was appended is durable; with what is wrong. Does not ring.
  Status Sync();
  // Begins what Sync waits for.
  void BeginSync();
  // Tells the server to look, without an event.
  void Ring() const;

  int64_t next_seq() const { return next_seq_; }
  // A write failed for want of space, now or earlier.
  bool was_disk_full() const { return was_disk_full_; }

 private:
  void WriteOut();
  void Run();
  bool HasSomethingToSync(std::unique_lock<std::mutex>& lock);

  const AttemptChannel& channel_;
  const std::string doorbell_;
  const std::string ring_;
  Fd socket_;
  std::mutex writing_;  // of the next four; not of journal_->Sync()
  std::optional<JournalWriter> journal_;
  int64_t next_seq_ = 1;
  std::deque<std::string> unwritten_;
  bool was_disk_full_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t appended_ = 0;
  std::chrono::steady_clock::time_point due_;  // when what was appended is to be synced
  int64_t synced_ = 0;
  bool is_quiet_ = false;  // Sync waits, or will: no ring
  Status failure_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace lazurite::runner
