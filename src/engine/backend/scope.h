// A scope of the user's own systemd, below which this user can make control groups.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace lazurite::backend {

// Where what is needed for it lies; tests have others.
struct ScopePlaces {
  std::string systemd_run = "/usr/bin/systemd-run";
  std::string linger_folder = "/var/lib/systemd/linger";
  std::string runtime_folder;  // /run/user/<uid>
  std::string groups = "/sys/fs/cgroup";
  std::string user;
  bool is_root = false;

  static ScopePlaces OfThisUser();
};

// What is put before a command so that it runs in such a scope, under the same process id; nothing
// if it cannot or need not be. A session's own processes may make no groups, those of the user's
// systemd may. Only for users who linger: for others systemd would end all of it, jobs too, when
// they log out.
std::vector<std::string> ScopeCommand(const ScopePlaces& places);

}  // namespace lazurite::backend
