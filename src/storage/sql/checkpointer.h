// Moves the write-ahead log into the database file beside the writer, so that no commit pays for
// it. Internal to storage/sql.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "storage/sql/connection.h"

namespace lazurite::sql {

class Checkpointer final {
 public:
  // Growth of the log between two checkpoints: 2000 pages of 4 KiB are 8 MiB.
  static constexpr int kPagesBetween = 2000;
  // A longer log (64 MiB) means that the writer never rests: it is asked to finish a checkpoint
  // itself, after which the log starts over.
  static constexpr int kLogPagesMax = 16384;

  // Watches the commits of `writer`, which must live longer. `path` is opened once more.
  static Result<std::unique_ptr<Checkpointer>> Start(const SqliteConnection::Options& options,
                                                     SqliteConnection& writer);
  ~Checkpointer();

  // Called by the writer between transactions: does what was asked of it.
  void HelpIfAsked();

 private:
  Checkpointer(std::unique_ptr<SqliteConnection> connection, SqliteConnection& writer)
      : connection_(std::move(connection)), writer_(writer) {}
  static int OnCommit(void* self, sqlite3* handle, const char* name, int pages);
  void Loop();

  std::unique_ptr<SqliteConnection> connection_;
  SqliteConnection& writer_;
  int pages_at_last_ = 0;  // of the writer's thread
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_wanted_ = false;
  bool is_help_wanted_ = false;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace lazurite::sql
