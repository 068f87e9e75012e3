#include "base/net/stream.h"

#include <sys/socket.h>

namespace lazurite {
namespace {

class PlainStream final : public Stream {
 public:
  using Stream::Stream;
  Task<Result<size_t>> Read(char* into, size_t count) override {
    return socket().Read(into, count);
  }
  Task<Status> Write(std::string_view first, std::string_view second) override {
    return socket().Write(first, second);
  }
  Task<Status> SendFile(int file, int64_t offset, int64_t length) override {
    return socket().SendFile(file, offset, length);
  }
  Task<void> EndWriting() override {
    socket().Shutdown(SHUT_WR);
    co_return;
  }
};

}  // namespace

std::unique_ptr<Stream> MakePlainStream(std::shared_ptr<Socket> socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

}  // namespace lazurite
