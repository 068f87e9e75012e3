// An HTTP/1.1 server: connections, parsing, limits, time-outs. What a request means is the
// handler's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/http/message.h"
#include "base/net/loop.h"

namespace lazurite {

class TlsContext;  // base/net/tls.h

struct HttpServerOptions {
  size_t head_bytes_max = size_t{64} << 10;  // 431 beyond
  int connections_max = 10000;               // further ones are closed at once with 503
  Duration head_timeout{
      std::chrono::seconds(20)};  // from the first byte of a request to its last header: 408
  Duration idle_timeout{std::chrono::seconds(75)};  // between requests of one connection
  Duration body_timeout{std::chrono::seconds(60)};  // between two pieces of a body, either way
  Duration stop_grace{std::chrono::seconds(10)};    // for requests under way when stopping
  std::shared_ptr<TlsContext>
      tls{};  // if set, a connection whose first byte is a TLS handshake speaks TLS
};

// Serves on any number of listeners. Plain HTTP and TLS share a port (the first byte tells).
// Keep-alive, pipelining (in order), chunked bodies both ways, Expect: 100-continue, HEAD; head and
// small body go out in one write; TCP_NODELAY. A body the handler did not read is drained up to 1
// MiB, else the connection closes after the answer. An exception or a handler's error becomes 500
// with the request id, and the connection lives on where it can.
class HttpServer {
 public:
  HttpServer(Loop& loop, HttpServerOptions options, Handler handler);
  ~HttpServer();

  // Listens on an address like "127.0.0.1", port 0 picks one. The port it got. kConflict if it is
  // taken.
  Result<int> ListenTcp(const std::string& address, int port);
  Status ListenUnix(const std::string& path);

  // Takes no new connections or requests, lets those under way end (at most stop_grace), then
  // returns.
  Task<void> Stop();

  int connections() const;  // open now

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace lazurite
