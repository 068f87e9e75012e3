#include "base/net/socket.h"

#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <csignal>

#include "base/net/loop_impl.h"

namespace lazurite {
namespace {

using IoError = boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

constexpr int64_t kForever = std::numeric_limits<int64_t>::max();
constexpr int kAtOnceMax = 32;
constexpr size_t kSendFileBytesMax = size_t{1} << 20;  // a call, so that others get their turn

int64_t Nanos(Socket::SteadyTime time) { return time.time_since_epoch().count(); }

Status BrokenConnection(const IoError& error) {
  return Unavailable("connection: " + error.message());
}

}  // namespace

// There is no MSG_NOSIGNAL for it: a SIGPIPE of this thread is held back and taken.
ssize_t SendFileQuietly(int socket, int file, off_t* offset, size_t count) {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &pipe, &before);
  const ssize_t sent = sendfile(socket, file, offset, count);
  const int error = errno;
  if (sent < 0 && error == EPIPE) {
    const timespec now{0, 0};
    sigtimedwait(&pipe, nullptr, &now);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return sent;
}

// Lives as long as an operation is under way, even if the socket has gone.
struct Socket::Core : std::enable_shared_from_this<Socket::Core> {
  // One direction: the coroutine that waits and what it will find.
  struct Slot {
    std::coroutine_handle<> handle;
    IoError error;
    size_t count = 0;
  };

  Core(Loop& loop, Fd fd) : descriptor(loop.impl().context.get_executor()) {
    IoError ignored;
    descriptor.assign(fd.Release(), ignored);
    descriptor.non_blocking(true, ignored);
  }

  void BeginWait(bool writes) {
    is_writing = writes;
    const int64_t each = each_ns;
    if (each > 0) deadline_ns = Nanos(SteadyClock::now()) + each;
  }

  void EndWait() {
    if (each_ns > 0) deadline_ns = kForever;
  }
  // A row of operations that need not wait neither starves the others nor, where calls between
  // coroutines are real calls, piles up on the stack.
  bool IsTimeToYield() { return ++at_once % kAtOnceMax == 0; }

  IoDescriptor descriptor;
  std::mutex closing;  // held while the descriptor is closed or shut down
  Slot reading, writing;
  int at_once = 0;
  std::atomic<int64_t> each_ns{0};
  std::atomic<int64_t> deadline_ns{kForever};
  std::atomic<bool> is_writing{false};
  std::atomic<bool> is_expired{false};
};

namespace {

// Suspends until an operation of the socket's completes; `start` is given the handler for it.
template <typename Core, typename Start>
class Operation {
 public:
  using Slot = typename Core::Slot;
  Operation(Core& core, Slot& slot, Start start)
      : core_(core), slot_(slot), start_(std::move(start)) {}
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  ~Operation() {
    if (!slot_.handle) return;
    // Destroyed while it waits: the buffers go with the coroutine.
    slot_.handle = {};
    IoError ignored;
    core_.descriptor.cancel(ignored);
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    Executor* const executor = CurrentExecutor();
    LAZURITE_CHECK(executor != nullptr && !slot_.handle);
    slot_.handle = handle;
    Start start = start_;
    start([core = core_.shared_from_this(), slot = &slot_, executor, hold = executor->Hold()](
              IoError error, size_t count = 0) {
      executor->Dispatch([core, slot, error, count] {
        if (!slot->handle) return;
        slot->error = error;
        slot->count = count;
        std::exchange(slot->handle, {}).resume();
      });
    });
  }
  void await_resume() const noexcept {}

