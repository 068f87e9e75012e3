#include "base/http/client.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/http/client_message.h"
#include "base/net/address.h"
#include "base/net/socket.h"
#include "base/net/tls_session.h"
#include "base/text.h"

namespace lazurite {
namespace {

using Step = TlsSession::Step;

constexpr size_t kTlsPieceBytes = size_t{256} << 10;

// Asking again is harmless.
bool IsRepeatable(const ClientRequest& request) {
  return request.stream == nullptr && request.method != "POST" && request.method != "PATCH";
}

}  // namespace

struct BlockingClient::Impl {
  Impl(Origin to, Options with)
      : origin(std::move(to)), options(std::move(with)), abort(eventfd(0, EFD_CLOEXEC)) {}

  using Sink = std::function<bool(std::string_view)>;

  Result<ClientResponse> Call(const ClientRequest& request, const Sink* sink);
  Result<ClientResponse> CallOnce(const ClientRequest& request, const Sink* sink);
  Status Connect();
  Status ConnectTo(const SocketAddress& address);
  Status ShakeHands();
  void Disconnect() {
    tls.reset();
    fd.Close();
  }
  bool IsAlive();

  Status Wait(short events, Duration timeout);
  Status Wait(Step step, Duration timeout);
  Result<size_t> Read(char* into, size_t count);
  Status Write(std::string_view first, std::string_view second = {});
  Status WritePlain(std::string_view first, std::string_view second);
  Status WriteTls(std::string_view bytes);
  Status WriteFilePart(const BodyPiece& piece);
  Status WriteFilePartTls(const BodyPiece& piece);

  Status SendRequest(const ClientRequest& request);
  Status SendStream(const ClientRequest& request, std::string head, bool is_chunked);
  Status ReadHead(AnswerReader& answer);
  Status ReadBody(AnswerReader& answer, const Sink* sink, std::string& body);

