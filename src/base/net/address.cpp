#include "base/net/address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

namespace lazurite {
namespace {

Result<std::vector<SocketAddress>> Resolve(const std::string& host, int port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return Unavailable("looking up " + host + ": " + gai_strerror(error));
  std::vector<SocketAddress> addresses;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    SocketAddress address;
    memcpy(&address.bytes, info->ai_addr, info->ai_addrlen);
    address.length = info->ai_addrlen;
    addresses.push_back(address);
  }
  freeaddrinfo(found);
  if (addresses.empty()) return Unavailable("looking up " + host + ": no address");
  return addresses;
}

}  // namespace

Result<SocketAddress> UnixAddress(const std::string& path) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(at.sun_path)) {
    return InvalidArgument("socket path \"" + path + "\" has " + std::to_string(path.size()) +
                           " bytes, expected 1 to " + std::to_string(sizeof(at.sun_path) - 1));
  }
  memcpy(at.sun_path, path.data(), path.size());
  SocketAddress address;
  memcpy(&address.bytes, &at, sizeof at);
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

Result<SocketAddress> NumericAddress(const std::string& host, int port) {
  const auto found = Resolve(host, port, AI_NUMERICHOST);
  if (found.ok()) return found.value().front();
  return InvalidArgument("\"" + host + "\" is no IP address");
}

Result<std::vector<SocketAddress>> LookUp(const std::string& host, int port) {
  return Resolve(host, port, 0);
}

Result<Fd> NewSocket(int family) {
  Fd fd(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ErrnoStatus("making a socket", errno);
  const int on = 1;
  if (family != AF_UNIX) setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

Result<Fd> BeginConnect(const SocketAddress& address) {
  ASSIGN_OR_RETURN(Fd fd, NewSocket(address.family()));
  if (connect(fd.get(), address.get(), address.length) == 0 || errno == EINPROGRESS) return fd;
  return Unavailable(ErrnoStatus("connecting", errno).text());
}

Status EndConnect(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return error == 0 ? Status() : Unavailable(ErrnoStatus("connecting", error).text());
}

}  // namespace lazurite
