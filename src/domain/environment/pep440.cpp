#include "domain/environment/pep440.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "base/text.h"

namespace lazurite::environment {
namespace {

bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool IsLetter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool IsSeparator(char c) { return c == '.' || c == '-' || c == '_'; }

// What stands at the front and is all of one kind, taken off the text.
template <typename Kind>
std::string_view Take(std::string_view& text, Kind is_of_kind) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_of_kind);
  const auto length = static_cast<size_t>(end - text.begin());
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(length);
  return taken;
}

// Where a word stands among the parts after the release: they have an order. 0: nowhere.
int RankOf(const std::string& word) {
  for (const std::string_view one : {"a", "b", "c", "rc", "alpha", "beta", "pre", "preview"}) {
    if (word == one) return 1;
  }
  if (word == "post" || word == "rev" || word == "r") return 2;
  return word == "dev" ? 3 : 0;
}

bool IsLocal(std::string_view text) {
  return !text.empty() && !IsSeparator(text.front()) && !IsSeparator(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsDigit(c) || IsLetter(c) || IsSeparator(c); });
}

// "1.2.3", taken off the text.
bool TakeRelease(std::string_view& text) {
  while (true) {
    if (Take(text, IsDigit).empty()) return false;
    const bool goes_on = text.size() > 1 && text[0] == '.' && IsDigit(text[1]);
    if (!goes_on) return true;
    text.remove_prefix(1);
  }
}

}  // namespace

bool IsPep440(std::string_view version) {
  if (version.starts_with('v') || version.starts_with('V')) version.remove_prefix(1);
  if (const size_t epoch = version.find('!'); epoch != std::string_view::npos) {
    if (epoch == 0 || !std::all_of(version.begin(), version.begin() + epoch, IsDigit)) return false;
    version.remove_prefix(epoch + 1);
  }
  if (!TakeRelease(version)) return false;
  for (int rank = 0; !version.empty();) {
    if (version.front() == '+') return IsLocal(version.substr(1));
    if (IsSeparator(version.front())) version.remove_prefix(1);
    const int next = RankOf(Lower(Take(version, IsLetter)));
    if (next <= rank) return false;
    rank = next;
    if (version.size() > 1 && IsSeparator(version[0]) && IsDigit(version[1])) {
      version.remove_prefix(1);
    }
    Take(version, IsDigit);
  }
  return true;
}

}  // namespace lazurite::environment
