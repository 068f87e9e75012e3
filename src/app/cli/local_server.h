// The server of this machine's home: who it is, and whether it lives.
#pragma once

#include <optional>
#include <string>

#include "app/cli/settings.h"
#include "base/clock.h"
#include "base/json.h"

namespace lazurite::cli {

struct LocalServer {
  int pid = 0;
  std::string address;
  std::string https;
  std::string home;
  std::string version;
  std::string auth;       // "token" or "none"
  std::string log_level;  // "info"; "" if an older server does not say
};
// The server that run/server.json speaks of, if it answers as that process.
std::optional<LocalServer> FindLocalServer(const std::string& home);
// Asks it to end and waits until it has; jobs go on.
Status StopServer(const LocalServer& server);
// GET /healthz of an address; null if nobody answers as a Lazurite server.
Json GetHealth(const std::string& address, Duration timeout = std::chrono::seconds(2));

}  // namespace lazurite::cli
