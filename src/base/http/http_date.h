// Dates as HTTP writes them: "Sun, 06 Nov 1994 08:49:37 GMT".
#pragma once

#include <ctime>
#include <optional>
#include <string>

namespace lazurite {

std::string FormatHttpDate(time_t time);
std::optional<time_t> ParseHttpDate(const std::string& text);

}  // namespace lazurite
