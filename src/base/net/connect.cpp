#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/net/socket.h"

namespace lazurite {
namespace {

constexpr int kBacklog = 1024;

// An address of either family, ready for bind and connect.
struct Address {
  sockaddr_storage bytes{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

Result<Address> UnixAddress(const std::string& path) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(at.sun_path)) {
    return InvalidArgument("socket path \"" + path + "\" has " + std::to_string(path.size()) +
                           " bytes, expected 1 to " + std::to_string(sizeof(at.sun_path) - 1));
  }
  memcpy(at.sun_path, path.data(), path.size());
  Address address;
  memcpy(&address.bytes, &at, sizeof at);
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

// Looks names up, which may block.
Result<std::vector<Address>> Resolve(const std::string& host, int port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    return Unavailable("looking up " + host + ": " + gai_strerror(error));
  }
  std::vector<Address> addresses;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    Address address;
    memcpy(&address.bytes, info->ai_addr, info->ai_addrlen);
    address.length = info->ai_addrlen;
    addresses.push_back(address);
  }
  freeaddrinfo(found);
  return addresses;
}

Result<Fd> NewSocket(int family) {
  Fd fd(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ErrnoStatus("making a socket", errno);
  const int on = 1;
  if (family != AF_UNIX) setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

Task<Result<Fd>> ConnectTo(Loop& loop, Address address, Duration timeout) {
  CO_ASSIGN_OR_RETURN(Fd fd, NewSocket(address.bytes.ss_family));
  if (connect(fd.get(), address.get(), address.length) == 0) co_return fd;
  if (errno != EINPROGRESS) co_return Unavailable(ErrnoStatus("connecting", errno).text());
  const Fd mine(dup(fd.get()));
  Socket socket(loop, std::move(fd));
  const auto timer = loop.After(timeout, [&socket] { socket.Expire(); });
  const Status writable = co_await socket.Writable();
  if (socket.is_expired()) co_return Status(Code::kDeadlineExceeded, "connecting took too long");
  if (!writable.ok()) co_return writable;
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) co_return Unavailable(ErrnoStatus("connecting", error).text());
  co_return Fd(fcntl(mine.get(), F_DUPFD_CLOEXEC, 0));
}

}  // namespace

Task<Result<Fd>> ConnectTcp(Loop& loop, std::string host, int port, Duration timeout) {
  Result<std::vector<Address>> addresses = Resolve(host, port, AI_NUMERICHOST);
  if (!addresses.ok()) {
    co_await loop.Blocking([&] { addresses = Resolve(host, port, 0); });
  }
  if (!addresses.ok()) co_return addresses.status();
  Status failure = Unavailable("looking up " + host + ": no address");
  for (const Address& address : *addresses) {
    Result<Fd> fd = co_await ConnectTo(loop, address, timeout);
    if (fd.ok()) co_return fd;
    failure = fd.status();
  }
  co_return std::move(failure).With(host + " port " + std::to_string(port));
}

Task<Result<Fd>> ConnectUnix(Loop& loop, std::string path, Duration timeout) {
  CO_ASSIGN_OR_RETURN(const Address address, UnixAddress(path));
  Result<Fd> fd = co_await ConnectTo(loop, address, timeout);
  if (!fd.ok()) co_return fd.status().With(path);
  co_return fd;
}

Result<Fd> ListenTcp(const std::string& address, int port) {
  const std::string name = address + " port " + std::to_string(port);
  auto found = Resolve(address, port, AI_NUMERICHOST | AI_PASSIVE);
  if (!found.ok() || found->empty()) {
    return InvalidArgument("\"" + address + "\" is no IP address to listen on");
  }
  const Address& at = found->front();
  ASSIGN_OR_RETURN(Fd fd, NewSocket(at.bytes.ss_family));
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
  ASSIGN_OR_RETURN(const Address at, UnixAddress(path));
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
