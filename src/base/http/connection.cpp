#include "base/http/connection.h"

#include <sys/socket.h>

#include "base/http/target.h"
#include "base/log.h"
#include "base/text.h"

namespace lazurite {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr unsigned char kTlsHandshake = 0x16;
constexpr int64_t kDrainBytesMax = int64_t{1} << 20;
constexpr int64_t kLingerBytesMax = int64_t{16} << 20;
constexpr Duration kLingerMax = std::chrono::seconds(2);
constexpr size_t kPieceBytesMax = size_t{256} << 10;
// A stream that gives nothing for so long is ended once its peer sends no more or the server stops.
constexpr Duration kQuietStreamMax = std::chrono::seconds(1);

Response ResponseFor(const Status& status) {
  switch (status.code()) {
    case Code::kResourceExhausted:
      return ErrorResponse(431, "RequestHeaderFieldsTooLarge", status.text());
    case Code::kDeadlineExceeded:
      return ErrorResponse(408, "RequestTimeout", status.text());
    default:
      return ErrorResponse(400, "BadRequest", status.text());
  }
}

}  // namespace

// What the handler reads the body with; harmless once its request is over.
class ConnectionBody final : public BodyReader {
 public:
  explicit ConnectionBody(const std::shared_ptr<Connection>& connection)
      : connection_(connection), request_(connection->requests_) {}
  Task<Result<std::string>> ReadSome() override {
    const std::shared_ptr<Connection> connection = connection_.lock();
    if (connection == nullptr || connection->requests_ != request_) {
      co_return FailedPrecondition("the request is over");
    }
    Result<std::string> piece = co_await connection->ReadBody();
    co_return piece;
  }
  Task<Result<size_t>> ReadInto(char* into, size_t count) override {
    const std::shared_ptr<Connection> connection = connection_.lock();
    if (connection == nullptr || connection->requests_ != request_) {
      co_return FailedPrecondition("the request is over");
    }
    const bool is_chunked = connection->body_.is_chunked;
    auto reading =
        is_chunked ? BodyReader::ReadInto(into, count) : connection->ReadBodyInto(into, count);
    Result<size_t> got = co_await std::move(reading);
    co_return got;
  }

 private:
  std::weak_ptr<Connection> connection_;
  uint64_t request_;
};

Connection::Connection(std::shared_ptr<HttpServer::Impl> server, Fd fd, std::string peer)
    : server_(std::move(server)),
      peer_(std::move(peer)),
      strand_(std::make_shared<Strand>(server_->loop)),
      wire_(std::make_shared<Socket>(server_->loop, std::move(fd))) {}

Connection::~Connection() = default;

void Connection::Start() {
  strand_->Post([self = shared_from_this()] { task_detail::RunDetached(Serve(self)); });
}

void Connection::Check(Socket::SteadyTime now) {
  if (wire_->IsOverdue(now)) wire_->Expire();
  if (!is_pulling_) return;
  const Socket::Peer peer = wire_->LookAtPeer();
  const bool ends = peer == Socket::Peer::kSendsNoMore || server_->is_stopping;
  const std::lock_guard lock(closing_mutex_);
  if (ends && !closing_since_) closing_since_ = now;
  if (peer == Socket::Peer::kGone || (ends && now - *closing_since_ >= kQuietStreamMax)) {
    is_cut_ = true;
    pulled_or_cut_.Set();
  }
}

void Connection::EndWhenIdle() {
  if (is_idle_) wire_->Shutdown(SHUT_RD);
}

void Connection::Cut() {
  is_cut_ = true;
  pulled_or_cut_.Set();
  wire_->Shutdown(SHUT_RDWR);
}

Task<void> Connection::Serve(std::shared_ptr<Connection> self) {
  struct Leave {
    ~Leave() { connection->server_->Remove(connection); }
    std::shared_ptr<Connection> connection;
  };
  const Leave leave{self};
  const bool is_open = co_await self->OpenStream();
  if (!is_open) co_return;
  bool goes_on = true;
  while (goes_on) goes_on = co_await self->ServeOne();
  co_await self->Close();
}

// Finds out which language the peer speaks.
Task<bool> Connection::OpenStream() {
  wire_->AllowUntil(SteadyClock::now() + server_->options.idle_timeout);
  unsigned char first = 0;
  if (server_->options.tls != nullptr) {
    const Status readable = co_await wire_->Readable();
    if (!readable.ok() || recv(wire_->fd(), &first, 1, MSG_PEEK | MSG_DONTWAIT) != 1) {
      co_return false;
    }
  }
  if (first != kTlsHandshake) {
    stream_ = MakePlainStream(wire_);
    co_return true;
  }
  is_tls_ = true;
  wire_->AllowUntil(SteadyClock::now() + server_->options.head_timeout);
  auto stream = co_await AcceptTls(server_->loop, wire_, server_->options.tls);
  if (!stream.ok()) co_return false;
  stream_ = std::move(*stream);
  co_return true;
}

