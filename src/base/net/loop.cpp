#include "base/net/loop.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/net/loop_impl.h"

namespace lazurite {
namespace {

namespace asio = boost::asio;
using IoError = boost::system::error_code;

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;

// Shared by the handle that After gives and the timer, whichever lives longer.
struct TimerControl {
  std::mutex mutex;
  std::function<void()> work;  // empty once run or given up
  Timer* timer = nullptr;      // null once it is gone
};

// Owned by the pending wait alone, so that it goes with the io_context at the latest.
struct TimerEntry {
  TimerEntry(asio::io_context& context, std::shared_ptr<TimerControl> of)
      : timer(context.get_executor()), control(std::move(of)) {
    control->timer = &timer;
  }
  ~TimerEntry() {
    const std::lock_guard lock(control->mutex);
    control->timer = nullptr;
  }
  TimerEntry(const TimerEntry&) = delete;
  TimerEntry& operator=(const TimerEntry&) = delete;

  Timer timer;
  std::shared_ptr<TimerControl> control;
};

// What After returns points into this.
struct TimerHandle {
  explicit TimerHandle(std::shared_ptr<TimerControl> of) : control(std::move(of)) {}
  ~TimerHandle() {
    std::function<void()> unused;  // destroyed outside of the lock
    const std::lock_guard lock(control->mutex);
    unused = std::exchange(control->work, nullptr);
    if (control->timer != nullptr) control->timer->cancel();
  }
  TimerHandle(const TimerHandle&) = delete;
  TimerHandle& operator=(const TimerHandle&) = delete;
  std::shared_ptr<TimerControl> control;
};

void AwaitSignal(Loop::Impl& impl) {
  impl.signals->async_wait([&impl](IoError error, int signal) {
    if (error) return;
    AwaitSignal(impl);
    impl.on_termination(signal);
  });
}

// A descriptor of somebody else's, watched for a while.
class Watch {
 public:
  explicit Watch(asio::io_context& context)
      : descriptor_(std::make_shared<IoDescriptor>(context.get_executor())) {}
  ~Watch() {
    if (descriptor_->is_open()) descriptor_->release();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  IoDescriptor& descriptor() { return *descriptor_; }

 private:
  std::shared_ptr<IoDescriptor> descriptor_;
};

}  // namespace

void BlockingPool::Push(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (is_stopping_) return;
  queue_.push_back(std::move(work));
  if (idle_ < queue_.size() && threads_.size() < kThreadsMax) {
    threads_.emplace_back([this] { Serve(); });
  } else {
    wake_.notify_one();
  }
}

void BlockingPool::Serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    wake_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
    --idle_;
    if (is_stopping_) return;
    std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

void BlockingPool::Stop() {
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    dropped.swap(queue_);
    wake_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

Loop::Loop() : impl_(std::make_unique<Impl>()) {}

Loop::~Loop() {
  impl_->context.stop();
  const ExecutorScope scope(this);
  roots().DestroyAll();
  impl_->pool.Stop();
  impl_->brief_pool.Stop();
}

void Loop::Post(std::function<void()> work) { asio::post(impl_->context, std::move(work)); }

void Loop::Dispatch(std::function<void()> work) {
  if (CurrentExecutor() == this) {
    work();
  } else {
    Post(std::move(work));
  }
}

void Loop::Run() {
  const ExecutorScope scope(this);
  impl_->context.run();
}

void Loop::Stop() { impl_->context.stop(); }

Task<void> Loop::Sleep(Duration duration) {
  std::shared_ptr<void> timer;
  auto start = [this, duration, &timer](task_detail::Callback<bool> done) {
    timer = After(duration, [done] { done(true); });
  };
  co_await Await<bool>(start);
}

std::shared_ptr<void> Loop::After(Duration duration, std::function<void()> work) {
  auto control = std::make_shared<TimerControl>();
  control->work = std::move(work);
  auto handle = std::make_shared<TimerHandle>(control);
  auto entry = std::make_shared<TimerEntry>(impl_->context, control);
  entry->timer.expires_after(duration);
  Timer& timer = entry->timer;
  timer.async_wait([entry](IoError error) {
    if (error) return;
    std::function<void()> due;
    {
      const std::lock_guard lock(entry->control->mutex);
      due = std::exchange(entry->control->work, nullptr);
    }
    if (due) due();
  });
  return handle;
}

namespace {

Task<void> RunOn(BlockingPool& pool, std::function<void()> work) {
  std::exception_ptr failure;
  auto start = [&pool, &work, &failure](task_detail::Callback<bool> done) {
    pool.Push([&work, &failure, done] {
      try {
        work();
      } catch (...) {
        failure = std::current_exception();
      }
      done(true);
    });
  };
  co_await AwaitWork<bool>(start);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

Task<void> Loop::Blocking(std::function<void()> work) {
  return RunOn(impl_->pool, std::move(work));
}

Task<void> Loop::Briefly(std::function<void()> work) {
  return RunOn(impl_->brief_pool, std::move(work));
}

Task<Status> Loop::Readable(int fd) {
  Watch watch(impl_->context);
  IoError error;
  watch.descriptor().assign(fd, error);
  if (error) co_return ErrnoStatus("watching a descriptor", error.value());
  auto start = [&watch](task_detail::Callback<bool> done) {
    watch.descriptor().async_wait(IoDescriptor::wait_read,
                                  [done](IoError failed) { done(!failed); });
  };
  const bool is_readable = co_await Await<bool>(start);
  if (is_readable) co_return Status();
  co_return Status(Code::kCancelled, "the loop stopped");
}

void Loop::OnTermination(std::function<void(int signal)> handler) {
  impl_->on_termination = std::move(handler);
  impl_->signals.emplace(impl_->context, SIGTERM, SIGINT);
  AwaitSignal(*impl_);
}

}  // namespace lazurite
