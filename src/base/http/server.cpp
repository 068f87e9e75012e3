#include "base/http/server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/http/connection.h"
#include "base/http/server_impl.h"
#include "base/log.h"

namespace lazurite {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kAcceptsInRowMax = 64;
constexpr Duration kAcceptPause = std::chrono::milliseconds(50);  // when descriptors run out
constexpr Duration kSweepIntervalMin = std::chrono::milliseconds(10);
constexpr Duration kSweepIntervalMax = std::chrono::seconds(1);
constexpr Duration kStopPoll = std::chrono::milliseconds(5);
constexpr Duration kCutGrace = std::chrono::seconds(1);

constexpr std::string_view kTooMany =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n"
    "Retry-After: 1\r\n\r\n";

std::string PeerName(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& ip = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &ip.sin_addr, text.data(), text.size());
    return std::string(text.data()) + ":" + std::to_string(ntohs(ip.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    const auto& ip = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &ip.sin6_addr, text.data(), text.size());
    return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(ip.sin6_port));
  }
  return "unix";
}

}  // namespace

Status HttpServer::Impl::Listen(Fd fd, std::string unix_path) {
  auto listener = std::make_shared<Listener>(Listener{std::move(fd), std::move(unix_path)});
  {
    const std::lock_guard lock(mutex);
    listeners.push_back(listener);
  }
  loop.Post([impl = shared_from_this(), listener] { Detach(Accept(impl, listener)); });
  return {};
}

Task<void> HttpServer::Impl::Accept(std::shared_ptr<Impl> impl,
                                    std::shared_ptr<Listener> listener) {
  while (!impl->is_stopping) {
    const Status readable = co_await impl->loop.Readable(listener->fd.get());
    if (impl->is_stopping) break;
    if (!readable.ok()) {
      Log(LogLevel::kError, "a listener failed", {{"error", readable.text()}});
      break;
    }
    const int error = impl->AcceptAll(*listener);
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
      Log(LogLevel::kError, "connections cannot be taken", {{"error", strerror(error)}});
      co_await impl->loop.Sleep(kAcceptPause);
    }
  }
  const std::lock_guard lock(impl->mutex);
  listener->fd.Close();
  std::erase(impl->listeners, listener);
}

// Takes those that wait; why it ended.
int HttpServer::Impl::AcceptAll(const Listener& listener) {
  for (int count = 0; count < kAcceptsInRowMax; ++count) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    Fd fd(accept4(listener.fd.get(), reinterpret_cast<sockaddr*>(&address), &length,
                  SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) return errno;
    if (address.ss_family != AF_UNIX) {
      const int on = 1;
      setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    if (IsFull()) {
      (void)!send(fd.get(), kTooMany.data(), kTooMany.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      continue;
    }
    const auto self = shared_from_this();
    auto connection = std::make_shared<Connection>(self, std::move(fd), PeerName(address));
    Open(std::move(connection));
  }
  return 0;
}

bool HttpServer::Impl::IsFull() const {
  const std::lock_guard lock(mutex);
  return open.size() >= static_cast<size_t>(options.connections_max);
}

void HttpServer::Impl::Open(std::shared_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex);
    open.insert(connection);
    if (sweep_timer == nullptr) ArmSweep();
  }
  connection->Start();
}

void HttpServer::Impl::Remove(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex);
  open.erase(connection);
}

void HttpServer::Impl::CloseListeners() {
  const std::lock_guard lock(mutex);
  for (const auto& listener : listeners) {
    shutdown(listener->fd.get(), SHUT_RDWR);  // wakes its coroutine
    if (!listener->unix_path.empty()) unlink(listener->unix_path.c_str());
  }
}

Duration HttpServer::Impl::SweepInterval() const {
  const Duration shortest =
      std::min({options.head_timeout, options.idle_timeout, options.body_timeout});
  return std::clamp<Duration>(shortest / 4, kSweepIntervalMin, kSweepIntervalMax);
}

void HttpServer::Impl::ArmSweep() {
  sweep_timer = loop.After(SweepInterval(), [weak = weak_from_this()] {
    if (const auto impl = weak.lock()) impl->Sweep();
  });
}

void HttpServer::Impl::Sweep() {
  const auto now = SteadyClock::now();
  for (const auto& connection : Connections()) connection->Check(now);
  const std::lock_guard lock(mutex);
  if (open.empty()) {
    sweep_timer = nullptr;
  } else {
    ArmSweep();
  }
}

std::vector<std::shared_ptr<Connection>> HttpServer::Impl::Connections() const {
  const std::lock_guard lock(mutex);
  return {open.begin(), open.end()};
}

HttpServer::HttpServer(Loop& loop, HttpServerOptions options, Handler handler)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(handler))) {}

HttpServer::~HttpServer() {
  impl_->is_stopping = true;
  impl_->CloseListeners();
  for (const auto& connection : impl_->Connections()) connection->Cut();
}

Result<int> HttpServer::ListenTcp(const std::string& address, int port) {
  ASSIGN_OR_RETURN(Fd fd, lazurite::ListenTcp(address, port));
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &length);
  TRY(impl_->Listen(std::move(fd), ""));
  if (bound.ss_family == AF_INET6) {
    return int{ntohs(reinterpret_cast<sockaddr_in6&>(bound).sin6_port)};
  }
  return int{ntohs(reinterpret_cast<sockaddr_in&>(bound).sin_port)};
}

Status HttpServer::ListenUnix(const std::string& path) {
  ASSIGN_OR_RETURN(Fd fd, lazurite::ListenUnix(path));
  return impl_->Listen(std::move(fd), path);
}

Task<void> HttpServer::Stop() {
  const std::shared_ptr<Impl> impl = impl_;
  impl->is_stopping = true;
  impl->CloseListeners();
  const auto begin = SteadyClock::now();
  const auto deadline = begin + impl->options.stop_grace;
  while (SteadyClock::now() < deadline) {
    const auto open = impl->Connections();
    if (open.empty()) break;
    for (const auto& connection : open) connection->EndWhenIdle();
    co_await impl->loop.Sleep(kStopPoll);
  }
  for (const auto& connection : impl->Connections()) connection->Cut();
  const auto last = SteadyClock::now() + kCutGrace;
  while (!impl->Connections().empty() && SteadyClock::now() < last) {
    co_await impl->loop.Sleep(kStopPoll);
  }
}

int HttpServer::connections() const {
  const std::lock_guard lock(impl_->mutex);
  return static_cast<int>(impl_->open.size());
}

}  // namespace lazurite