  const Origin origin;
  const Options options;
  const Fd abort;
  std::shared_ptr<TlsContext> context;
  Fd fd;
  std::unique_ptr<TlsSession> tls;
  bool has_answered = false;  // a byte of this call's answer came
  Status stream_failure;      // of the body's source
};

Status BlockingClient::Impl::Wait(short events, Duration timeout) {
  std::array<pollfd, 2> question{{{fd.get(), events, 0}, {abort.get(), POLLIN, 0}}};
  while (true) {
    const int count = poll(question.data(), question.size(), static_cast<int>(timeout.count()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus("waiting", errno);
    if (question[1].revents != 0) {
      uint64_t ignored = 0;
      (void)!read(abort.get(), &ignored, sizeof ignored);
      return {Code::kCancelled, "interrupted"};
    }
    if (count > 0) return {};
    return {Code::kDeadlineExceeded, "no byte came for " + FormatElapsed(timeout)};
  }
}

Status BlockingClient::Impl::Wait(Step step, Duration timeout) {
  if (step == Step::kWantsRead) return Wait(POLLIN, timeout);
  if (step == Step::kWantsWrite) return Wait(POLLOUT, timeout);
  return step == Step::kClosed ? Unavailable("the connection was closed") : tls->failure();
}

Status BlockingClient::Impl::ConnectTo(const SocketAddress& address) {
  ASSIGN_OR_RETURN(fd, BeginConnect(address));
  TRY(Wait(POLLOUT, options.connect_timeout));
  return EndConnect(fd.get());
}

Status BlockingClient::Impl::ShakeHands() {
  if (context == nullptr) {
    ASSIGN_OR_RETURN(context, TlsContext::Client(options.ca_file));
  }
  tls = std::make_unique<TlsSession>(context, fd.get(), origin.host);
  while (true) {
    const Step step = tls->Handshake();
    if (step == Step::kDone) return {};
    TRY(Wait(step, options.connect_timeout));
  }
}

Status BlockingClient::Impl::Connect() {
  std::vector<SocketAddress> addresses;
  if (origin.unix_path.empty()) {
    ASSIGN_OR_RETURN(addresses, LookUp(origin.host, origin.port));
  } else {
    ASSIGN_OR_RETURN(const SocketAddress address, UnixAddress(origin.unix_path));
    addresses.push_back(address);
  }
  Status status;
  for (const SocketAddress& address : addresses) {
    status = ConnectTo(address);
    if (status.ok() || status.code() == Code::kCancelled) break;
  }
  if (status.ok() && origin.is_tls) status = ShakeHands();
  if (status.ok()) return {};
  Disconnect();
  return std::move(status).With(origin.unix_path.empty()
                                    ? origin.host + " port " + std::to_string(origin.port)
                                    : origin.unix_path);
}

// A kept connection that the server has closed meanwhile is readable.
bool BlockingClient::Impl::IsAlive() {
  if (!fd.valid()) return false;
  pollfd question{fd.get(), POLLIN | POLLRDHUP, 0};
  if (poll(&question, 1, 0) == 0) return true;
  if (tls == nullptr || (question.revents & (POLLRDHUP | POLLERR | POLLHUP)) != 0) return false;
  // Over TLS it may be a session ticket.
  char unexpected = 0;
  size_t got = 0;
  return tls->Read(&unexpected, 1, got) == Step::kWantsRead;
}

Result<size_t> BlockingClient::Impl::Read(char* into, size_t count) {
  while (true) {
    if (tls != nullptr) {
      size_t got = 0;
      const Step step = tls->Read(into, count, got);
      if (step == Step::kDone) return got;
      if (step == Step::kClosed) return size_t{0};
      TRY(Wait(step, options.timeout));
      continue;
    }
    const ssize_t got = recv(fd.get(), into, count, MSG_DONTWAIT);
    if (got >= 0) return static_cast<size_t>(got);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Unavailable(ErrnoStatus("connection", errno).text());
    TRY(Wait(POLLIN, options.timeout));
  }
}

Status BlockingClient::Impl::WritePlain(std::string_view first, std::string_view second) {
  while (!first.empty() || !second.empty()) {
    std::array<iovec, 2> pieces{{{const_cast<char*>(first.data()), first.size()},
                                 {const_cast<char*>(second.data()), second.size()}}};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    const ssize_t sent = sendmsg(fd.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      const size_t of_first = std::min(static_cast<size_t>(sent), first.size());
      first.remove_prefix(of_first);
      second.remove_prefix(static_cast<size_t>(sent) - of_first);
    } else if (errno == EAGAIN) {
      TRY(Wait(POLLOUT, options.timeout));
    } else if (errno != EINTR) {
      return Unavailable(ErrnoStatus("connection", errno).text());
    }
  }
  return {};
}

Status BlockingClient::Impl::WriteTls(std::string_view bytes) {
  while (!bytes.empty()) {
    size_t written = 0;
    const Step step = tls->Write(bytes, written);
    if (step == Step::kDone) {
      bytes.remove_prefix(written);
    } else {
      TRY(Wait(step, options.timeout));
    }
  }
  return {};
}

Status BlockingClient::Impl::WriteFilePart(const BodyPiece& piece) {
  if (tls != nullptr) return WriteFilePartTls(piece);
  off_t at = piece.offset;
  const off_t end = piece.offset + piece.length;
  while (at < end) {
    const ssize_t sent = SendFileQuietly(fd.get(), piece.file, &at, static_cast<size_t>(end - at));
    if (sent > 0 || (sent < 0 && errno == EINTR)) continue;
    if (sent == 0) return stream_failure = FailedPrecondition("a file became shorter");
    if (errno == EAGAIN) {
      TRY(Wait(POLLOUT, options.timeout));
    } else if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) {
      return Unavailable(ErrnoStatus("connection", errno).text());
    } else {
      return stream_failure = ErrnoStatus("reading a file that is sent", errno);
    }
  }
  return {};
}

Status BlockingClient::Impl::WriteFilePartTls(const BodyPiece& piece) {
  std::string buffer(kTlsPieceBytes, '\0');
  int64_t done = 0;
  while (done < piece.length) {
    const auto wanted = std::min(static_cast<int64_t>(buffer.size()), piece.length - done);
    const ssize_t count =
        pread(piece.file, buffer.data(), static_cast<size_t>(wanted), piece.offset + done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return stream_failure = ErrnoStatus("reading a file that is sent", errno);
    if (count == 0) return stream_failure = FailedPrecondition("a file became shorter");
    TRY(WriteTls({buffer.data(), static_cast<size_t>(count)}));
    done += count;
  }
  return {};
}

Status BlockingClient::Impl::Write(std::string_view first, std::string_view second) {
  if (tls == nullptr) return WritePlain(first, second);
  TRY(WriteTls(first));
  return WriteTls(second);
}

Status BlockingClient::Impl::SendStream(const ClientRequest& request, std::string head,
                                        bool is_chunked) {
  int64_t bytes = 0;
  while (true) {
    const Result<BodyPiece> piece = request.stream();
    if (!piece.ok()) return stream_failure = piece.status();
    if (piece->size() == 0) break;
    bytes += piece->size();
    if (is_chunked) {
      head += ChunkLine(static_cast<size_t>(piece->size()));
    } else if (bytes > request.stream_bytes) {
      break;
    }
    TRY(Write(head, piece->bytes));
    if (piece->length > 0) TRY(WriteFilePart(*piece));
    head = is_chunked ? "\r\n" : "";
  }
  if (!is_chunked && bytes != request.stream_bytes) {
    return stream_failure = FailedPrecondition("the body to send has changed its size: expected " +
                                               std::to_string(request.stream_bytes) + " bytes");
  }
  if (is_chunked) head += "0\r\n\r\n";
  return Write(head);
}

Status BlockingClient::Impl::SendRequest(const ClientRequest& request) {
  RequestFraming framing;
  if (request.stream == nullptr) {
    framing.length = static_cast<int64_t>(request.body.size());
    return Write(MakeRequestHead(origin, request, framing), request.body);
  }
  framing.is_chunked = request.stream_bytes < 0;
  framing.length = std::max<int64_t>(request.stream_bytes, 0);
  return SendStream(request, MakeRequestHead(origin, request, framing), framing.is_chunked);
}

Status BlockingClient::Impl::ReadHead(AnswerReader& answer) {
  while (true) {
    ASSIGN_OR_RETURN(const bool has_head, answer.HasHead());
    if (has_head) return {};
    answer.ReserveForHead();
    ASSIGN_OR_RETURN(const size_t got, Read(answer.input().room(), answer.input().room_bytes()));
    if (got == 0) return answer.End();
    has_answered = true;
    answer.input().Filled(got);
  }
}

Status BlockingClient::Impl::ReadBody(AnswerReader& answer, const Sink* sink, std::string& body) {
  while (true) {
    ASSIGN_OR_RETURN(const std::string piece, answer.TakeBody());
    if (sink != nullptr && !piece.empty() && !(*sink)(piece)) return {};
    if (sink == nullptr && piece.size() > options.body_bytes_max - body.size()) {
      return {Code::kResourceExhausted,
              "the answer is larger than " + std::to_string(options.body_bytes_max) + " bytes"};
    }
    if (sink == nullptr) body += piece;
    if (answer.is_done()) return {};
    answer.ReserveForBody();
    ASSIGN_OR_RETURN(const size_t got, Read(answer.input().room(), answer.input().room_bytes()));
    if (got == 0) return answer.End();
    answer.input().Filled(got);
  }
}

Result<ClientResponse> BlockingClient::Impl::CallOnce(const ClientRequest& request,
                                                      const Sink* sink) {
  AnswerReader answer(request.method);
  const Status sent = SendRequest(request);
  if (!stream_failure.ok()) return stream_failure;
  if (!sent.ok() && sent.code() != Code::kUnavailable) return sent;
  // A server that does not want the rest of a body says why before it closes.
  const Status got = ReadHead(answer);
  if (!got.ok()) return sent.ok() ? got : sent;
  ClientResponse response;
  response.status = answer.head().status;
  if (request.on_head != nullptr && !request.on_head(response.status, answer.head().headers)) {
    response.headers = answer.head().headers;
    Disconnect();
    return response;
  }
  // What a refusal says belongs into an error message, not to where the body was to go.
  TRY(ReadBody(answer, response.status < 400 ? sink : nullptr, response.body));
  response.headers = answer.head().headers;
  if (!sent.ok() || !answer.may_go_on()) Disconnect();
  return response;
}

Result<ClientResponse> BlockingClient::Impl::Call(const ClientRequest& request, const Sink* sink) {
  const bool is_kept = IsAlive();
  if (!is_kept) {
    Disconnect();
    TRY(Connect());
  }
  has_answered = false;
  stream_failure = Status();
  Result<ClientResponse> response = CallOnce(request, sink);
  if (response.ok()) return response;
  Disconnect();
  const bool was_stale = is_kept && !has_answered && IsRepeatable(request) &&
                         response.status().code() == Code::kUnavailable;
  if (was_stale) {
    TRY(Connect());
    response = CallOnce(request, sink);
    if (!response.ok()) Disconnect();
  }
  return response;
}

BlockingClient::BlockingClient(Origin origin, Options options)
    : impl_(std::make_unique<Impl>(std::move(origin), std::move(options))) {}
BlockingClient::~BlockingClient() = default;
BlockingClient::BlockingClient(BlockingClient&&) noexcept = default;

Result<ClientResponse> BlockingClient::Call(const ClientRequest& request) {
  return impl_->Call(request, nullptr);
}

Result<ClientResponse> BlockingClient::Call(const ClientRequest& request,
                                            const std::function<bool(std::string_view)>& sink) {
  return impl_->Call(request, &sink);
}

void BlockingClient::Abort() {
  const uint64_t one = 1;
  (void)!write(impl_->abort.get(), &one, sizeof one);
}

}  // namespace lazurite
