// How names and durations are spelled in YAML and in REST.
#include <cmath>

#include "base/clock.h"
#include "spec/rest.h"

namespace lazurite::spec {
namespace {

// Longer texts are no durations, and could overflow one.
constexpr size_t kDurationBytesMax = 64;
constexpr double kSecondsMax = 1e12;

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Only plain words are respelled: "azureml.git.dirty" and "_source" mean themselves.
bool IsWord(std::string_view text) {
  if (text.empty() || text[0] == '_') return false;
  for (const char c : text) {
    if (!IsUpper(c) && !IsLower(c) && !IsDigit(c) && c != '_') return false;
  }
  return true;
}

}  // namespace

std::string CamelCase(std::string_view snake) {
  if (!IsWord(snake)) return std::string(snake);
  std::string out;
  for (size_t i = 0; i < snake.size(); ++i) {
    const bool starts_word = snake[i] == '_' && i + 1 < snake.size() && IsLower(snake[i + 1]);
    if (starts_word) ++i;
    out += starts_word ? static_cast<char>(snake[i] - 'a' + 'A') : snake[i];
  }
  return out;
}

std::string SnakeCase(std::string_view camel) {
  if (!IsWord(camel)) return std::string(camel);
  std::string out;
  for (size_t i = 0; i < camel.size(); ++i) {
    if (!IsUpper(camel[i])) {
      out += camel[i];
      continue;
    }
    const bool after_small = i > 0 && (IsLower(camel[i - 1]) || IsDigit(camel[i - 1]));
    const bool ends_capitals =
        i > 0 && IsUpper(camel[i - 1]) && i + 1 < camel.size() && IsLower(camel[i + 1]);
    if (after_small || ends_capitals) out += '_';
    out += static_cast<char>(camel[i] - 'A' + 'a');
  }
  return out;
}

std::string SecondsToIso(double seconds) {
  if (!(std::fabs(seconds) < kSecondsMax)) seconds = 0;
  return FormatIsoDuration(Duration(std::llround(seconds * 1000)));
}

std::optional<double> IsoToSeconds(std::string_view text) {
  if (text.size() > kDurationBytesMax || text.ends_with('T')) return {};
  const std::optional<Duration> duration = ParseIsoDuration(text);
  if (!duration) return {};
  return static_cast<double>(duration->count()) / 1000;
}

}  // namespace lazurite::spec
