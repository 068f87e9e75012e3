// An executor that runs one thing at a time on the threads of a loop.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "base/net/loop.h"

namespace lazurite {

// What is posted runs in order and never twice at once, whatever the number of the loop's threads:
// a connection and all that works for it share a strand and need no locks.
class Strand final : public Executor, public std::enable_shared_from_this<Strand> {
 public:
  explicit Strand(Loop& loop) : loop_(loop) {}

  void Post(std::function<void()> work) override;
  void Dispatch(std::function<void()> work) override;
  Executor& root() override { return loop_; }
  std::shared_ptr<void> Hold() override { return shared_from_this(); }

 private:
  struct Turn;

  void TakeTurn();
  void Drain();
  void Clear();

  // After so many works in a row others get their turn.
  static constexpr int kWorksInRowMax = 64;

  Loop& loop_;
  std::mutex mutex_;
  std::deque<std::function<void()>> queue_;
  bool is_running_ = false;
};

}  // namespace lazurite
