// What systemd's user manager knows of our service.
#pragma once

#include <string>

#include "base/status.h"

namespace lazurite::cli {

inline constexpr std::string_view kServiceName = "lazurite";

struct ServiceFacts {
  std::string name;       // "lazurite.service"
  std::string unit_file;  // where its unit lies, or would
  bool is_installed = false;
  std::string home;     // that the unit serves; "" if it is not ours
  std::string problem;  // why no user manager can be asked; "" if one can
  bool is_enabled = false;
  std::string state;  // "active", "failed" …; "" if nobody can be asked
  int pid = 0;
  std::string user;
  bool lingers = false;  // the user manager runs without a session

  bool has_manager() const { return problem.empty(); }
};
ServiceFacts LookAtService(const std::string& name);

// systemctl --user WORDS…; kFailedPrecondition with its own words if it refuses.
Status TellManager(const std::vector<std::string>& words);
// The command that lets a user's services run without a session.
std::string LingerCommand(const std::string& user);

}  // namespace lazurite::cli
