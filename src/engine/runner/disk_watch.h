// Whether there is room where an attempt writes.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace lazurite::runner {

// A job's processes write to their logs themselves, and many go on when that fails: what is lost
// then shows only in the disk, which is looked at once in a while.
class DiskWatch final {
 public:
  static constexpr Duration kLookEvery{1000};
  // What is full for somebody who writes more than a line.
  static constexpr int64_t kFullBytes = int64_t{1} << 20;

  explicit DiskWatch(std::string folder) : folder_(std::move(folder)) {}
  // A system call that takes no time.
  void Look();
  // At one of the looks.
  bool was_full() const { return was_full_; }
  // At the last look, for this user.
  int64_t left_bytes() const { return left_bytes_; }

 private:
  const std::string folder_;
  bool was_full_ = false;
  int64_t left_bytes_ = 0;
};

}  // namespace lazurite::runner
