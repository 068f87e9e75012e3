#include "engine/backend/group_hurry.h"

namespace lazurite::backend {

GroupHurry::GroupHurry(GroupPlaces places)
    : places_(std::move(places)), thread_([this] { Run(); }) {}

GroupHurry::~GroupHurry() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void GroupHurry::Expect() {
  {
    const std::lock_guard lock(mutex_);
    is_expected_ = true;
  }
  changed_.notify_all();
}

void GroupHurry::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_expected_ || is_ending_; });
    if (is_ending_) return;
    is_expected_ = false;
    lock.unlock();
    // Where it cannot be, there are no groups for ranks either.
    (void)StayInOwnGroup(places_);
    lock.lock();
  }
}

}  // namespace lazurite::backend
