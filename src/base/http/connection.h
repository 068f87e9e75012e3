// One connection of the server: requests one after the other, each read, answered and cleaned up
// after.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/http/input_buffer.h"
#include "base/http/parser.h"
#include "base/http/response_head.h"
#include "base/http/server_impl.h"
#include "base/net/strand.h"
#include "base/net/stream.h"

namespace lazurite {

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<HttpServer::Impl> server, Fd fd, std::string peer);
  ~Connection();

  void Start();

  // From any thread:
  void Check(Socket::SteadyTime now);  // time-outs, peers that left
  void EndWhenIdle();                  // no further request
  void Cut();                          // at once

 private:
  friend class ConnectionBody;
  // While a request is under way.
  struct Current {
    Current(Connection& of, MessageParser& parser) : connection(of) {
      ++connection.requests_;
      connection.parser_ = &parser;
    }
    ~Current() {
      ++connection.requests_;  // whoever still has the body's reader finds it over
      connection.parser_ = nullptr;
    }
    Connection& connection;
  };
  // Where the body of the request stands.
  struct Body {
    bool is_chunked = false;
    bool wants_continue = false;  // the sender waits for "100 Continue"
    int64_t left = 0;             // if not chunked
    bool is_done = true;
    Status failure;
    size_t piece_bytes = 16384;  // grows with what comes
  };
  struct Pulled;

  static Task<void> Serve(std::shared_ptr<Connection> self);
  Task<bool> OpenStream();
  Task<bool> ServeOne();
  Task<void> Close();

  // Nothing: the connection is over. An error becomes an answer.
  Task<Result<bool>> ReadHead(MessageParser& parser);
  Task<Result<size_t>> Fill(size_t room);
  Status TakeHead(MessageHead& head, Request& request);
  Task<Response> Answer(Request& request);
  Task<bool> Reject(const Status& status);

  Task<Result<std::string>> ReadBody();
  Task<Result<std::string>> ReadPlainBody();
  // Only if the body is not chunked.
  Task<Result<size_t>> ReadBodyInto(char* into, size_t count);
  Task<Status> BeginBody();
  Task<Result<std::string>> ReadChunkedBody();
  Status BodyEnded();
  Task<bool> DrainBody();
  bool MayDrain() const;

  // connection_write.cpp. True if the answer was sent whole.
  Task<bool> Send(const Request& request, Response& response, bool closes);
  Task<Status> SendFile(const Request& request, Response& response, Framing framing);
  Task<Status> SendStream(const Request& request, Response& response, Framing framing);
  Task<Result<std::string>> Pull(Pulled& pulled, BodyStream& stream, std::string& head);
  static Running RunPull(BodyStream& stream, Pulled& pulled);

  const std::shared_ptr<HttpServer::Impl> server_;
  const std::string peer_;
  const std::shared_ptr<Strand> strand_;
  InputBuffer input_;  // outlives the stream, which may be reading into it
  const std::shared_ptr<Socket> wire_;
  std::unique_ptr<Stream> stream_;  // over it
  bool is_tls_ = false;
  bool lingers_ = false;             // closing must not hurt an answer under way
  uint64_t requests_ = 0;            // odd while one is under way
  MessageParser* parser_ = nullptr;  // its head's
  Body body_;

  std::atomic<bool> is_idle_{true};  // between requests, or in a head

  // While a BodyStream is waited for.
  std::atomic<bool> is_pulling_{false};
  std::atomic<bool> is_cut_{false};
  Event pulled_or_cut_;
  std::mutex closing_mutex_;
  std::optional<Socket::SteadyTime> closing_since_;
};

}  // namespace lazurite
