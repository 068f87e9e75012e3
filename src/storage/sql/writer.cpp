#include "storage/sql/writer.h"

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "base/log.h"

namespace lazurite::sql {
namespace {

Status RunSql(SqliteConnection& connection, std::string_view sql) {
  ASSIGN_OR_RETURN(Statement * statement, connection.Prepare(sql));
  return statement->Run();
}

}  // namespace

Status RunGuarded(const Database::Work& work, Transaction& transaction) {
  try {
    return work(transaction);
  } catch (const std::exception& error) {
    return Internal(std::string("a database work failed: ") + error.what());
  }
}

Writer::~Writer() {
  queue_.Close();
  if (thread_.joinable()) thread_.join();
  checkpointer_.reset();
}

void Writer::Start(std::unique_ptr<Checkpointer> checkpointer) {
  checkpointer_ = std::move(checkpointer);
  thread_ = std::thread([this] { Loop(); });
}

void Writer::Write(Database::Work work, Database::Done done) {
  QueuedWork queued{std::move(work), std::move(done)};
  Status status = queue_.Push(queued);
  if (!status.ok()) queued.done(std::move(status));
}

void Writer::SetListener(std::function<void(int64_t)> listener) {
  const std::lock_guard lock(listener_mutex_);
  listener_ = std::move(listener);
}

void Writer::Loop() {
  while (std::optional<QueuedWork> first = queue_.Pop()) {
    Serve(std::move(*first));
    checkpointer_->HelpIfAsked();
  }
}

void Writer::Serve(QueuedWork first) {
  const Status begun = RunSql(*connection_, "BEGIN IMMEDIATE");
  if (!begun.ok()) {
    FailWaiting(std::move(first), begun);
    return;
  }
  std::vector<Entry> batch;
  Status committed;
  if (RunWaiting(std::move(first), batch)) {
    committed = Commit();
  } else {
    committed = batch.back().status;
  }
  if (!committed.ok() && batch.size() > 1) {
    RunApart(batch);
  } else if (!committed.ok() && batch.front().status.ok()) {
    batch.front().status = committed;
  }
  Announce();
  for (Entry& entry : batch) entry.queued.done(std::move(entry.status));
}

bool Writer::RunWaiting(QueuedWork first, std::vector<Entry>& batch) {
  const auto oldest = std::chrono::steady_clock::now();
  std::optional<QueuedWork> next(std::move(first));
  while (next) {
    Status status = RunOne(next->work);
    batch.push_back({std::move(*next), std::move(status)});
    if (!connection_->InTransaction()) return false;
    if (batch.size() >= works_per_commit_max_) break;
    if (std::chrono::steady_clock::now() - oldest >= kAgeMax) break;
    next = queue_.TryPop();
  }
  return true;
}

Status Writer::RunOne(const Database::Work& work) {
  TRY(RunSql(*connection_, "SAVEPOINT one"));
  Status status = RunGuarded(work, *connection_);
  connection_->EndUse();
  if (!connection_->InTransaction()) {
    return status.ok() ? Unavailable("the database gave a transaction up") : status;
  }
  Status ended;
  if (!status.ok()) ended = RunSql(*connection_, "ROLLBACK TO one");
  if (ended.ok()) ended = RunSql(*connection_, "RELEASE one");
  connection_->EndUse();
  if (ended.ok()) return status;
  RollBack();
  return ended;
}

Status Writer::Commit() {
  int64_t newest = 0;
  Status status = CutChanges(newest);
  if (status.ok()) status = RunSql(*connection_, "COMMIT");
  connection_->EndUse();
  if (status.ok()) {
    newest_change_ = newest;
  } else {
    RollBack();
  }
  return status;
}

void Writer::RollBack() {
  if (!connection_->InTransaction()) return;
  const Status status = RunSql(*connection_, "ROLLBACK");
  connection_->EndUse();
  if (!status.ok()) Log(LogLevel::kError, "rollback failed", {{"error", status.text()}});
}

void Writer::RunApart(std::vector<Entry>& batch) {
  Status begun;
  for (Entry& entry : batch) {
    // When another process holds the database, one wait for it is enough.
    if (begun.ok()) begun = RunSql(*connection_, "BEGIN IMMEDIATE");
    if (!begun.ok()) {
      entry.status = begun;
      continue;
    }
    entry.status = RunOne(entry.queued.work);
    if (!connection_->InTransaction()) continue;
    const Status committed = Commit();
    if (entry.status.ok()) entry.status = committed;
  }
}

Status Writer::CutChanges(int64_t& newest) {
  ASSIGN_OR_RETURN(Statement * select, connection_->Prepare("SELECT MAX(seq) FROM changes"));
  ASSIGN_OR_RETURN(const bool has_row, select->Step());
  newest = has_row ? select->Int(0) : 0;
  select->Reset();
  if (newest - oldest_change_ < kChangesMax + kChangesCut) return {};
  oldest_change_ = newest - kChangesMax;
  ASSIGN_OR_RETURN(Statement * cut, connection_->Prepare("DELETE FROM changes WHERE seq <= ?1"));
  cut->Bind(1, oldest_change_);
  return cut->Run();
}

void Writer::FailWaiting(QueuedWork first, const Status& status) {
  // Only those that wait now: whoever comes after the first answer deserves a try of its own.
  std::vector<QueuedWork> failed;
  failed.push_back(std::move(first));
  while (failed.size() < works_per_commit_max_) {
    std::optional<QueuedWork> next = queue_.TryPop();
    if (!next) break;
    failed.push_back(std::move(*next));
  }
  for (const QueuedWork& queued : failed) queued.done(status);
}

void Writer::Announce() {
  if (newest_change_ <= announced_change_) return;
  announced_change_ = newest_change_;
  const std::lock_guard lock(listener_mutex_);
  if (listener_) listener_(newest_change_);
}

}  // namespace lazurite::sql
