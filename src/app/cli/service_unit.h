// The systemd unit that `service install` writes.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace lazurite::cli {

struct ServiceUnit {
  std::string program;  // absolute, like all paths here
  std::string home;
  int port = 0;  // 0: the one of the configuration
  std::string log;
  std::string path;  // PATH of the service: where uv, conda and the Pythons are found

  // kInvalidArgument: a path that a unit cannot hold (line breaks).
  Result<std::string> ToText() const;
};

// One word of a unit's command line or environment, quoted; `is_command` also escapes '$'.
std::string QuoteForUnit(std::string_view word, bool is_command);
// The home that a unit of ours serves; "" if the text is none of ours.
std::string HomeOfUnit(std::string_view text);

}  // namespace lazurite::cli
