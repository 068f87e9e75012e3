// Which server, as whom, which workspace: from files, environment and flags.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "app/cli/arguments.h"
#include "base/json.h"
#include "base/status.h"
#include "domain/workspace/resource_id.h"

namespace lazurite::cli {

inline constexpr std::string_view kDefaultAddress = "http://127.0.0.1:8451";

struct Settings {
  std::string home;    // absolute
  std::string server;  // "http://127.0.0.1:8451"
  std::string
      server_origin;  // where that came from: "--server", "LAZURITE_SERVER", a file, "default"
  std::string token;  // "" = none
  std::string token_origin;  // "LAZURITE_TOKEN", a file, or why there is none
  std::string ca_file;       // for https, "" = the system's authorities
  Scope scope;
};

using GetEnvironment = std::function<std::string(const char* name)>;  // "" if it is not set
std::string ProcessEnvironment(const char* name);
std::string CurrentFolder();

// Later wins: built-in, /etc/lazurite/config.toml, ~/.config/lazurite/config.toml,
// <home>/config.toml, .lazurite.toml or Azure's config.json in `folder` or above, LAZURITE_*,
// flags. The server, if none of them names one: <home>/run/server.json. kInvalidArgument: a file
// that cannot be read as what it is.
//
// The home's owner token goes only to the home's own server and to loopback addresses that the user
// named (a flag, the environment, the user's own configuration): never to an address out of a
// project's file, and never to whoever happens to listen on the default port.
Result<Settings> LoadSettings(const Arguments& arguments, const std::string& folder,
                              const GetEnvironment& environment);

// --home, LAZURITE_HOME, or ~/.local/share/lazurite; absolute.
std::string FindHome(const Arguments& arguments, const GetEnvironment& environment);
// kPermissionDenied: this user may not look into the home. Fine if there is none.
Status CheckHomeReadable(const std::string& home);
// <home>/run/server.json, or null if no server said that it runs.
Json ReadServerFile(const std::string& home);

}  // namespace lazurite::cli
