#include "app/cli/doctor.h"
#include "app/cli/local_server.h"
#include "app/cli/server.h"
#include "app/cli/service_facts.h"
#include "base/net/port_holder.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

using Grade = Finding::Grade;

constexpr int kDefaultPort = 8451;

Finding Version(const std::string& version, const std::string& name) {
  if (version == LAZURITE_VERSION) {
    return {Grade::kGood, "server", "version " + version + " at " + name, ""};
  }
  return {Grade::kNote, "server",
          "version " + version + " at " + name + ", this command is " LAZURITE_VERSION,
          "lazurite down, then lazurite up, runs this one; jobs go on"};
}

Finding SignIn(const Settings& settings, Server& server) {
  const Result<Json> about = server.Get("/lazurite/v1/server");
  if (!about.ok()) {
    return {Grade::kBad, "sign-in", about.status().text() + "; " + settings.token_origin,
            "set LAZURITE_TOKEN"};
  }
  const bool is_open = about->GetString("auth") == "none";
  return {is_open ? Grade::kNote : Grade::kGood, "sign-in",
          is_open ? "not asked for (--auth none): every user of the machine can run jobs as you"
                  : settings.token_origin,
          is_open ? "lazurite down, then lazurite up --auth token" : ""};
}

// The port that a server of this home takes, or would take.
Finding Port(const Settings& settings) {
  if (const auto running = FindLocalServer(settings.home)) {
    const std::string port = running->address.substr(running->address.rfind(':') + 1);
    return {Grade::kGood, "port",
            port + ", held by the server of this home (pid " + std::to_string(running->pid) + ")",
            ""};
  }
  const auto wanted = ParseInt(ProcessEnvironment("LAZURITE_PORT"));
  const int port = static_cast<int>(wanted.value_or(kDefaultPort));
  if (!IsPortTaken(port)) return {Grade::kGood, "port", std::to_string(port) + " is free", ""};
  const std::string holder = HolderOfPort(port);
  return {Grade::kBad, "port",
          std::to_string(port) + " is taken by " +
              (holder.empty() ? "a program of another user" : holder),
          "stop it, or lazurite up --port 0 takes a free one"};
}

std::vector<Finding> Service() {
  const ServiceFacts facts = LookAtService(std::string(kServiceName));
  if (!facts.has_manager()) {
    return {{Grade::kNote, "service", facts.problem,
             "a crontab line @reboot lazurite up starts it with the machine"}};
  }
  if (!facts.is_installed) {
    return {{Grade::kNote, "service", "not installed: nobody starts the server after a restart",
             "lazurite service install"}};
  }
  std::vector<Finding> findings;
  const bool is_well = facts.state == "active" && facts.is_enabled;
  findings.push_back(
      {is_well ? Grade::kGood : Grade::kNote, "service",
       facts.name + " is " + facts.state + (facts.is_enabled ? "" : ", not enabled") +
           " for the home " + facts.home,
       is_well ? ""
               : "lazurite service install; systemctl --user status " + facts.name + " says more"});
  findings.push_back({facts.lingers ? Grade::kGood : Grade::kNote, "linger",
                      facts.lingers ? "on: the service starts with the machine"
                                    : "off: the service and its jobs end with the last session",
                      facts.lingers ? "" : LingerCommand(facts.user)});
  return findings;
}

}  // namespace

std::vector<Finding> ExamineServer(const Settings& settings) {
  const std::string name = settings.server + " (" + settings.server_origin + ")";
  std::vector<Finding> findings = {Port(settings)};
  Result<std::unique_ptr<Server>> server = Server::Make(settings);
  Result<Json> health = server.ok() ? (*server)->Get("/healthz") : Result<Json>(server.status());
  if (!server.ok()) {
    findings.push_back({Grade::kBad, "server", server.status().text(), ""});
  } else if (!health.ok()) {
    findings.push_back({Grade::kBad, "server", "nobody answers at " + name, "lazurite up"});
  } else {
    findings.push_back(Version(health->GetString("version"), name));
    findings.push_back(SignIn(settings, **server));
  }
  for (Finding& finding : Service()) findings.push_back(std::move(finding));
  return findings;
}

}  // namespace lazurite::cli
