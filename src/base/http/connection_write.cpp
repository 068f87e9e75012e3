#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/http/client_message.h"
#include "base/http/connection.h"
#include "base/log.h"
#include "base/text.h"

namespace lazurite {
namespace {

constexpr int64_t kSmallFileBytesMax = 16384;  // goes out with the head

bool MayHaveBody(int status) { return status >= 200 && status != 204 && status != 304; }

// A stream whose length the handler knows is sent without chunks.
std::optional<int64_t> KnownLength(const Response& response) {
  return ParseInt(response.headers.Get("Content-Length"));
}

Framing FramingOf(const Request& request, const Response& response, bool is_http11) {
  using enum Framing::Kind;
  Framing framing;
  if (!MayHaveBody(response.status)) return framing;
  framing.kind = kLength;
  if (const auto* text = std::get_if<std::string>(&response.body)) {
    framing.length = static_cast<int64_t>(text->size());
    // The handler of a HEAD may have said how long the body would be.
    if (request.method == "HEAD" && text->empty()) {
      framing.length = KnownLength(response).value_or(0);
    }
  } else if (const auto* range = std::get_if<FileRange>(&response.body)) {
    framing.length = range->length;
  } else if (const auto known = KnownLength(response)) {
    framing.length = *known;
  } else {
    framing.kind = is_http11 ? kChunked : kUntilClose;
  }
  return framing;
}

}  // namespace

// A piece that is being made: shared by the coroutine that makes it and the connection.
struct Connection::Pulled {
  Connection* connection;
  std::optional<Result<std::string>> piece;
};

Task<bool> Connection::Send(const Request& request, Response& response, bool closes) {
  const bool is_http11 = parser_ == nullptr || parser_->head().is_http11;
  Framing framing = FramingOf(request, response, is_http11);
  framing.closes = closes || framing.kind == Framing::Kind::kUntilClose;
  framing.says_keep_alive = !is_http11;
  Status sent;
  if (request.method == "HEAD" || !MayHaveBody(response.status)) {
    sent = co_await stream_->Write(MakeHead(response, framing, request.request_id));
  } else if (std::holds_alternative<FileRange>(response.body)) {
    sent = co_await SendFile(request, response, framing);
  } else if (std::holds_alternative<BodyStream>(response.body)) {
    sent = co_await SendStream(request, response, framing);
  } else {
    const std::string head = MakeHead(response, framing, request.request_id);
    sent = co_await stream_->Write(head, std::get<std::string>(response.body));
  }
  co_return sent.ok() && framing.kind != Framing::Kind::kUntilClose;
}

Task<Status> Connection::SendFile(const Request& request, Response& response, Framing framing) {
  const auto range = std::get<FileRange>(response.body);
  const std::string head = MakeHead(response, framing, request.request_id);
  if (range.length <= kSmallFileBytesMax) {
    std::string content(static_cast<size_t>(range.length), '\0');
    const ssize_t got = pread(range.file->get(), content.data(), content.size(), range.offset);
    if (got != static_cast<ssize_t>(range.length)) {
      co_return Unavailable("the file has become shorter");
    }
    co_return co_await stream_->Write(head, content);
  }
  CO_TRY(co_await stream_->Write(head));
  co_return co_await stream_->SendFile(range.file->get(), range.offset, range.length);
}

Running Connection::RunPull(BodyStream& stream, Pulled& pulled) {
  std::optional<Result<std::string>> piece;
  try {
    piece = co_await stream();
  } catch (const std::exception& error) {
    piece = Internal(error.what());
  }
  pulled.piece = std::move(piece);
  pulled.connection->pulled_or_cut_.Set();
}

// The next piece, or why there is none: what makes it is destroyed where it waits when the peer has
// gone. `head` is sent first if the piece is not there at once.
Task<Result<std::string>> Connection::Pull(Pulled& pulled, BodyStream& stream, std::string& head) {
  pulled.piece.reset();
  const Running running = RunPull(stream, pulled);
  if (!pulled.piece && !head.empty()) {
    const Status sent = co_await stream_->Write(std::exchange(head, {}));
    if (!sent.ok()) co_return sent;
  }
  is_pulling_ = true;
  while (!pulled.piece && !is_cut_) co_await pulled_or_cut_.Wait();
  is_pulling_ = false;
  {
    const std::lock_guard lock(closing_mutex_);
    closing_since_.reset();
  }
  if (!pulled.piece) co_return Status(Code::kCancelled, "the peer has gone");
  co_return std::move(*pulled.piece);
}

Task<Status> Connection::SendStream(const Request& request, Response& response, Framing framing) {
  // Whatever happens, the stream goes when this coroutine does.
  BodyStream stream = std::move(std::get<BodyStream>(response.body));
  const bool is_chunked = framing.kind == Framing::Kind::kChunked;
  std::string head = MakeHead(response, framing, request.request_id);
  Pulled pulled{this, {}};
  int64_t bytes = 0;
  while (true) {
    Result<std::string> piece = co_await Pull(pulled, stream, head);
    if (!piece.ok()) {
      if (piece.status().code() != Code::kCancelled) {
        Log(LogLevel::kWarning, "an answer broke off",
            {{"error", piece.status().text()}, {"request_id", request.request_id}});
      }
      co_return piece.status();
    }
    if (piece->empty()) break;
    bytes += static_cast<int64_t>(piece->size());
    if (is_chunked) {
      head += ChunkLine(piece->size());
      *piece += "\r\n";
    }
    if (framing.kind == Framing::Kind::kLength && bytes > framing.length) break;
    CO_TRY(co_await stream_->Write(head, *piece));
    head.clear();
  }
  if (framing.kind == Framing::Kind::kLength && bytes != framing.length) {
    co_return Internal("the stream is not as long as was said");
  }
  if (is_chunked) head += "0\r\n\r\n";
  co_return co_await stream_->Write(head);
}

}  // namespace lazurite
