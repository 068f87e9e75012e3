#include "storage/sql/checkpointer.h"

#include <utility>

#include "base/log.h"

namespace lazurite::sql {
namespace {

// A checkpoint begins whenever the log has grown by this part of its bound: by 8 of 64 MiB.
constexpr int kStretches = 8;

}  // namespace

Result<std::unique_ptr<Checkpointer>> Checkpointer::Start(const SqliteConnection::Options& options,
                                                          SqliteConnection& writer,
                                                          int log_pages_max) {
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection, SqliteConnection::Open(options));
  std::unique_ptr<Checkpointer> self(
      new Checkpointer(std::move(connection), writer, log_pages_max));
  sqlite3_wal_hook(writer.handle(), &Checkpointer::OnCommit, self.get());
  self->thread_ = std::thread([checkpointer = self.get()] { checkpointer->Loop(); });
  return self;
}

Checkpointer::~Checkpointer() {
  sqlite3_wal_hook(writer_.handle(), nullptr, nullptr);
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

int Checkpointer::OnCommit(void* self, sqlite3*, const char*, int pages) {
  auto* checkpointer = static_cast<Checkpointer*>(self);
  if (pages < checkpointer->pages_at_last_) {  // it started over
    checkpointer->pages_at_last_ = checkpointer->pages_at_help_ = 0;
  }
  const int growth = pages - checkpointer->pages_at_last_;
  if (growth < checkpointer->log_pages_max_ / kStretches) return SQLITE_OK;
  checkpointer->pages_at_last_ = pages;
  {
    const std::lock_guard lock(checkpointer->mutex_);
    checkpointer->is_wanted_ = true;
  }
  checkpointer->changed_.notify_all();
  return SQLITE_OK;
}

void Checkpointer::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_wanted_ || is_stopping_; });
    if (is_stopping_) return;
    is_wanted_ = false;
    is_running_ = true;
    lock.unlock();
    int log_pages = 0;
    int moved_pages = 0;
    const int code = sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr,
                                               SQLITE_CHECKPOINT_PASSIVE, &log_pages, &moved_pages);
    if (code != SQLITE_OK && code != SQLITE_BUSY) {
      Log(LogLevel::kWarning, "checkpoint of the database failed",
          {{"error", sqlite3_errmsg(connection_->handle())}});
    }
    lock.lock();
    is_running_ = false;
    changed_.notify_all();
    is_help_wanted_ = code == SQLITE_OK && log_pages > log_pages_max_;
  }
}

void Checkpointer::HelpIfAsked() {
  {
    std::unique_lock lock(mutex_);
    if (pages_at_last_ >= 2 * log_pages_max_ && pages_at_last_ != pages_at_help_) {
      changed_.wait(lock, [this] { return !is_wanted_ && !is_running_; });
      is_help_wanted_ = true;
    }
    if (!is_help_wanted_) return;
    is_help_wanted_ = false;
    pages_at_help_ = pages_at_last_;
  }
  // Nearly all pages were moved by the other thread a moment ago. When the rest is, the next commit
  // writes from the log's start. Failing is fine: it is tried again as the log grows.
  sqlite3_wal_checkpoint_v2(writer_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

}  // namespace lazurite::sql
