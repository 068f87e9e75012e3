// Data that can be reached only under its lock.
#pragma once

#include <mutex>
#include <utility>

namespace lazurite {

template <typename T>
class Locked {
 public:
  template <typename... Args>
  explicit Locked(Args&&... args) : value_(std::forward<Args>(args)...) {}

  template <typename Function>
  auto With(Function&& function) {
    const std::lock_guard lock(mutex_);
    return function(value_);
  }
  template <typename Function>
  auto With(Function&& function) const {
    const std::lock_guard lock(mutex_);
    return function(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace lazurite
