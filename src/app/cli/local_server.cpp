#include "app/cli/local_server.h"

#include <signal.h>

#include "base/http/client.h"

namespace lazurite::cli {

Json GetHealth(const std::string& address, Duration timeout) {
  Result<Origin> origin = Origin::Parse(address);
  if (!origin.ok()) return {};
  BlockingClient client(std::move(origin).value(),
                        {.connect_timeout = timeout, .timeout = timeout, .ca_file = ""});
  ClientRequest request;
  request.target = "/healthz";
  const Result<ClientResponse> response = client.Call(request);
  if (!response.ok() || response->status != 200) return {};
  Result<Json> json = Json::Parse(response->body);
  return json.ok() && json->GetString("status") == "ok" ? std::move(json).value() : Json();
}

std::optional<LocalServer> FindLocalServer(const std::string& home) {
  const Json file = ReadServerFile(home);
  const int64_t pid = file.GetInt("pid");
  // The process may be gone and its number another's: only who answers with that number is it.
  if (pid <= 1 || (kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH)) return {};
  const Json health = GetHealth(file.GetString("address"));
  if (health.GetInt("pid") != pid) return {};
  return LocalServer{static_cast<int>(pid),     file.GetString("address"),
                     file.GetString("https"),   file.GetString("home", home),
                     file.GetString("version"), file.GetString("auth")};
}

}  // namespace lazurite::cli
