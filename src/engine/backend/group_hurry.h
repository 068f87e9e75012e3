// Takes the wait out of putting ranks into their control groups.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "domain/attempt/control_group.h"

namespace lazurite::backend {

// The kernel's first move of a process between control groups after a quiet moment waits for all
// processors (an RCU grace period: 8 to 16 ms); those that follow within some 20 ms do not. So that
// a rank need not wait, a thread makes that first move ahead of it, of this process to where it is
// already.
class GroupHurry final {
 public:
  explicit GroupHurry(GroupPlaces places = {});
  ~GroupHurry();

  // A rank will be put into a group soon. Returns at once.
  void Expect();

 private:
  void Run();

  const GroupPlaces places_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_expected_ = false;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace lazurite::backend
