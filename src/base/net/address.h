// Socket addresses and the first steps of a connection, for sources that wait each in their own
// way.
#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "base/file.h"

namespace lazurite {

// Of any family, ready for bind and connect.
struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t length = 0;
  int family() const { return bytes.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

Result<SocketAddress> UnixAddress(const std::string& path);
// An IPv4 or IPv6 address in digits; kInvalidArgument.
Result<SocketAddress> NumericAddress(const std::string& host, int port);
// A name's addresses, or the numeric one; may block. kUnavailable: there are none.
Result<std::vector<SocketAddress>> LookUp(const std::string& host, int port);

// A stream socket that does not block, with TCP_NODELAY where that exists.
Result<Fd> NewSocket(int family);
// Begins to connect: when the socket is writable, EndConnect says how it went. kUnavailable: nobody
// answers there.
Result<Fd> BeginConnect(const SocketAddress& address);
Status EndConnect(int fd);

}  // namespace lazurite