 private:
  Core& core_;
  Slot& slot_;
  Start start_;
};

}  // namespace

Socket::Socket(Loop& loop, Fd fd) : core_(std::make_shared<Core>(loop, std::move(fd))) {}

Socket::~Socket() {
  const std::lock_guard lock(core_->closing);
  IoError ignored;
  core_->descriptor.close(ignored);
}

Task<Result<size_t>> Socket::Read(char* into, size_t count) {
  Core& core = *core_;
  core.BeginWait(false);
  auto start = [&core, into, count](auto done) {
    core.descriptor.async_read_some(boost::asio::buffer(into, count), std::move(done));
  };
  Operation operation(core, core.reading, start);
  co_await operation;
  core.EndWait();
  if (core.reading.error == boost::asio::error::eof) co_return size_t{0};
  if (core.reading.error) co_return BrokenConnection(core.reading.error);
  co_return core.reading.count;
}

Task<Status> Socket::Readable() {
  Core& core = *core_;
  core.BeginWait(false);
  auto start = [&core](auto done) {
    core.descriptor.async_wait(IoDescriptor::wait_read, std::move(done));
  };
  Operation operation(core, core.reading, start);
  co_await operation;
  core.EndWait();
  if (core.reading.error) co_return BrokenConnection(core.reading.error);
  co_return Status();
}

Task<Status> Socket::Writable() {
  Core& core = *core_;
  core.BeginWait(true);
  auto start = [&core](auto done) {
    core.descriptor.async_wait(IoDescriptor::wait_write, std::move(done));
  };
  Operation operation(core, core.writing, start);
  co_await operation;
  core.EndWait();
  if (core.writing.error) co_return BrokenConnection(core.writing.error);
  co_return Status();
}

Task<Status> Socket::Write(std::string_view first, std::string_view second) {
  if (core_->IsTimeToYield()) co_await Yield();
  while (!first.empty() || !second.empty()) {
    std::array<iovec, 2> pieces{{{const_cast<char*>(first.data()), first.size()},
                                 {const_cast<char*>(second.data()), second.size()}}};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = second.empty() ? 1 : 2;
    const ssize_t sent = sendmsg(fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      const size_t of_first = std::min(static_cast<size_t>(sent), first.size());
      first.remove_prefix(of_first);
      second.remove_prefix(static_cast<size_t>(sent) - of_first);
    } else if (errno == EAGAIN) {
      CO_TRY(co_await Writable());
    } else if (errno != EINTR) {
      co_return Unavailable(ErrnoStatus("connection", errno).text());
    }
  }
  co_return Status();
}

Task<Status> Socket::SendFile(int file, int64_t offset, int64_t length) {
  off_t at = offset;
  const off_t end = offset + length;
  while (at < end) {
    const size_t count = std::min(static_cast<size_t>(end - at), kSendFileBytesMax);
    const ssize_t sent = SendFileQuietly(fd(), file, &at, count);
    if (sent == 0) co_return Unavailable("the file ended while it was sent");
    if (sent > 0 && core_->IsTimeToYield()) co_await Yield();
    if (sent > 0 || errno == EINTR) continue;
    if (errno != EAGAIN) co_return Unavailable(ErrnoStatus("connection", errno).text());
    CO_TRY(co_await Writable());
  }
  co_return Status();
}

void Socket::AllowEach(Duration duration) {
  core_->each_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
  core_->deadline_ns = kForever;
}

void Socket::AllowUntil(SteadyTime deadline) {
  core_->each_ns = 0;
  core_->deadline_ns = Nanos(deadline);
}

void Socket::AllowForever() {
  core_->each_ns = 0;
  core_->deadline_ns = kForever;
}

bool Socket::IsOverdue(SteadyTime now) const { return Nanos(now) >= core_->deadline_ns; }

void Socket::Expire() {
  if (core_->is_expired.exchange(true)) return;
  Shutdown(core_->is_writing ? SHUT_RDWR : SHUT_RD);
}

bool Socket::is_expired() const { return core_->is_expired; }

void Socket::Shutdown(int how) {
  const std::lock_guard lock(core_->closing);
  if (core_->descriptor.is_open()) shutdown(core_->descriptor.native_handle(), how);
}

Socket::Peer Socket::LookAtPeer() const {
  const std::lock_guard lock(core_->closing);
  if (!core_->descriptor.is_open()) return Peer::kGone;
  pollfd question{core_->descriptor.native_handle(), POLLRDHUP, 0};
  if (poll(&question, 1, 0) <= 0) return Peer::kThere;
  if ((question.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) return Peer::kGone;
  return (question.revents & POLLRDHUP) != 0 ? Peer::kSendsNoMore : Peer::kThere;
}

Task<void> Yield() {
  auto start = [](task_detail::Callback<bool> done) { done(true); };
  co_await Await<bool>(start);
}

int Socket::fd() const { return core_->descriptor.native_handle(); }

}  // namespace lazurite
