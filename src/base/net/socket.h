// A connected stream socket on the loop.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"
#include "base/net/loop.h"

namespace lazurite {

// At most one coroutine reads and one writes at a time; both on the same executor, which is not the
// case for Expire and Shutdown: they may come from any thread.
class Socket final {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  Socket(Loop& loop, Fd fd);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // At least one byte; 0 when the peer sends no more.
  Task<Result<size_t>> Read(char* into, size_t count);
  // All bytes of both, in one system call where the kernel takes them.
  Task<Status> Write(std::string_view first, std::string_view second = {});
  // A part of a file. kUnavailable if the file ends before.
  Task<Status> SendFile(int file, int64_t offset, int64_t length);
  Task<Status> Readable();
  Task<Status> Writable();

  // From now on each wait may take `duration` (a write begins anew with each piece the kernel
  // takes)…
  void AllowEach(Duration duration);
  // … or all of them together until `deadline`.
  void AllowUntil(SteadyTime deadline);
  void AllowForever();
  bool IsOverdue(SteadyTime now) const;
  // Ends the wait under way because its time is over: a reader finds the end of the stream, a
  // writer an error.
  void Expire();
  bool is_expired() const;

  void Shutdown(int how);  // shutdown(2)
  // Whether the peer is still there, as far as the kernel knows; asks without waiting.
  enum class Peer : unsigned char { kThere, kSendsNoMore, kGone };
  Peer LookAtPeer() const;
  int fd() const;

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

// sendfile(2), which raises SIGPIPE where a write would not: without that.
ssize_t SendFileQuietly(int socket, int file, off_t* offset, size_t count);

// Lets others of the loop have their turn.
Task<void> Yield();

// Connects to a numeric address or a name (looked up in the blocking pool), or to a unix socket.
// kUnavailable: nobody answers there; kDeadlineExceeded.
Task<Result<std::shared_ptr<Socket>>> ConnectTcp(Loop& loop, std::string host, int port,
                                                 Duration timeout);
Task<Result<std::shared_ptr<Socket>>> ConnectUnix(Loop& loop, std::string path, Duration timeout);

// Listening sockets. kConflict: the address is taken.
Result<Fd> ListenTcp(const std::string& address, int port);
Result<Fd> ListenUnix(const std::string& path);

}  // namespace lazurite
