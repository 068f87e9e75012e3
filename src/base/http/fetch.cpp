#include "base/http/client.h"
#include "base/http/client_message.h"
#include "base/net/stream.h"
#include "base/net/tls.h"
#include "base/text.h"

namespace lazurite {
namespace {

constexpr Duration kConnectMax = std::chrono::seconds(5);
constexpr Duration kSendMax = std::chrono::seconds(60);  // between two pieces the server takes
constexpr Duration kAnswerMax =
    std::chrono::seconds(600);  // from the end of the request to the head
constexpr int64_t kWholeBytesMax = int64_t{64} << 10;

// Ends the wait on a socket after a while.
class Deadline {
 public:
  Deadline(Loop& loop, std::shared_ptr<Socket> socket, Duration after)
      : timer_(loop.After(after, [socket = std::move(socket)] { socket->Expire(); })) {}

 private:
  std::shared_ptr<void> timer_;
};

// One connection and what came over it; shared by the call and the stream of its answer.
struct Exchange {
  Exchange(Loop& on, std::string method) : loop(on), answer(std::move(method)) {}

  Task<Status> Connect(Origin origin);
  Task<Status> Write(std::string_view first, std::string_view second);
  Task<Status> Send(const Origin& origin, const ClientRequest& request, BodyReader* from);
  Task<Status> SendPieces(std::string head, BodyReader& from, bool is_chunked);
  Task<Status> ReadHead();
  Task<Result<std::string>> ReadPiece();
  Task<Result<std::string>> ReadWhole();
  Task<Result<size_t>> Fill();

