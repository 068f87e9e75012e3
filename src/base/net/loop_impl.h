// What the sources of this folder know of the loop: Asio. Not for others.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>

#include "base/net/loop.h"

namespace lazurite {

using IoExecutor = boost::asio::io_context::executor_type;
using IoDescriptor = boost::asio::posix::basic_stream_descriptor<IoExecutor>;

// Threads for work that blocks, started as they are needed. Its queue is as long as there are
// coroutines that wait for it.
class BlockingPool {
 public:
  ~BlockingPool() { Stop(); }
  void Push(std::function<void()> work);
  void Stop();  // drops what has not begun, waits for what has

 private:
  static constexpr size_t kThreadsMax = 4;
  void Serve();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  bool is_stopping_ = false;
};

struct Loop::Impl {
  boost::asio::io_context context;
  boost::asio::executor_work_guard<IoExecutor> guard{context.get_executor()};
  std::optional<boost::asio::signal_set> signals;
  std::function<void(int)> on_termination;
  BlockingPool pool;
  BlockingPool brief_pool;
};

}  // namespace lazurite
