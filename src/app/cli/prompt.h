// Texts that must not be seen: asked for on a terminal without echo, or read from standard input.
#pragma once

#include <string>
#include <string_view>

#include "app/cli/terminal.h"

namespace lazurite::cli {

// A line typed on the terminal, or all of standard input without the end of its last line. At most
// `bytes_max`. kCancelled: Ctrl-C.
Result<std::string> ReadHidden(const Terminal& terminal, std::string_view question,
                               size_t bytes_max);

}  // namespace lazurite::cli
