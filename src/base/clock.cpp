#include "base/clock.h"

#include <array>
#include <cstdio>

#include "base/text.h"

namespace lazurite {
namespace {

using std::chrono::floor;

// Takes `digits` digits from the front of `text`; nothing if they are not there.
std::optional<int> TakeDigits(std::string_view& text, size_t digits) {
  if (text.size() < digits) return {};
  const auto value = ParseInt(text.substr(0, digits));
  if (!value || *value < 0) return {};
  text.remove_prefix(digits);
  return static_cast<int>(*value);
}

bool TakeChar(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// Milliseconds of a fraction ".123456", which may be absent.
int TakeFraction(std::string_view& text) {
  if (!TakeChar(text, '.') && !TakeChar(text, ',')) return 0;
  int millis = 0;
  int weight = 100;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    millis += (text.front() - '0') * weight;
    weight /= 10;
    text.remove_prefix(1);
  }
  return millis;
}

// "Z", "+02:00", "+0200" or nothing (UTC): minutes east of UTC.
std::optional<int> TakeZone(std::string_view text) {
  if (text.empty() || text == "Z" || text == "z") return 0;
  const int sign = text.front() == '-' ? -1 : 1;
  if (!TakeChar(text, '+') && !TakeChar(text, '-')) return {};
  const auto hours = TakeDigits(text, 2);
  TakeChar(text, ':');
  const auto minutes = text.empty() ? std::optional<int>(0) : TakeDigits(text, 2);
  if (!hours || !minutes || !text.empty()) return {};
  return sign * (*hours * 60 + *minutes);
}

}  // namespace

std::string FormatTime(Time time) {
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 40> buffer;
  std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return buffer.data();
}

std::optional<Time> ParseTime(std::string_view text) {
  const auto year = TakeDigits(text, 4);
  if (!year || !TakeChar(text, '-')) return {};
  const auto month = TakeDigits(text, 2);
  if (!month || !TakeChar(text, '-')) return {};
  const auto day = TakeDigits(text, 2);
  if (!day) return {};
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return {};
  Time time(std::chrono::sys_days(date).time_since_epoch());
  if (text.empty()) return time;
  if (!TakeChar(text, 'T') && !TakeChar(text, 't') && !TakeChar(text, ' ')) return {};
  const auto hours = TakeDigits(text, 2);
  if (!hours || *hours > 23 || !TakeChar(text, ':')) return {};
  const auto minutes = TakeDigits(text, 2);
  if (!minutes || *minutes > 59) return {};
  const auto seconds = TakeChar(text, ':') ? TakeDigits(text, 2) : std::optional<int>(0);
  if (!seconds || *seconds > 60) return {};
  const int millis = TakeFraction(text);
  const auto zone = TakeZone(text);
  if (!zone) return {};
  time += std::chrono::hours(*hours) + std::chrono::minutes(*minutes - *zone) +
          std::chrono::seconds(*seconds) + std::chrono::milliseconds(millis);
  return time;
}

std::optional<Duration> ParseIsoDuration(std::string_view text) {
  // Thirty years, so that the time from now can be said in any clock's unit.
  constexpr double kSecondsMax = 1e9;
  if (!TakeChar(text, 'P') || text.empty()) return {};
  double seconds = 0;
  bool in_time = false;
  while (!text.empty()) {
    if (TakeChar(text, 'T')) {
      in_time = true;
      continue;
    }
    const size_t length = text.find_first_not_of("0123456789.");
    if (length == 0 || length == std::string_view::npos) return {};
    const auto number = ParseDouble(text.substr(0, length));
    if (!number || *number > kSecondsMax) return {};
    const char unit = text[length];
    text.remove_prefix(length + 1);
    if (unit == 'D' && !in_time) {
      seconds += *number * 86400;
    } else if (unit == 'W' && !in_time) {
      seconds += *number * 604800;
    } else if (unit == 'H' && in_time) {
      seconds += *number * 3600;
    } else if (unit == 'M' && in_time) {
      seconds += *number * 60;
    } else if (unit == 'S' && in_time) {
      seconds += *number;
    } else {
      return {};
    }
    if (seconds > kSecondsMax) return {};
  }
  return Duration(static_cast<int64_t>(seconds * 1000));
}

std::string FormatIsoDuration(Duration duration) {
  const int64_t millis = duration.count();
  const int64_t seconds = millis / 1000;
  if (millis % 1000 != 0) return "PT" + FormatDouble(static_cast<double>(millis) / 1000) + "S";
  std::string out = "PT";
  if (seconds >= 3600) out += std::to_string(seconds / 3600) + "H";
  if (seconds % 3600 >= 60) out += std::to_string(seconds % 3600 / 60) + "M";
  if (seconds % 60 != 0 || seconds == 0) out += std::to_string(seconds % 60) + "S";
  return out;
}

std::string FormatElapsed(Duration duration) {
  // Below nothing between two times of a clock that was set back.
  const int64_t millis = std::max<int64_t>(0, duration.count());
  const int64_t seconds = millis / 1000;
  if (seconds < 10) {
    return FormatDouble(static_cast<double>(millis / 100) / 10) + " s";
  }
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) {
    return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  }
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds % 3600 / 60) + " min";
}

}  // namespace lazurite
