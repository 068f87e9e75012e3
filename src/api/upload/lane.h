// A thread that works through the pieces of a body while more come in.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/status.h"

namespace lazurite::upload {

class Lane {
 public:
  // Pieces that wait beyond so many bytes hold the sender back.
  static constexpr size_t kBytesMax = size_t{8} << 20;
  using Piece = std::shared_ptr<const std::string>;

  // Starts the thread. `work` is called with each piece, in order, until it fails or the lane ends.
  explicit Lane(std::function<Status(std::string_view)> work);
  ~Lane() { End(); }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Adds a piece; false if there are enough for now: wait for WhenRoom.
  bool Add(Piece piece);
  // Calls `done` once there is room, or the work has failed; from any thread, also inside the call.
  void WhenRoom(std::function<void(bool)> done);
  // Lets the thread work through what is there and ends it. Blocks. Pieces added afterwards are
  // dropped.
  void End();
  // What went wrong.
  Status status() const;

 private:
  void Run();

  const std::function<Status(std::string_view)> work_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> pieces_;
  size_t bytes_ = 0;
  bool is_ending_ = false;
  Status status_;
  std::function<void(bool)> waiter_;
  std::mutex joining_;
  std::thread thread_;
};

}  // namespace lazurite::upload
