#include "app/cli/upload_ignore.h"

#include <cctype>
#include <optional>

#include "base/text.h"

namespace lazurite::cli {
namespace {

bool IsInClass(std::string_view name, char letter) {
  const int c = static_cast<unsigned char>(letter);
  if (name == "alnum") return std::isalnum(c) != 0;
  if (name == "alpha") return std::isalpha(c) != 0;
  if (name == "digit") return std::isdigit(c) != 0;
  if (name == "lower") return std::islower(c) != 0;
  if (name == "upper") return std::isupper(c) != 0;
  if (name == "space") return std::isspace(c) != 0;
  if (name == "punct") return std::ispunct(c) != 0;
  if (name == "xdigit") return std::isxdigit(c) != 0;
  return false;
}

// The item of a bracket expression at `at`, moved past it; nothing if the pattern ends in it.
std::optional<char> BracketLetter(std::string_view pattern, size_t& at) {
  if (at < pattern.size() && pattern[at] == '\\') ++at;
  if (at >= pattern.size()) return std::nullopt;
  return pattern[at++];
}

// Matches the bracket expression that begins at `at` (its "["); nothing if it is not closed.
std::optional<bool> MatchBracket(std::string_view pattern, size_t& at, char letter) {
  size_t next = at + 1;
  const bool is_negated = next < pattern.size() && (pattern[next] == '!' || pattern[next] == '^');
  if (is_negated) ++next;
  bool is_in = false;
  for (bool is_first = true; next < pattern.size(); is_first = false) {
    if (pattern[next] == ']' && !is_first) {
      at = next + 1;
      return letter != '/' && is_in != is_negated;
    }
    if (pattern.substr(next).starts_with("[:")) {
      const size_t end = pattern.find(":]", next + 2);
      if (end != std::string_view::npos) {
        is_in = is_in || IsInClass(pattern.substr(next + 2, end - next - 2), letter);
        next = end + 2;
        continue;
      }
    }
    const std::optional<char> low = BracketLetter(pattern, next);
    if (!low) return std::nullopt;
    char high = *low;
    if (next + 1 < pattern.size() && pattern[next] == '-' && pattern[next + 1] != ']') {
      ++next;
      const std::optional<char> end = BracketLetter(pattern, next);
      if (!end) return std::nullopt;
      high = *end;
    }
    const auto code = [](char c) { return static_cast<unsigned char>(c); };
    is_in = is_in || (code(*low) <= code(letter) && code(letter) <= code(high));
  }
  return std::nullopt;
}

// One letter of the text against the item of the pattern at `at`, which is neither "*" nor the end.
bool MatchLetter(std::string_view pattern, size_t& at, char letter) {
  if (pattern[at] == '?') {
    ++at;
    return letter != '/';
  }
  if (pattern[at] == '[') {
    const std::optional<bool> matched = MatchBracket(pattern, at, letter);
    if (matched) return *matched;
  } else if (pattern[at] == '\\' && at + 1 < pattern.size()) {
    ++at;
  }
  return pattern[at++] == letter;
}

// A "**" that is a whole part of the path, at `at`.
bool IsDoubleStar(std::string_view pattern, size_t at) {
  if (!pattern.substr(at).starts_with("**")) return false;
  if (at > 0 && pattern[at - 1] != '/') return false;
  return at + 2 == pattern.size() || pattern[at + 2] == '/';
}

bool MatchFrom(std::string_view pattern, size_t at, std::string_view text);

bool MatchDoubleStar(std::string_view pattern, size_t at, std::string_view text) {
  if (at + 2 == pattern.size()) return !text.empty();
  if (MatchFrom(pattern, at + 3, text)) return true;
  for (size_t slash = text.find('/'); slash != std::string_view::npos;
       slash = text.find('/', slash + 1)) {
    if (MatchFrom(pattern, at + 3, text.substr(slash + 1))) return true;
  }
  return false;
}

bool MatchStar(std::string_view pattern, size_t at, std::string_view text) {
  while (at < pattern.size() && pattern[at] == '*') ++at;
  for (size_t taken = 0;; ++taken) {
    if (MatchFrom(pattern, at, text.substr(taken))) return true;
    if (taken == text.size() || text[taken] == '/') return false;
  }
}

bool MatchFrom(std::string_view pattern, size_t at, std::string_view text) {
  while (at < pattern.size()) {
    if (IsDoubleStar(pattern, at)) return MatchDoubleStar(pattern, at, text);
    if (pattern[at] == '*') return MatchStar(pattern, at, text);
    if (text.empty() || !MatchLetter(pattern, at, text.front())) return false;
    text.remove_prefix(1);
  }
  return text.empty();
}

// Without the blanks at the end that no backslash keeps.
std::string_view WithoutBlanks(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  while (line.ends_with(' ') && !line.ends_with("\\ ")) line.remove_suffix(1);
  return line;
}

}  // namespace

bool MatchesGlob(std::string_view pattern, std::string_view text) {
  return MatchFrom(pattern, 0, text);
}

IgnoreRules::IgnoreRules(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  for (std::string_view line : Split(text, '\n')) {
    line = WithoutBlanks(line);
    if (line.empty() || line.front() == '#') continue;
    Rule rule;
    if (line.front() == '!') {
      rule.is_negated = true;
      line.remove_prefix(1);
    }
    if (line.ends_with('/')) {
      rule.is_for_folders = true;
      line.remove_suffix(1);
    }
    rule.is_anchored = line.find('/') != std::string_view::npos;
    if (line.starts_with('/')) line.remove_prefix(1);
    if (line.empty()) continue;
    rule.pattern = line;
    rules_.push_back(std::move(rule));
  }
}

bool IgnoreRules::Leaves(std::string_view path, bool is_folder) const {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->is_for_folders && !is_folder) continue;
    if (MatchesGlob(rule->pattern, rule->is_anchored ? path : name)) return !rule->is_negated;
  }
  return false;
}

}  // namespace lazurite::cli
