#include "app/cli/local_server.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/http/client.h"

namespace lazurite::cli {
namespace {

constexpr Duration kStopMax{std::chrono::seconds(30)};

}  // namespace

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
  return LocalServer{static_cast<int>(pid),      file.GetString("address"),
                     file.GetString("https"),    file.GetString("home", home),
                     file.GetString("version"),  file.GetString("auth"),
                     file.GetString("log_level")};
}

Status StopServer(const LocalServer& server) {
  // A handle of the process, so that its number cannot become another's meanwhile.
  const Fd process(static_cast<int>(syscall(SYS_pidfd_open, server.pid, 0)));
  if (!process.valid()) return ErrnoStatus("finding the server's process", errno);
  if (syscall(SYS_pidfd_send_signal, process.get(), SIGTERM, nullptr, 0) != 0) {
    return ErrnoStatus("stopping process " + std::to_string(server.pid), errno);
  }
  pollfd watched{process.get(), POLLIN, 0};
  if (poll(&watched, 1, static_cast<int>(kStopMax.count())) == 1) return {};
  return {Code::kDeadlineExceeded, "the server (pid " + std::to_string(server.pid) +
                                       ") is still stopping after " + FormatElapsed(kStopMax)};
}

}  // namespace lazurite::cli
