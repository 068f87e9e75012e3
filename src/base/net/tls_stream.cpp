#include <sys/socket.h>
#include <unistd.h>

#include "base/net/stream.h"
#include "base/net/tls_session.h"

namespace lazurite {
namespace {

using Step = TlsSession::Step;

constexpr size_t kRecordBytesMax = 16384;
constexpr size_t kFilePieceBytes = size_t{256} << 10;

class TlsStream final : public Stream {
 public:
  TlsStream(Loop& loop, std::shared_ptr<Socket> socket, std::shared_ptr<TlsContext> context,
            std::string host)
      : Stream(std::move(socket)),
        loop_(loop),
        session_(std::move(context), this->socket().fd(), std::move(host)) {}

  Task<Status> Handshake() {
    while (true) {
      const Step step = session_.Handshake();
      if (step == Step::kDone) co_return Status();
      CO_TRY(co_await Wait(step));
    }
  }

  Task<Result<size_t>> Read(char* into, size_t count) override {
    if (++at_once_ % kAtOnceMax == 0) co_await Yield();
    while (true) {
      size_t got = 0;
      const Step step = session_.Read(into, count, got);
      if (step == Step::kDone) co_return got;
      if (step == Step::kClosed) co_return size_t{0};
      CO_TRY(co_await Wait(step));
      if (socket().is_expired()) co_return size_t{0};
    }
  }

  Task<Status> Write(std::string_view first, std::string_view second) override {
    if (++at_once_ % kAtOnceMax == 0) co_await Yield();
    std::string together;
    if (!second.empty() && first.size() + second.size() <= kRecordBytesMax) {
      together.reserve(first.size() + second.size());
      together.append(first).append(second);
      first = together;
      second = {};
    }
    CO_TRY(co_await WriteOne(first));
    co_return co_await WriteOne(second);
  }

  Task<Status> SendFile(int file, int64_t offset, int64_t length) override {
    std::string piece;
    while (length > 0) {
      piece.resize(std::min(kFilePieceBytes, static_cast<size_t>(length)));
      ssize_t got = 0;
      co_await loop_.Blocking([&] { got = pread(file, piece.data(), piece.size(), offset); });
      if (got <= 0) co_return Unavailable("the file ended while it was sent");
      CO_TRY(co_await WriteOne(std::string_view(piece).substr(0, static_cast<size_t>(got))));
      offset += got;
      length -= got;
    }
    co_return Status();
  }

  Task<void> EndWriting() override {
    const Step step = session_.EndWriting();
    if (step == Step::kDone) socket().Shutdown(SHUT_WR);
    co_return;
  }

 private:
  static constexpr unsigned kAtOnceMax = 32;

  Task<Status> WriteOne(std::string_view bytes) {
    while (!bytes.empty()) {
      size_t written = 0;
      const Step step = session_.Write(bytes, written);
      if (step == Step::kDone) {
        bytes.remove_prefix(written);
      } else {
        CO_TRY(co_await Wait(step));
      }
    }
    co_return Status();
  }

  Task<Status> Wait(Step step) {
    if (step == Step::kWantsRead) return socket().Readable();
    if (step == Step::kWantsWrite) return socket().Writable();
    return Failure(step == Step::kClosed ? Unavailable("TLS: the peer has closed")
                                         : session_.failure());
  }
  static Task<Status> Failure(Status status) { co_return status; }

  Loop& loop_;
  TlsSession session_;
  unsigned at_once_ = 0;
};

Task<Result<std::unique_ptr<Stream>>> Shake(std::unique_ptr<TlsStream> stream) {
  CO_TRY(co_await stream->Handshake());
  co_return std::unique_ptr<Stream>(std::move(stream));
}

}  // namespace

Task<Result<std::unique_ptr<Stream>>> AcceptTls(Loop& loop, std::shared_ptr<Socket> socket,
                                                std::shared_ptr<TlsContext> context) {
  return Shake(std::make_unique<TlsStream>(loop, std::move(socket), std::move(context), ""));
}

Task<Result<std::unique_ptr<Stream>>> ConnectTls(Loop& loop, std::shared_ptr<Socket> socket,
                                                 std::shared_ptr<TlsContext> context,
                                                 std::string host) {
  return Shake(
      std::make_unique<TlsStream>(loop, std::move(socket), std::move(context), std::move(host)));
}

}  // namespace lazurite
