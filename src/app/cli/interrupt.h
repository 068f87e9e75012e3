// Ctrl-C as an event instead of the end of the process.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"

namespace lazurite::cli {

// While it lives, SIGINT does not end the process. Make it before other threads are started.
class InterruptWatch {
 public:
  // `on_first` is called once, on a thread of the watch, at the first Ctrl-C.
  explicit InterruptWatch(std::function<void()> on_first);
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  bool was_interrupted() const;
  // True if a second Ctrl-C has come, or comes within `wait`.
  bool WaitForSecond(Duration wait) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lazurite::cli
