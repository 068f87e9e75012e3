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
  // Watches the commits of `writer`, which must live longer, with a connection of its own. A log
  // longer than `log_pages_max` means that the writer never rests: it is asked to finish a
  // checkpoint itself, after which the log starts over; from twice that length on it waits for the
  // checkpoint under way first.
  static Result<std::unique_ptr<Checkpointer>> Start(const SqliteConnection::Options& options,
                                                     SqliteConnection& writer, int log_pages_max);
  ~Checkpointer();

  // Called by the writer between transactions: does what was asked of it.
  void HelpIfAsked();

 private:
  Checkpointer(std::unique_ptr<SqliteConnection> connection, SqliteConnection& writer,
               int log_pages_max)
      : connection_(std::move(connection)), writer_(writer), log_pages_max_(log_pages_max) {}
  static int OnCommit(void* self, sqlite3* handle, const char* name, int pages);
  void Loop();

  std::unique_ptr<SqliteConnection> connection_;
  SqliteConnection& writer_;
  const int log_pages_max_;
  // Lengths of the log when a checkpoint was asked for and when the writer last helped; the
  // writer's thread's.
  int pages_at_last_ = 0;
  int pages_at_help_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_wanted_ = false;
  bool is_running_ = false;
  bool is_help_wanted_ = false;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace lazurite::sql
