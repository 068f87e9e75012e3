#include "api/upload/crew.h"

#include <algorithm>

namespace lazurite::upload {

Crew::Crew(std::function<Status(Load&)> work)
    : work_(std::move(work)),
      threads_max_(std::clamp<size_t>(std::thread::hardware_concurrency(), 2, kThreadsMax)) {}

bool Crew::Add(Load load) {
  const std::lock_guard lock(mutex_);
  if (is_ending_ || !status_.ok()) return true;
  waiting_.push_back(std::move(load));
  if (idle_ < waiting_.size() && threads_.size() < threads_max_) {
    threads_.emplace_back([this] { Run(); });
  }
  changed_.notify_one();
  return !IsFull();
}

void Crew::WhenRoom(std::function<void(bool)> done) {
  {
    const std::lock_guard lock(mutex_);
    if (IsFull()) {
      waiter_ = std::move(done);
      return;
    }
  }
  done(true);
}

void Crew::End() {
  std::function<void(bool)> waiter;
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    waiter.swap(waiter_);
    changed_.notify_all();
  }
  if (waiter) waiter(true);
  const std::lock_guard lock(joining_);
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

Status Crew::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void Crew::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return !waiting_.empty() || is_ending_; });
    --idle_;
    if (waiting_.empty()) return;
    Load load = std::move(waiting_.front());
    waiting_.pop_front();
    std::function<void(bool)> waiter;
    if (!IsFull()) waiter.swap(waiter_);
    lock.unlock();
    if (waiter) waiter(true);
    Status status = work_(load);
    lock.lock();
    if (status.ok()) continue;
    if (status_.ok()) status_ = std::move(status);
    waiting_.clear();
    waiter.swap(waiter_);
    lock.unlock();
    if (waiter) waiter(true);
    lock.lock();
  }
}

}  // namespace lazurite::upload
