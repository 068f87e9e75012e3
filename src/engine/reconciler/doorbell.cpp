#include "engine/reconciler/doorbell.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "base/socket_path.h"

namespace lazurite::reconciler {
namespace {

constexpr int kRingsPerWakeMax = 4096;

}  // namespace

Status Doorbell::Open(const std::string& path) {
  ASSIGN_OR_RETURN(const SocketPath address, SocketPath::Of(path));
  unlink(path.c_str());
  socket_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_.valid()) return ErrnoStatus("making a socket", errno);
  if (bind(socket_.get(), address.get(), SocketPath::size()) != 0) {
    return ErrnoStatus("listening on " + path, errno);
  }
  wake_ = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  return wake_.valid() ? Status() : ErrnoStatus("making an eventfd", errno);
}

void Doorbell::Wake() const {
  const uint64_t one = 1;
  // A full counter means that a wake-up is pending already.
  if (write(wake_.get(), &one, sizeof one) < 0) return;
}

Doorbell::Heard Doorbell::Listen(Duration limit) const {
  std::array<pollfd, 2> waiting = {{{.fd = socket_.get(), .events = POLLIN, .revents = 0},
                                    {.fd = wake_.get(), .events = POLLIN, .revents = 0}}};
  poll(waiting.data(), waiting.size(), static_cast<int>(limit.count()));
  Heard heard;
  std::array<char, 512> buffer;
  for (int i = 0; i < kRingsPerWakeMax; ++i) {
    const ssize_t count = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) break;
    const std::string_view text(buffer.data(), static_cast<size_t>(count));
    heard.jobs.emplace(text.substr(0, text.find('/')));
  }
  uint64_t wakes = 0;
  heard.is_woken = read(wake_.get(), &wakes, sizeof wakes) > 0;
  return heard;
}

}  // namespace lazurite::reconciler
