#include "base/net/strand.h"

namespace lazurite {

// The loop's promise to drain the strand. If the loop goes without keeping it, what waits goes too:
// it may hold the strand.
struct Strand::Turn {
  explicit Turn(std::shared_ptr<Strand> of) : strand(std::move(of)) {}
  ~Turn() {
    if (strand != nullptr) strand->Clear();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  std::shared_ptr<Strand> strand;
};

void Strand::TakeTurn() {
  loop_.Post([turn = std::make_shared<Turn>(shared_from_this())] {
    std::exchange(turn->strand, nullptr)->Drain();
  });
}

void Strand::Clear() {
  std::deque<std::function<void()>> dropped;
  const std::lock_guard lock(mutex_);
  dropped.swap(queue_);
}

void Strand::Post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
    if (std::exchange(is_running_, true)) return;
  }
  TakeTurn();
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
  TakeTurn();
}

}  // namespace lazurite
