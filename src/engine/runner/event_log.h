// What the runner tells the server: the lines of events.jsonl, and a ring at the server's door.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "domain/attempt/attempt.h"

namespace lazurite::runner {

// Appends events. A thread of its own makes them durable and rings the doorbell, so that the way to
// the first rank waits for no disk. A line that cannot be written (disk full) is kept and written
// later, in order.
class EventLog final {
 public:
  EventLog(const AttemptChannel& channel, std::string doorbell, std::string ring);
  ~EventLog();  // syncs

  Status Open();
  void Append(std::string_view event, Json detail = Json::MakeObject());
  // A sentence for the job's page.
  void Note(std::string_view text);
  // Returns when all that was appended is durable; with what is wrong.
  Status Sync();
  // Returns when the first event, and the lock beside it, is durable.
  Status SyncBeginning();
  // Tells the server to look, without an event.
  void Ring() const;

  int64_t next_seq() const { return next_seq_; }
  // A write failed for want of space, now or earlier.
  bool was_disk_full() const { return was_disk_full_; }

 private:
  void WriteOut();
  void Run();
  Status SyncOnce();
  Status WaitFor(std::unique_lock<std::mutex>& lock, int64_t count);

  const AttemptChannel& channel_;
  const std::string doorbell_;
  const std::string ring_;
  Fd file_;
  Fd socket_;
  int64_t next_seq_ = 1;
  std::deque<std::string> unwritten_;
  bool was_disk_full_ = false;
  bool is_first_sync_ = true;

  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t wanted_ = 0;  // how many appends are to be synced, and how many are
  int64_t synced_ = 0;
  Status failure_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace lazurite::runner
