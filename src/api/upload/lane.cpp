#include "api/upload/lane.h"

namespace lazurite::upload {

Lane::Lane(std::function<Status(std::string_view)> work) : work_(std::move(work)) {
  thread_ = std::thread([this] { Run(); });
}

bool Lane::Add(Piece piece) {
  const std::lock_guard lock(mutex_);
  if (is_ending_ || !status_.ok()) return true;
  bytes_ += piece->size();
  pieces_.push_back(std::move(piece));
  changed_.notify_one();
  return bytes_ <= kBytesMax;
}

void Lane::WhenRoom(std::function<void(bool)> done) {
  {
    const std::lock_guard lock(mutex_);
    const bool must_wait = bytes_ > kBytesMax && status_.ok() && !is_ending_;
    if (must_wait) {
      waiter_ = std::move(done);
      return;
    }
  }
  done(true);
}

void Lane::End() {
  std::function<void(bool)> waiter;
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    waiter.swap(waiter_);
    changed_.notify_one();
  }
  if (waiter) waiter(true);
  const std::lock_guard lock(joining_);
  if (thread_.joinable()) thread_.join();
}

Status Lane::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void Lane::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !pieces_.empty() || is_ending_; });
    if (pieces_.empty() || !status_.ok()) break;
    const Piece piece = std::move(pieces_.front());
    pieces_.pop_front();
    lock.unlock();
    Status status = work_(*piece);
    lock.lock();
    bytes_ -= piece->size();
    if (!status.ok()) {
      status_ = std::move(status);
      pieces_.clear();
      bytes_ = 0;
    }
    if (bytes_ <= kBytesMax / 2 && waiter_) {
      std::function<void(bool)> waiter;
      waiter.swap(waiter_);
      lock.unlock();
      waiter(true);
      lock.lock();
    }
    if (!status_.ok()) break;
  }
}

}  // namespace lazurite::upload
