// A SQL database seen through the three things we do with it. SQLite implements it (PostgreSQL
// later).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lazurite {

// A prepared statement: bound by position (from 1), read column by column (from 0). Lives inside
// one closure.
class Statement {
 public:
  virtual ~Statement() = default;
  virtual Statement& Bind(int position, std::nullptr_t) = 0;
  virtual Statement& Bind(int position, int64_t value) = 0;
  virtual Statement& Bind(int position, double value) = 0;  // SQLite keeps NaN as NULL
  virtual Statement& Bind(int position, std::string_view text) = 0;
  virtual Statement& BindBlob(int position, std::string_view bytes) = 0;
  Statement& Bind(int position, int value) { return Bind(position, int64_t{value}); }
  Statement& Bind(int position, const char* text) { return Bind(position, std::string_view(text)); }
  Statement& Bind(int position, const std::string& text) {
    return Bind(position, std::string_view(text));
  }

  // Goes to the next row: true if there is one. kConflict: a unique constraint;
  // kFailedPrecondition: a foreign key; kNoSpace: the disk is full; kUnavailable: the
  // file cannot be read or written now.
  virtual Result<bool> Step() = 0;
  // Runs a statement that gives no rows.
  Status Run();
  // Makes it ready to be bound and run again.
  virtual void Reset() = 0;

  virtual bool IsNull(int column) const = 0;
  virtual int64_t Int(int column) const = 0;
  virtual double Double(int column) const = 0;
  virtual std::string Text(int column) const = 0;  // also of blobs
};

// What a closure works with. Prepared statements are cached by their text for the connection's
// life.
class Transaction {
 public:
  virtual ~Transaction() = default;
  // The statement, with nothing bound; good until the closure ends. A text may be prepared again
  // while an earlier use of it stands on a row, as in a query within a loop over the same query (up
  // to 8 deep).
  virtual Result<Statement*> Prepare(std::string_view sql) = 0;
  virtual int64_t LastInsertId() const = 0;
  virtual int64_t RowsChanged() const = 0;

  // Adds a row to changes(seq, time, kind, object) in the same commit: ids of pushed events,
  // refresh of in-memory indexes and, later, other servers read it. Only inside Write. The newest
  // 100 000 rows are kept. LastInsertId is the change's afterwards.
  Status RecordChange(std::string_view kind, std::string_view object);
};

class Database {
 public:
  using Work = std::function<Status(Transaction&)>;
  using Done = std::function<void(Status)>;
  virtual ~Database() = default;

  // Runs `work` in a transaction and calls `done` (on the writer's thread) when it is durable. Many
  // works may share one commit; a failing one rolls back alone. `work` may run more than once, so
  // it has no effect outside the transaction, and what it found out is handed on only in `done`. A
  // work that is refused at once (kResourceExhausted: too many wait) gets its `done` inside the
  // call.
  virtual void Write(Work work, Done done) = 0;
  // Runs `work` on a reader: a consistent snapshot, never waits for the writer. `done` is called on
  // the reader's thread.
  virtual void Read(Work work, Done done) = 0;

  // The same two, waited for on this thread (engines, start-up, tests; never on a loop thread).
  Status WriteNow(Work work);
  Status ReadNow(Work work);

  // Called on the writer's thread after each commit that recorded changes, with the newest
  // `changes.seq`, before the works' `done`. Set once, before use.
  virtual void OnCommit(std::function<void(int64_t seq)> listener) = 0;
};

// One numbered step of the schema; `name` is for people ("0003_jobs").
struct Migration {
  int number;
  std::string_view name;
  std::string_view sql;
};

struct SqliteOptions {
  std::string path;                    // the file; ":memory:" is not supported
  int readers = 2;                     // reader threads, each with a connection
  size_t works_per_commit_max = 1024;  // group commit's bound
  size_t queue_max = 100000;           // waiting works; kResourceExhausted beyond
  int log_pages_max = 16384;           // pages of 4 KiB in the log until it starts over
  // How long another process may hold the file; kUnavailable beyond.
  std::chrono::milliseconds busy_wait{5000};
};

// Opens or makes the database (WAL, synchronous FULL, foreign keys on), brings the schema to the
// newest migration, and refuses one that is newer than this program (kFailedPrecondition, with the
// way out). The file is whole after a crash at any time. Its destructor finishes the works that
// wait. Disk full, I/O errors and a file held by another process fail the works they meet, and the
// next ones are tried again.
Result<std::unique_ptr<Database>> OpenSqlite(const SqliteOptions& options,
                                             const std::vector<Migration>& migrations);

}  // namespace lazurite
