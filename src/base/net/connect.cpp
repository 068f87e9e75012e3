#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/net/address.h"
#include "base/net/socket.h"

namespace lazurite {
namespace {

constexpr int kBacklog = 1024;

Task<Result<std::shared_ptr<Socket>>> ConnectTo(Loop& loop, SocketAddress address,
                                                Duration timeout) {
  CO_ASSIGN_OR_RETURN(Fd fd, BeginConnect(address));
  auto socket = std::make_shared<Socket>(loop, std::move(fd));
  const auto timer = loop.After(timeout, [socket] { socket->Expire(); });
  const Status writable = co_await socket->Writable();
  if (socket->is_expired()) {
    co_return Status(Code::kDeadlineExceeded, "connecting took too long");
  }
  CO_TRY(writable);
  CO_TRY(EndConnect(socket->fd()));
  co_return socket;
}

}  // namespace

Task<Result<std::shared_ptr<Socket>>> ConnectTcp(Loop& loop, std::string host, int port,
                                                 Duration timeout) {
  std::vector<SocketAddress> addresses;
  const Result<SocketAddress> numeric = NumericAddress(host, port);
  if (numeric.ok()) {
    addresses.push_back(numeric.value());
  } else {
    Status looked_up;
    co_await loop.Blocking([&] {
      auto found = LookUp(host, port);
      looked_up = found.status();
      if (found.ok()) addresses = std::move(*found);
    });
    CO_TRY(looked_up);
  }
  Status failure;
  for (const SocketAddress& address : addresses) {
    auto socket = co_await ConnectTo(loop, address, timeout);
    if (socket.ok()) co_return socket;
    failure = socket.status();
  }
  co_return std::move(failure).With(host + " port " + std::to_string(port));
}

Task<Result<std::shared_ptr<Socket>>> ConnectUnix(Loop& loop, std::string path, Duration timeout) {
  CO_ASSIGN_OR_RETURN(const SocketAddress address, UnixAddress(path));
  auto socket = co_await ConnectTo(loop, address, timeout);
  if (!socket.ok()) co_return socket.status().With(path);
  co_return socket;
}

Result<Fd> ListenTcp(const std::string& address, int port) {
  const std::string name = address + " port " + std::to_string(port);
  ASSIGN_OR_RETURN(const SocketAddress at, NumericAddress(address, port));
  ASSIGN_OR_RETURN(Fd fd, NewSocket(at.family()));
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd.get(), at.get(), at.length) != 0 || listen(fd.get(), kBacklog) != 0) {
    const int error = errno;
    if (error == EADDRINUSE) return Conflict(name + " is taken");
    return ErrnoStatus("listening on " + name, error);
  }
  return fd;
}

Result<Fd> ListenUnix(const std::string& path) {
  ASSIGN_OR_RETURN(const SocketAddress at, UnixAddress(path));
  ASSIGN_OR_RETURN(const Fd probe, NewSocket(AF_UNIX));
  if (connect(probe.get(), at.get(), at.length) == 0) {
    return Conflict("somebody listens on " + path + " already");
  }
  struct stat info;
  if (lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) unlink(path.c_str());
  ASSIGN_OR_RETURN(Fd fd, NewSocket(AF_UNIX));
  if (bind(fd.get(), at.get(), at.length) != 0 || chmod(path.c_str(), 0600) != 0 ||
      listen(fd.get(), kBacklog) != 0) {
    return ErrnoStatus("listening on " + path, errno);
  }
  return fd;
}

}  // namespace lazurite
