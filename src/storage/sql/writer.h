// The one thread that writes: runs all works that wait in one transaction and commits them
// together. Internal to storage/sql.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/sql/checkpointer.h"
#include "storage/sql/connection.h"
#include "storage/sql/work_queue.h"

namespace lazurite::sql {

// Runs a work; what it throws becomes kInternal.
Status RunGuarded(const Database::Work& work, Transaction& transaction);

class Writer final {
 public:
  // Rows of `changes` that are kept (some hours of a busy server), and how many more may be there
  // before they are cut.
  static constexpr int64_t kChangesMax = 100'000;
  static constexpr int64_t kChangesCut = 1'000;
  // No further work joins a transaction that is this old: those in it wait for their answer.
  static constexpr std::chrono::milliseconds kAgeMax{20};

  Writer(std::unique_ptr<SqliteConnection> connection, const SqliteOptions& options)
      : connection_(std::move(connection)),
        works_per_commit_max_(options.works_per_commit_max),
        queue_(options.queue_max) {}
  ~Writer();

  SqliteConnection& connection() { return *connection_; }
  void Start(std::unique_ptr<Checkpointer> checkpointer);
  void Write(Database::Work work, Database::Done done);
  void SetListener(std::function<void(int64_t)> listener);

 private:
  struct Entry {
    QueuedWork queued;
    Status status;
  };

  void Loop();
  void Serve(QueuedWork first);
  // Runs works one after the other until none waits or a bound is met. False if SQLite gave the
  // transaction up.
  bool RunWaiting(QueuedWork first, std::vector<Entry>& batch);
  // One work within a savepoint: fails alone.
  Status RunOne(const Database::Work& work);
  // Commits; rolls back if that fails.
  Status Commit();
  // Each work in a transaction of its own, after the common one could not be had.
  void RunApart(std::vector<Entry>& batch);
  void RollBack();
  // Finds the newest change, and removes the oldest ones if there are too many.
  Status CutChanges(int64_t& newest);
  void FailWaiting(QueuedWork first, const Status& status);
  void Announce();

  std::unique_ptr<SqliteConnection> connection_;
  std::unique_ptr<Checkpointer> checkpointer_;
  const size_t works_per_commit_max_;
  WorkQueue queue_;
  int64_t newest_change_ = 0;
  int64_t announced_change_ = 0;
  int64_t oldest_change_ = 0;
  std::mutex listener_mutex_;
  std::function<void(int64_t)> listener_;
  std::thread thread_;
};

}  // namespace lazurite::sql
