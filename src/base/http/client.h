// HTTP/1.1 client for our own servers: a blocking one for the command line and a coroutine for the
// runner's forwarder.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/http/message.h"
#include "base/net/loop.h"

namespace lazurite {

// "http://127.0.0.1:8451", "https://host:8451", "unix:/path/socket" taken apart.
struct Origin {
  bool is_tls = false;
  std::string host{};
  int port = 0;
  std::string unix_path{};  // instead of host and port
  static Result<Origin> Parse(std::string_view url);
};

// Part of a body: bytes, after them a part of a file, which the kernel sends by itself if it can.
struct BodyPiece {
  std::string bytes{};
  int file = -1;
  int64_t offset = 0;
  int64_t length = 0;

  int64_t size() const { return static_cast<int64_t>(bytes.size()) + length; }
};

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";
  Headers headers{};  // Host, Content-Length and Connection are added
  std::string body{};
  // Instead of `body`: called until it gives an empty piece; sent with Content-Length if
  // `stream_bytes` >= 0, else chunked.
  std::function<Result<BodyPiece>()> stream{};
  int64_t stream_bytes = -1;
  // BlockingClient: called when the head of the answer is there; false: its body is not wanted.
  std::function<bool(int status, const Headers& headers)> on_head{};
};

struct ClientResponse {
  int status = 0;
  Headers headers{};
  std::string body{};
};

// One connection, kept alive between calls and opened again when the server closed it. Blocks; not
// for loop threads. kUnavailable: nobody answers there; kDeadlineExceeded after `timeout` without a
// byte.
class BlockingClient {
 public:
  struct Options {
    Duration connect_timeout{std::chrono::seconds(5)};
    Duration timeout{std::chrono::seconds(60)};
    std::string ca_file{};  // for TLS: trusted instead of the system's authorities
    size_t body_bytes_max = size_t{1} << 30;
  };
  BlockingClient(Origin origin, Options options);
  ~BlockingClient();
  BlockingClient(BlockingClient&&) noexcept;

  Result<ClientResponse> Call(const ClientRequest& request);
  // The body goes to `sink` piece by piece (the answer's `body` stays empty) until it ends or
  // `sink` returns false.
  Result<ClientResponse> Call(const ClientRequest& request,
                              const std::function<bool(std::string_view)>& sink);
  // Interrupts a Call under way on another thread, or from a signal handler's thread.
  void Abort();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One request over a fresh connection, on the loop. `request.body` as given there (but no
// `stream`); for a forwarder: the body of `from` is streamed on (if not null; with the request's
// Content-Length if it has one, else in chunks) and the answer's body streams back through
// Response's BodyStream or comes whole if it is at most 64 KiB and its length is known.
// kUnavailable if nobody answers there (nothing was sent); kDeadlineExceeded if the server left or
// was silent for ten minutes after the request, or a part of it, was sent: what it did with it is
// not known. Errors of `from` are handed on.
Task<Result<Response>> Fetch(Loop& loop, const Origin& origin, ClientRequest request,
                             BodyReader* from = nullptr);

}  // namespace lazurite
