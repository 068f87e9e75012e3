// A connection as bytes both ways, whether they go in the clear or through TLS.
#pragma once

#include <memory>
#include <string_view>

#include "base/net/socket.h"

namespace lazurite {

class TlsContext;

class Stream {
 public:
  explicit Stream(std::shared_ptr<Socket> socket) : socket_(std::move(socket)) {}
  virtual ~Stream() = default;

  // At least one byte; 0 when the peer sends no more.
  virtual Task<Result<size_t>> Read(char* into, size_t count) = 0;
  // All bytes of both, together where they are small.
  virtual Task<Status> Write(std::string_view first, std::string_view second = {}) = 0;
  virtual Task<Status> SendFile(int file, int64_t offset, int64_t length) = 0;
  // Tells the peer that no more comes; the other direction stays open.
  virtual Task<void> EndWriting() = 0;

  Socket& socket() { return *socket_; }

 private:
  std::shared_ptr<Socket> socket_;
};

std::unique_ptr<Stream> MakePlainStream(std::shared_ptr<Socket> socket);
// After the handshake as the server. Files are read in the loop's blocking pool.
Task<Result<std::unique_ptr<Stream>>> AcceptTls(Loop& loop, std::shared_ptr<Socket> socket,
                                                std::shared_ptr<TlsContext> context);
// After the handshake as a client that wants to talk with `host`. kUnauthenticated: the certificate
// is not to be trusted.
Task<Result<std::unique_ptr<Stream>>> ConnectTls(Loop& loop, std::shared_ptr<Socket> socket,
                                                 std::shared_ptr<TlsContext> context,
                                                 std::string host);

}  // namespace lazurite
