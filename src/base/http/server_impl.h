// What a server and its connections share. Not for others.
#pragma once

#include <atomic>
#include <mutex>
#include <unordered_set>

#include "base/http/server.h"
#include "base/id.h"
#include "base/net/socket.h"

namespace lazurite {

class Connection;

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  Impl(Loop& on, HttpServerOptions with, Handler answer)
      : loop(on), options(std::move(with)), handler(std::move(answer)) {}

  // A socket that listens; its coroutine closes it when the server stops.
  struct Listener {
    Fd fd;
    std::string unix_path;
  };

  Status Listen(Fd fd, std::string unix_path);
  static Task<void> Accept(std::shared_ptr<Impl> impl, std::shared_ptr<Listener> listener);
  int AcceptAll(const Listener& listener);
  bool IsFull() const;
  void Open(std::shared_ptr<Connection> connection);
  void Remove(const std::shared_ptr<Connection>& connection);
  void CloseListeners();

  // Looks after time-outs and peers that left, as long as there are connections.
  void ArmSweep();
  void Sweep();
  Duration SweepInterval() const;

  std::vector<std::shared_ptr<Connection>> Connections() const;

  Loop& loop;
  const HttpServerOptions options;
  const Handler handler;
  RandomIdSource ids;
  std::atomic<bool> is_stopping{false};

  mutable std::mutex mutex;
  std::unordered_set<std::shared_ptr<Connection>> open;
  std::vector<std::shared_ptr<Listener>> listeners;
  std::shared_ptr<void> sweep_timer;
};

}  // namespace lazurite
