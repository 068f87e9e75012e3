#include "app/cli/service_facts.h"

#include <pwd.h>
#include <unistd.h>

#include "app/cli/program.h"
#include "app/cli/service_unit.h"
#include "app/cli/settings.h"
#include "app/cli/terminal.h"
#include "base/file.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

constexpr Duration kAnswerMax{std::chrono::seconds(10)};
constexpr Duration kOrderMax{std::chrono::seconds(90)};

std::string FirstLine(std::string_view text) {
  return Printable(Trim(Trim(text).substr(0, Trim(text).find('\n'))));
}

std::string UserName() {
  const passwd* entry = getpwuid(geteuid());
  return entry != nullptr ? entry->pw_name : std::to_string(geteuid());
}

std::string UnitFolder() {
  const std::string config = ProcessEnvironment("XDG_CONFIG_HOME");
  return (config.empty() ? ProcessEnvironment("HOME") + "/.config" : config) + "/systemd/user";
}

// Why systemd's user manager cannot be asked.
std::string ProblemOf(const std::string& user) {
  const Result<ProgramAnswer> answer =
      AskProgram({.arguments = {"systemctl", "--user", "show", "--property=Version"},
                  .folder = "",
                  .variables = {},
                  .time_max = kAnswerMax});
  if (!answer.ok()) return "systemd is not on this machine (there is no systemctl)";
  if (answer->Succeeded()) return "";
  const std::string words = FirstLine(answer->err);
  return "no systemd user manager runs for " + user + (words.empty() ? "" : " (" + words + ")");
}

// The value of NAME= in a list of properties.
std::string Property(std::string_view list, std::string_view name) {
  for (const std::string_view line : Split(list, '\n')) {
    if (line.starts_with(name) && line.substr(name.size()).starts_with('=')) {
      return Printable(line.substr(name.size() + 1));
    }
  }
  return "";
}

bool Lingers(const std::string& user) {
  const Result<ProgramAnswer> answer =
      AskProgram({.arguments = {"loginctl", "show-user", user, "--property=Linger"},
                  .folder = "",
                  .variables = {},
                  .time_max = kAnswerMax});
  if (answer.ok() && answer->Succeeded()) return Property(answer->out, "Linger") == "yes";
  return Exists("/var/lib/systemd/linger/" + user);
}

}  // namespace

ServiceFacts LookAtService(const std::string& name) {
  ServiceFacts facts;
  facts.name = name + ".service";
  facts.unit_file = JoinPath(UnitFolder(), facts.name);
  facts.user = UserName();
  const Result<std::string> unit = ReadFile(facts.unit_file);
  facts.is_installed = unit.ok();
  if (unit.ok()) facts.home = HomeOfUnit(*unit);
  facts.problem = ProblemOf(facts.user);
  if (!facts.has_manager()) return facts;
  facts.lingers = Lingers(facts.user);
  const Result<ProgramAnswer> answer =
      AskProgram({.arguments = {"systemctl", "--user", "show", facts.name,
                                "--property=ActiveState,UnitFileState,MainPID"},
                  .folder = "",
                  .variables = {},
                  .time_max = kAnswerMax});
  if (!answer.ok() || !answer->Succeeded()) return facts;
  facts.state = Property(answer->out, "ActiveState");
  facts.is_enabled = Property(answer->out, "UnitFileState") == "enabled";
  facts.pid = static_cast<int>(ParseInt(Property(answer->out, "MainPID")).value_or(0));
  return facts;
}

Status TellManager(const std::vector<std::string>& words) {
  std::vector<std::string> all = {"systemctl", "--user"};
  all.insert(all.end(), words.begin(), words.end());
  ASSIGN_OR_RETURN(
      const ProgramAnswer answer,
      AskProgram({.arguments = all, .folder = "", .variables = {}, .time_max = kOrderMax}));
  if (answer.Succeeded()) return {};
  return FailedPrecondition(Join(all, " ") +
                            " failed: " + (answer.is_late ? "no answer" : FirstLine(answer.err)));
}

std::string LingerCommand(const std::string& user) {
  return (geteuid() == 0 ? "loginctl enable-linger " : "sudo loginctl enable-linger ") + user;
}

}  // namespace lazurite::cli
