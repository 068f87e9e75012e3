#include "engine/backend/scope.h"

#include <pwd.h>
#include <unistd.h>

#include "base/file.h"

namespace lazurite::backend {

ScopePlaces ScopePlaces::OfThisUser() {
  ScopePlaces places;
  const uid_t user = geteuid();
  const passwd* const entry = getpwuid(user);
  places.user = entry == nullptr ? "" : entry->pw_name;
  places.runtime_folder = "/run/user/" + std::to_string(user);
  places.is_root = user == 0;
  return places;
}

std::vector<std::string> ScopeCommand(const ScopePlaces& places) {
  const bool can = !places.is_root && !places.user.empty() &&
                   Exists(places.groups + "/cgroup.controllers") &&
                   Exists(places.runtime_folder + "/systemd/private") &&
                   Exists(places.linger_folder + "/" + places.user) &&
                   access(places.systemd_run.c_str(), X_OK) == 0;
  if (!can) return {};
  return {"/usr/bin/env",
          "XDG_RUNTIME_DIR=" + places.runtime_folder,
          places.systemd_run,
          "--user",
          "--scope",
          "--quiet",
          "--collect",
          "--property=Delegate=yes",
          "--"};
}

}  // namespace lazurite::backend
