// Works that wait for a database thread. Internal to storage/sql.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "storage/sql/database.h"

namespace lazurite::sql {

struct QueuedWork {
  Database::Work work;
  Database::Done done;
};

// Bounded, first in first out. Safe for several threads.
class WorkQueue final {
 public:
  explicit WorkQueue(size_t works_max) : works_max_(works_max) {}

  // Takes the work, or leaves it with the caller: kResourceExhausted, or kUnavailable once closed.
  Status Push(QueuedWork& work) {
    {
      const std::lock_guard lock(mutex_);
      if (is_closed_) return Unavailable("the database is being closed");
      if (works_.size() >= works_max_) {
        return {Code::kResourceExhausted, "too many requests wait for the database; try again"};
      }
      works_.push_back(std::move(work));
    }
    filled_.notify_one();
    return {};
  }
  // Waits for the next work; nothing once the queue is closed and empty.
  std::optional<QueuedWork> Pop() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return is_closed_ || !works_.empty(); });
    return Take();
  }
  // The next work, if there is one now.
  std::optional<QueuedWork> TryPop() {
    const std::lock_guard lock(mutex_);
    return Take();
  }
  // What waits is still handed out.
  void Close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    filled_.notify_all();
  }

 private:
  std::optional<QueuedWork> Take() {
    if (works_.empty()) return std::nullopt;
    QueuedWork work = std::move(works_.front());
    works_.pop_front();
    return work;
  }

  const size_t works_max_;
  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<QueuedWork> works_;
  bool is_closed_ = false;
};

}  // namespace lazurite::sql
