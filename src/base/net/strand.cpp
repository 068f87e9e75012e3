#include "base/net/strand.h"

namespace lazurite {

void Strand::Post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
    if (std::exchange(is_running_, true)) return;
  }
  loop_.Post([self = shared_from_this()] { self->Drain(); });
}

void Strand::Dispatch(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (is_running_) {
      queue_.push_back(std::move(work));
      return;
    }
    is_running_ = true;
  }
  const std::shared_ptr<Strand> self = shared_from_this();
  {
    const ExecutorScope scope(this);
    work();
    work = nullptr;
  }
  Drain();
}

void Strand::Drain() {
  const ExecutorScope scope(this);
  for (int count = 0; count < kWorksInRowMax; ++count) {
    std::function<void()> work;
    {
      const std::lock_guard lock(mutex_);
      if (queue_.empty()) {
        is_running_ = false;
        return;
      }
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
  loop_.Post([self = shared_from_this()] { self->Drain(); });
}

}  // namespace lazurite
