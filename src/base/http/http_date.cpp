#include "base/http/http_date.h"

#include <array>

namespace lazurite {
namespace {

constexpr char kFormat[] = "%a, %d %b %Y %H:%M:%S GMT";

}  // namespace

std::string FormatHttpDate(time_t time) {
  tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 40> text;
  return std::string(text.data(), strftime(text.data(), text.size(), kFormat, &parts));
}

std::optional<time_t> ParseHttpDate(const std::string& text) {
  tm parts{};
  const char* const end = strptime(text.c_str(), kFormat, &parts);
  if (end == nullptr || *end != '\0') return {};
  return timegm(&parts);
}

}  // namespace lazurite