Task<Result<size_t>> Connection::Fill(size_t room) {
  input_.Reserve(room);
  Result<size_t> count = co_await stream_->Read(input_.room(), input_.room_bytes());
  if (count.ok()) input_.Filled(*count);
  co_return count;
}

Task<Result<bool>> Connection::ReadHead(MessageParser& parser) {
  const auto& options = server_->options;
  is_idle_ = true;
  bool has_begun = !input_.empty();
  bool is_parsing = false;
  wire_->AllowUntil(SteadyClock::now() + (has_begun ? options.head_timeout : options.idle_timeout));
  while (!parser.is_head_done()) {
    if (server_->is_stopping) co_return false;
    // Empty lines before a request are allowed.
    while (!is_parsing && input_.bytes().substr(0, 2) == "\r\n") input_.Consume(2);
    CO_ASSIGN_OR_RETURN(const size_t taken, parser.PutHead(input_.bytes()));
    input_.Consume(taken);
    is_parsing = is_parsing || taken > 0;
    if (parser.is_head_done()) break;
    const Result<size_t> count = co_await Fill(InputBuffer::kSmallBytes / 2);
    if (!count.ok()) co_return false;
    if (*count == 0) {
      if (!has_begun || server_->is_stopping) co_return false;
      if (wire_->is_expired()) {
        co_return Status(Code::kDeadlineExceeded, "the request's head took too long");
      }
      co_return InvalidArgument("the request ended within its head");
    }
    if (!has_begun) wire_->AllowUntil(SteadyClock::now() + options.head_timeout);
    has_begun = true;
  }
  is_idle_ = false;
  co_return true;
}

Status Connection::TakeHead(MessageHead& head, Request& request) {
  request.method = std::move(head.method);
  request.target = std::move(head.target);
  request.headers = std::move(head.headers);
  request.is_tls = is_tls_;
  request.peer = peer_;
  const bool wants_continue =
      head.is_http11 && EqualNoCase(request.headers.Get("Expect"), "100-continue");
  body_ = Body{};
  body_.is_chunked = head.is_chunked;
  body_.left = head.content_length;
  body_.is_done = !head.is_chunked && head.content_length == 0;
  body_.wants_continue = wants_continue && !body_.is_done;
  if (head.is_http11 && !request.headers.Has("Host")) {
    return InvalidArgument("the request has no Host");
  }
  return ReadTarget(request);
}

Task<bool> Connection::Reject(const Status& status) {
  Request none;
  none.method = "GET";
  none.request_id = server_->ids.Uuid();
  Response response = ResponseFor(status);
  lingers_ = true;
  wire_->AllowEach(server_->options.body_timeout);
  const bool was_sent = co_await Send(none, response, true);
  lingers_ = was_sent;
  co_return false;
}

Task<bool> Connection::ServeOne() {
  MessageParser parser(MessageParser::Kind::kRequest, server_->options.head_bytes_max);
  const Result<bool> got = co_await ReadHead(parser);
  if (!got.ok()) co_return co_await Reject(got.status());
  if (!*got) co_return false;

  Request request;
  request.request_id = server_->ids.Uuid();
  const Current current(*this, parser);
  const Status taken = TakeHead(parser.head(), request);
  if (!taken.ok()) co_return co_await Reject(taken);
  wire_->AllowEach(server_->options.body_timeout);
  request.body = std::make_unique<ConnectionBody>(shared_from_this());

  Response response = co_await Answer(request);
  const bool closes = !parser.head().keeps_alive || server_->is_stopping || !MayDrain() ||
                      EqualNoCase(response.headers.Get("Connection"), "close");
  const bool was_sent = co_await Send(request, response, closes);
  lingers_ = was_sent && !body_.is_done;
  if (!was_sent || closes) co_return false;
  const bool was_drained = co_await DrainBody();
  input_.Shrink();
  co_return was_drained;
}

Task<Response> Connection::Answer(Request& request) {
  std::string failure;
  try {
    Response response = co_await server_->handler(request);
    co_return response;
  } catch (const std::exception& error) {
    failure = error.what();
  } catch (...) {
    failure = "unknown exception";
  }
  Log(LogLevel::kError, "a handler failed",
      {{"error", failure},
       {"method", request.method},
       {"path", request.path},
       {"request_id", request.request_id}});
  co_return ErrorResponse(
      500, "InternalError",
      "the server failed; its log has more under request id " + request.request_id);
}

