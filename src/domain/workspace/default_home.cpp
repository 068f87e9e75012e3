#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

#include "domain/workspace/places.h"

namespace lazurite {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

std::string DefaultHome() {
  if (std::string home = Variable("LAZURITE_HOME"); !home.empty()) return home;
  if (std::string data = Variable("XDG_DATA_HOME"); !data.empty()) return data + "/lazurite";
  std::string user = Variable("HOME");
  if (user.empty()) {
    const passwd* entry = getpwuid(geteuid());
    user = entry != nullptr ? entry->pw_dir : "/";
  }
  return user + "/.local/share/lazurite";
}

}  // namespace lazurite
