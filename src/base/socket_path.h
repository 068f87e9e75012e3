// Sockets in folders with long names: the kernel takes 107 bytes of a path, a file may have 4096.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "base/file.h"
#include "base/status.h"

namespace lazurite {

// The address of the socket file at `path`, for bind, connect and sendto. A long path is reached by
// a handle of its folder (/proc/self/fd/N/name), so the address holds while this object lives.
class SocketPath {
 public:
  static constexpr size_t kBytesMax = sizeof(sockaddr_un::sun_path) - 1;

  // kNotFound: there is no such folder; kInvalidArgument: the file's own name is too long.
  static Result<SocketPath> Of(const std::string& path);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  static constexpr socklen_t size() { return sizeof(sockaddr_un); }

 private:
  SocketPath() = default;

  sockaddr_un address_{};
  Fd folder_;  // of a long path
};

}  // namespace lazurite