  Loop& loop;
  AnswerReader answer;  // outlives the stream, which may be reading into it
  std::shared_ptr<Socket> socket;
  std::unique_ptr<Stream> stream;
  Status source_failure;  // of the body that is sent on
};

Task<Status> Exchange::Connect(Origin origin) {
  if (origin.unix_path.empty()) {
    CO_ASSIGN_OR_RETURN(socket, co_await ConnectTcp(loop, origin.host, origin.port, kConnectMax));
  } else {
    CO_ASSIGN_OR_RETURN(socket, co_await ConnectUnix(loop, origin.unix_path, kConnectMax));
  }
  if (!origin.is_tls) {
    stream = MakePlainStream(socket);
    co_return Status();
  }
  CO_ASSIGN_OR_RETURN(auto context, TlsContext::Client(""));
  const Deadline deadline(loop, socket, kConnectMax);
  CO_ASSIGN_OR_RETURN(stream, co_await ConnectTls(loop, socket, context, origin.host));
  co_return Status();
}

Task<Status> Exchange::Write(std::string_view first, std::string_view second) {
  const Deadline deadline(loop, socket, kSendMax);
  Status written = co_await stream->Write(first, second);
  co_return written;
}

Task<Status> Exchange::SendPieces(std::string head, BodyReader& from, bool is_chunked) {
  while (true) {
    Result<std::string> piece = co_await from.ReadSome();
    if (!piece.ok()) {
      source_failure = piece.status();
      co_return source_failure;
    }
    if (piece->empty()) break;
    if (is_chunked) {
      head += ChunkLine(piece->size());
      *piece += "\r\n";
    }
    CO_TRY(co_await Write(head, *piece));
    head.clear();
  }
  if (is_chunked) head += "0\r\n\r\n";
  Status written = co_await Write(head, {});
  co_return written;
}

Task<Status> Exchange::Send(const Origin& origin, const ClientRequest& request, BodyReader* from) {
  RequestFraming framing;
  if (from == nullptr) {
    framing.length = static_cast<int64_t>(request.body.size());
    const std::string head = MakeRequestHead(origin, request, framing);
    Status written = co_await Write(head, request.body);
    co_return written;
  }
  const auto length = ParseInt(request.headers.Get("Content-Length"));
  std::string first;
  if (!length) {
    auto piece = co_await from->ReadSome();
    source_failure = piece.status();
    CO_TRY(source_failure);
    first = std::move(*piece);
  }
  framing.is_chunked = !first.empty();
  framing.length = length.value_or(0);
  std::string head = MakeRequestHead(origin, request, framing);
  if (framing.is_chunked) head += ChunkLine(first.size()) + first + "\r\n";
  Status sent = co_await SendPieces(std::move(head), *from, framing.is_chunked);
  co_return sent;
}

Task<Result<size_t>> Exchange::Fill() {
  InputBuffer& input = answer.input();
  Result<size_t> got = co_await stream->Read(input.room(), input.room_bytes());
  if (got.ok()) input.Filled(*got);
  co_return got;
}

Task<Status> Exchange::ReadHead() {
  const Deadline deadline(loop, socket, kAnswerMax);
  while (true) {
    CO_ASSIGN_OR_RETURN(const bool has_head, answer.HasHead());
    if (has_head) co_return Status();
    answer.ReserveForHead();
    CO_ASSIGN_OR_RETURN(const size_t got, co_await Fill());
    if (got == 0) co_return answer.End();
  }
}

Task<Result<std::string>> Exchange::ReadPiece() {
  while (true) {
    CO_ASSIGN_OR_RETURN(std::string piece, answer.TakeBody());
    if (!piece.empty() || answer.is_done()) co_return piece;
    answer.ReserveForBody();
    CO_ASSIGN_OR_RETURN(const size_t got, co_await Fill());
    if (got > 0) continue;
    CO_TRY(answer.End());
    co_return std::string();
  }
}

Task<Result<std::string>> Exchange::ReadWhole() {
  const Deadline deadline(loop, socket, kAnswerMax);
  std::string whole;
  while (true) {
    CO_ASSIGN_OR_RETURN(const std::string piece, co_await ReadPiece());
    if (piece.empty()) co_return whole;
    whole += piece;
  }
}

// The server had the request, or part of it: what it did with it is not known.
Status NoAnswer(Status status, const Origin& origin) {
  return Status(Code::kDeadlineExceeded,
                "no whole answer from " +
                    (origin.unix_path.empty() ? origin.host + " port " + std::to_string(origin.port)
                                              : origin.unix_path) +
                    ": " + status.text());
}

Headers EndToEnd(const Headers& headers) {
  Headers kept;
  for (const auto& [name, value] : headers.fields()) {
    const bool is_hop = EqualNoCase(name, "Connection") || EqualNoCase(name, "Keep-Alive") ||
                        EqualNoCase(name, "Transfer-Encoding");
    if (!is_hop) kept.Add(name, value);
  }
  return kept;
}

}  // namespace

Task<Result<Response>> Fetch(Loop& loop, const Origin& to, ClientRequest request,
                             BodyReader* from) {
  const Origin origin = to;
  auto exchange = std::make_shared<Exchange>(loop, request.method);
  const Status connected = co_await exchange->Connect(origin);
  if (connected.code() == Code::kDeadlineExceeded) co_return Unavailable(connected.text());
  CO_TRY(connected);
  const Status sent = co_await exchange->Send(origin, request, from);
  if (!exchange->source_failure.ok()) co_return exchange->source_failure;
  // A server that does not want the rest of a body says why before it closes.
  const Status got = co_await exchange->ReadHead();
  if (!got.ok()) co_return NoAnswer(sent.ok() ? got : sent, origin);
  MessageHead& head = exchange->answer.head();
  Response response;
  response.status = head.status;
  response.headers = EndToEnd(head.headers);
  const bool is_whole = exchange->answer.is_done() || (!head.is_chunked && !head.ends_at_eof &&
                                                       head.content_length <= kWholeBytesMax);
  if (is_whole) {
    Result<std::string> body = co_await exchange->ReadWhole();
    if (!body.ok()) co_return NoAnswer(body.status(), origin);
    response.body = std::move(*body);
  } else {
    response.body = [exchange]() -> Task<Result<std::string>> { return exchange->ReadPiece(); };
  }
  co_return response;
}

}  // namespace lazurite