Status Connection::BodyEnded() {
  body_.failure = wire_->is_expired()
                      ? Status(Code::kDeadlineExceeded, "the request's body came too slowly")
                      : InvalidArgument("the request ended within its body");
  return body_.failure;
}

Task<Status> Connection::BeginBody() {
  if (!body_.failure.ok()) co_return body_.failure;
  if (std::exchange(body_.wants_continue, false) && input_.empty()) {
    const Status sent = co_await stream_->Write("HTTP/1.1 100 Continue\r\n\r\n");
    if (!sent.ok()) co_return BodyEnded();
  }
  co_return Status();
}

Task<Result<std::string>> Connection::ReadBody() {
  if (body_.failure.ok() && body_.is_done) co_return std::string();
  CO_TRY(co_await BeginBody());
  if (body_.is_chunked) co_return co_await ReadChunkedBody();
  co_return co_await ReadPlainBody();
}

Task<Result<std::string>> Connection::ReadPlainBody() {
  std::string piece;
  const size_t wanted =
      static_cast<size_t>(std::min(body_.left, static_cast<int64_t>(body_.piece_bytes)));
  if (!input_.empty()) {
    piece = input_.Take(static_cast<size_t>(std::min(body_.left, int64_t{1} << 30)));
  } else {
    piece.resize(wanted);
    const Result<size_t> count = co_await stream_->Read(piece.data(), piece.size());
    if (!count.ok() || *count == 0) co_return BodyEnded();
    piece.resize(*count);
    if (*count == body_.piece_bytes && body_.piece_bytes < kPieceBytesMax) body_.piece_bytes *= 2;
  }
  body_.left -= static_cast<int64_t>(piece.size());
  body_.is_done = body_.left == 0;
  co_return piece;
}

Task<Result<size_t>> Connection::ReadBodyInto(char* into, size_t count) {
  if (body_.failure.ok() && body_.is_done) co_return size_t{0};
  CO_TRY(co_await BeginBody());
  count = static_cast<size_t>(std::min(body_.left, static_cast<int64_t>(count)));
  if (!input_.empty()) {
    count = input_.bytes().copy(into, count);
    input_.Consume(count);
  } else {
    const Result<size_t> got = co_await stream_->Read(into, count);
    if (!got.ok() || *got == 0) co_return BodyEnded();
    count = *got;
  }
  body_.left -= static_cast<int64_t>(count);
  body_.is_done = body_.left == 0;
  co_return count;
}

Task<Result<std::string>> Connection::ReadChunkedBody() {
  std::string piece;
  while (true) {
    const Result<size_t> taken = parser_->PutChunks(input_.bytes(), piece);
    if (!taken.ok()) {
      body_.failure = taken.status();
      co_return body_.failure;
    }
    input_.Consume(*taken);
    body_.is_done = parser_->is_done();
    if (body_.is_done || !piece.empty()) co_return piece;
    const Result<size_t> count = co_await Fill(body_.piece_bytes);
    if (!count.ok() || *count == 0) co_return BodyEnded();
    if (*count >= body_.piece_bytes && body_.piece_bytes < kPieceBytesMax) body_.piece_bytes *= 2;
  }
}

// Whether the rest of the body, which the handler did not want, can be read away after the answer.
bool Connection::MayDrain() const {
  if (!body_.failure.ok()) return false;
  if (body_.is_done) return true;
  return !body_.wants_continue && (body_.is_chunked || body_.left <= kDrainBytesMax);
}

Task<bool> Connection::DrainBody() {
  int64_t drained = 0;
  while (!body_.is_done && drained <= kDrainBytesMax) {
    const Result<std::string> piece = co_await ReadBody();
    if (!piece.ok()) co_return false;
    drained += static_cast<int64_t>(piece->size());
  }
  lingers_ = !body_.is_done;
  co_return body_.is_done;
}

// Closing with bytes unread would take the answer away from a peer that has not read it yet.
Task<void> Connection::Close() {
  if (wire_->is_expired() || is_cut_) co_return;
  if (!lingers_) {
    if (is_tls_) co_await stream_->EndWriting();
    co_return;
  }
  co_await stream_->EndWriting();
  wire_->AllowUntil(SteadyClock::now() + kLingerMax);
  std::array<char, 16384> unwanted;
  int64_t left = kLingerBytesMax;
  while (left > 0) {
    const Result<size_t> count = co_await wire_->Read(unwanted.data(), unwanted.size());
    if (!count.ok() || *count == 0) co_return;
    left -= static_cast<int64_t>(*count);
  }
}

}  // namespace lazurite
