#include <limits.h>
#include <unistd.h>

#include "app/cli/context.h"
#include "app/cli/local_server.h"
#include "app/cli/progress.h"
#include "app/cli/service_facts.h"
#include "app/cli/service_unit.h"
#include "base/file.h"
#include "base/text.h"
#include "domain/workspace/home_place.h"
#include "domain/workspace/places.h"

namespace lazurite::cli {
namespace {

constexpr Duration kReadyMax{std::chrono::seconds(60)};
constexpr Duration kLookPause{20};
constexpr int kDefaultPort = 8451;
constexpr int64_t kPortMax = 65535;

Result<std::string> OwnProgram() {
  std::array<char, PATH_MAX> path{};
  if (readlink("/proc/self/exe", path.data(), path.size() - 1) < 0) {
    return ErrnoStatus("finding the program", errno);
  }
  std::string program(path.data());
  if (!Exists(program)) {
    return FailedPrecondition("this program's file is gone (" + program +
                              "); install it anew and run the new one");
  }
  return program;
}

Result<int> ReadPort(const Arguments& given) {
  if (!given.Has("--port")) return 0;
  const std::optional<int64_t> port = ParseInt(given.Get("--port"));
  if (port && *port > 0 && *port <= kPortMax) return static_cast<int>(*port);
  return InvalidArgument("--port is \"" + given.Get("--port") +
                         "\", expected a whole number 1 to " + std::to_string(kPortMax));
}

Result<std::string> ReadName(const Arguments& given) {
  std::string name = given.Get("--name", std::string(kServiceName));
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  const bool is_name =
      !name.empty() && name.size() <= 64 && name.find_first_not_of(kLetters) == std::string::npos;
  if (is_name) return name;
  return InvalidArgument("--name is \"" + name + "\", expected letters, digits, - and _");
}

// A word of a shell's command line.
std::string QuoteForShell(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+:@";
  if (word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string out = "'";
  for (const char letter : word) out += letter == '\'' ? "'\\''" : std::string(1, letter);
  return out + "'";
}

// Without systemd: what cron can do, and how to get a user manager.
std::string Alternative(const ServiceUnit& unit, const ServiceFacts& facts) {
  std::string command = QuoteForShell(unit.program) + " up --home " + QuoteForShell(unit.home);
  if (unit.port != 0) command += " --port " + std::to_string(unit.port);
  std::string out = "crontab -e, with the line\n        @reboot " + command +
                    "\n      starts it with the machine (nobody starts it again if it fails)";
  if (!facts.problem.starts_with("systemd is not")) {
    out += "; " + LingerCommand(facts.user) + " starts a user manager where systemd runs";
  }
  return out;
}

Result<LocalServer> AwaitServer(Context& context, const std::string& home,
                                const ServiceFacts& facts) {
  Progress progress(context.terminal, "waiting for the server");
  const Instant deadline = context.clock.Steady() + kReadyMax;
  while (context.clock.Steady() < deadline) {
    if (const auto server = FindLocalServer(home)) {
      progress.Clear();
      return *server;
    }
    progress.ShowText("");
    std::this_thread::sleep_for(kLookPause);
  }
  progress.Clear();
  return context.Fail(FailedPrecondition("the service is installed, but no server answers"),
                      "systemctl --user status " + facts.name + "; the log is " + LogFile(home));
}

void TellLinger(const Context& context, const ServiceFacts& facts) {
  if (facts.lingers) {
    context.terminal.Note("it starts with the machine (linger is on for " + facts.user + ")");
    return;
  }
  context.terminal.Note("linger is off: it starts when " + facts.user +
                        " first logs in and is ended, with the jobs, after the last session.\n  " +
                        LingerCommand(facts.user) + "   lets it start with the machine and stay");
}

Result<ServiceUnit> PlanUnit(const Arguments& given, const std::string& home) {
  ServiceUnit unit{.program = "",
                   .home = home,
                   .port = 0,
                   .log = LogFile(home),
                   .path = ProcessEnvironment("PATH")};
  ASSIGN_OR_RETURN(unit.program, OwnProgram());
  ASSIGN_OR_RETURN(unit.port, ReadPort(given));
  return unit;
}

// The home's file system, and that the unit's name is free or ours.
Status CheckInstall(Context& context, const ServiceUnit& unit, const ServiceFacts& facts) {
  TRY(CheckHomeReadable(unit.home));
  ASSIGN_OR_RETURN(const HomePlace place, LookAtHome(unit.home));
  TRY(CheckHome(place, true));
  if (!facts.has_manager()) {
    return context.Fail(FailedPrecondition(facts.problem + "; nothing was installed"),
                        Alternative(unit, facts));
  }
  if (!facts.is_installed || facts.home == unit.home) return {};
  const std::string whose =
      facts.home.empty() ? "was not written by lazurite" : "serves the home " + facts.home;
  return context.Fail(Conflict(facts.unit_file + " is there already and " + whose),
                      "lazurite service install --name OTHER, or lazurite service uninstall first");
}

Status Install(Context& context) {
  const std::string home = FindHome(context.arguments, ProcessEnvironment);
  ASSIGN_OR_RETURN(const std::string name, ReadName(context.arguments));
  ASSIGN_OR_RETURN(ServiceUnit unit, PlanUnit(context.arguments, home));
  const ServiceFacts facts = LookAtService(name);
  TRY(CheckInstall(context, unit, facts));
  const auto running = FindLocalServer(home);
  if (running && unit.port == 0) {
    const auto port = ParseInt(running->address.substr(running->address.rfind(':') + 1));
    if (port && *port != kDefaultPort) unit.port = static_cast<int>(*port);
  }
  ASSIGN_OR_RETURN(const std::string text, unit.ToText());
  TRY(MakeDirs(DirName(unit.log), 0700));
  TRY(MakeDirs(DirName(facts.unit_file)));
  TRY(WriteFileAtomic(facts.unit_file, text));
  TRY(TellManager({"daemon-reload"}));
  TRY(TellManager({"enable", facts.name}));
  // One that was started by hand makes room.
  if (running && running->pid != facts.pid) TRY(StopServer(*running));
  TRY(TellManager({"restart", facts.name}));
  ASSIGN_OR_RETURN(const LocalServer server, AwaitServer(context, home, facts));
  WriteOut("lazurite is a service\n  unit     " + facts.unit_file + "\n  address  " +
           server.address + "\n  home     " + home + "\n  log      " + unit.log + "\n  pid      " +
           std::to_string(server.pid) + "\n");
  TellLinger(context, facts);
  return {};
}

Status Uninstall(Context& context) {
  ASSIGN_OR_RETURN(const std::string name, ReadName(context.arguments));
  const ServiceFacts facts = LookAtService(name);
  if (!facts.is_installed) {
    context.terminal.Note("no service is installed: there is no " + facts.unit_file);
    return {};
  }
  if (facts.home.empty()) {
    return Conflict(facts.unit_file + " was not written by lazurite; remove it yourself");
  }
  if (facts.has_manager()) TRY(TellManager({"disable", "--now", facts.name}));
  if (unlink(facts.unit_file.c_str()) != 0) {
    return ErrnoStatus("removing " + facts.unit_file, errno);
  }
  if (facts.has_manager()) TRY(TellManager({"daemon-reload"}));
  WriteOut("the service is gone; the home " + facts.home + " stays\n");
  context.terminal.Note("running jobs go on; lazurite up finds them again");
  return {};
}

Json FactsJson(const ServiceFacts& facts) {
  Json json = Json::MakeObject();
  json["name"] = facts.name;
  json["unit"] = facts.unit_file;
  json["installed"] = facts.is_installed;
  json["enabled"] = facts.is_enabled;
  json["state"] = facts.state;
  json["pid"] = facts.pid;
  json["home"] = facts.home;
  json["linger"] = facts.lingers;
  json["problem"] = facts.problem;
  return json;
}

Status ShowStatus(Context& context) {
  ASSIGN_OR_RETURN(const std::string name, ReadName(context.arguments));
  const ServiceFacts facts = LookAtService(name);
  context.exit_code = facts.state == "active" ? 0 : 1;
  if (context.arguments.Has("--output") || context.arguments.Has("--query")) {
    return context.Print(FactsJson(facts), {});
  }
  if (!facts.is_installed) {
    WriteOut("no service is installed\n");
    context.terminal.Note(facts.has_manager() ? "lazurite service install makes one"
                                              : facts.problem);
    return {};
  }
  std::string out = facts.name + " is " +
                    (facts.has_manager() ? facts.state : "installed, but " + facts.problem) +
                    (facts.has_manager() && !facts.is_enabled ? " (not enabled)" : "") + "\n";
  out += "  unit     " + facts.unit_file + "\n  home     " + facts.home + "\n  log      " +
         LogFile(facts.home) + "\n";
  if (facts.pid > 0) out += "  pid      " + std::to_string(facts.pid) + "\n";
  WriteOut(out);
  if (facts.has_manager()) TellLinger(context, facts);
  return {};
}

constexpr Flag kName = {"--name", "", "NAME", "name of the unit, lazurite if not given"};
constexpr Flag kInstallFlags[] = {
    {"--port", "", "PORT", "port, else the running server's, else the configuration's"}, kName};
constexpr Flag kNameFlags[] = {kName};

}  // namespace

extern const Command kServiceInstall;
const Command kServiceInstall = {
    .name = "service install",
    .sentence = "Let systemd start the server with the machine and again when it fails.",
    .flags = kInstallFlags,
    .examples = "lazurite service install\nlazurite service install --home ~/lab --port 9000",
    .run = Install};

extern const Command kServiceUninstall;
const Command kServiceUninstall = {.name = "service uninstall",
                                   .sentence = "Stop and remove the service; jobs go on.",
                                   .flags = kNameFlags,
                                   .examples = "lazurite service uninstall",
                                   .run = Uninstall};

extern const Command kServiceStatus;
const Command kServiceStatus = {
    .name = "service status",
    .sentence = "Show whether the service is installed and runs; exits with 1 if it does not.",
    .flags = kNameFlags,
    .examples = "lazurite service status\nlazurite service status -o json",
    .run = ShowStatus};

}  // namespace lazurite::cli
