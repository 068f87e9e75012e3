#include "domain/environment/requirement.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"
#include "domain/environment/requirement_marker.h"
#include "domain/environment/version_operator.h"

namespace lazurite::environment {
namespace {

constexpr auto kOptions = std::to_array<std::string_view>(
    {"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--no-index", "--no-binary",
     "--only-binary", "--pre", "--prefer-binary", "--trusted-host"});
constexpr auto kIncludes = std::to_array<std::string_view>({"-r", "--requirement"});
constexpr auto kBare = std::to_array<std::string_view>({"--no-index", "--pre", "--prefer-binary"});
constexpr auto kOperators =
    std::to_array<std::string_view>({"===", "~=", "==", "!=", "<=", ">=", "<", ">"});

template <size_t N>
bool IsOneOf(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool IsNameLetter(char c) { return IsAlnum(c) || c == '-' || c == '_' || c == '.'; }
bool IsVersionLetter(char c) { return IsNameLetter(c) || c == '*' || c == '+' || c == '!'; }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string CollapseBlanks(std::string_view text) {
  std::string out;
  for (const char c : Trim(text)) {
    if (!IsBlank(c)) out += c;
    if (IsBlank(c) && !out.ends_with(' ')) out += ' ';
  }
  return out;
}

// The start of a comment: a '#' at the beginning or after a blank.
std::string_view WithoutComment(std::string_view line) {
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '#' && (i == 0 || IsBlank(line[i - 1]))) return line.substr(0, i);
  }
  return line;
}

bool IsLocalPath(std::string_view line) {
  return line.starts_with('.') || line.starts_with('/') || line.starts_with('~') ||
         line.find(" @ file:") != std::string_view::npos || line.starts_with("file:");
}

// PEP 503: runs of "-", "_" and "." are one "-", case does not count.
std::string NormalName(std::string_view name) {
  std::string out;
  for (const char c : Lower(name)) {
    const bool is_dash = c == '-' || c == '_' || c == '.';
    if (!is_dash) out += c;
    if (is_dash && !out.ends_with('-')) out += '-';
  }
  return out;
}

// Walks over "name[extras]versions;marker" and stops at the first thing that is wrong.
class Walk {
 public:
  explicit Walk(std::string_view line) : line_(line) {}

  // False: problem() tells why.
  bool Run() {
    SkipBlanks();
    name_begin_ = at_;
    while (at_ < line_.size() && IsNameLetter(line_[at_])) ++at_;
    name_end_ = at_;
    if (!IsNameGood()) {
      return Wrong(name_begin_, std::max<size_t>(WordLength(name_begin_), 1),
                   "begins with no name of a package");
    }
    SkipBlanks();
    if (!Extras()) return false;
    SkipBlanks();
    if (At('@')) return Address();
    if (!Versions()) return false;
    SkipBlanks();
    if (IsAtEnd()) return true;
    if (At(';')) return Marker(at_ + 1);
    return Wrong(at_, WordLength(at_), "has something after the version that means nothing");
  }

  std::string_view name() const { return line_.substr(name_begin_, name_end_ - name_begin_); }
  std::string_view rest() const { return line_.substr(name_end_); }
  const RequirementProblem& problem() const { return problem_; }

 private:
  bool IsAtEnd() const {
    // "--hash=sha256:…" follows a requirement.
    return at_ >= line_.size() || line_.substr(at_).starts_with("--hash");
  }
  bool At(char c) const { return at_ < line_.size() && line_[at_] == c; }
  void SkipBlanks() {
    while (at_ < line_.size() && IsBlank(line_[at_])) ++at_;
  }
  size_t WordLength(size_t from) const {
    size_t end = from;
    while (end < line_.size() && !IsBlank(line_[end])) ++end;
    return end - from;
  }
  bool IsNameGood() const {
    return name_end_ > name_begin_ && IsAlnum(line_[name_begin_]) && IsAlnum(line_[name_end_ - 1]);
  }

  bool Wrong(size_t offset, size_t length, std::string message, std::string suggestion = "") {
    problem_ = {offset, std::max<size_t>(length, 1), std::move(message), std::move(suggestion)};
    return false;
  }

  bool Extras() {
    if (!At('[')) return true;
    const size_t end = line_.find(']', at_);
    if (end == std::string_view::npos) {
      return Wrong(at_, line_.size() - at_, "has a \"[\" without its \"]\"");
    }
    for (const std::string_view part : Split(line_.substr(at_ + 1, end - at_ - 1), ',')) {
      const std::string_view extra = Trim(part);
      if (extra.empty() || !std::all_of(extra.begin(), extra.end(), IsNameLetter)) {
        return Wrong(at_, end - at_ + 1, "has extras that are no names");
      }
    }
    at_ = end + 1;
    return true;
  }

  bool Address() {
    ++at_;
    SkipBlanks();
    const size_t length = WordLength(at_);
    const std::string_view address = line_.substr(at_, length);
    if (address.find("://") == std::string_view::npos && address.find("${") != 0) {
      return Wrong(at_, length, "has no address after \"@\"; expected one such as https://…");
    }
    at_ += length;
    SkipBlanks();
    if (IsAtEnd()) return true;
    if (At(';')) return Marker(at_ + 1);
    return Wrong(at_, WordLength(at_), "has something after the address that means nothing");
  }

  bool Versions() {
    const bool has_bracket = At('(');
    if (has_bracket) ++at_;
    SkipBlanks();
    const bool is_none = IsAtEnd() || At(';') || (has_bracket && At(')'));
    while (!is_none) {
      if (!Version()) return false;
      SkipBlanks();
      if (!At(',')) break;
      ++at_;
      SkipBlanks();
      if (IsAtEnd() || At(';')) break;  // pip forgives a comma at the end
    }
    if (!has_bracket) return true;
    if (!At(')')) return Wrong(at_, 1, "has a \"(\" without its \")\"");
    ++at_;
    return true;
  }

  bool Version() {
    const size_t begin = at_;
    const MisspeltOperator misspelt = FindMisspeltOperator(line_.substr(at_));
    if (!misspelt.written.empty()) return Misspelt(misspelt);
    std::string_view found;
    for (const std::string_view op : kOperators) {
      if (found.empty() && line_.substr(at_).starts_with(op)) found = op;
    }
    if (found.empty()) return NoOperator();
    at_ += found.size();
    SkipBlanks();
    const size_t version = at_;
    while (at_ < line_.size() && IsVersionLetter(line_[at_])) ++at_;
    if (at_ == version || (!std::isdigit(static_cast<unsigned char>(line_[version])) &&
                           line_[version] != 'v' && found != "===")) {
      return Wrong(begin, std::max(at_, begin + found.size()) - begin,
                   "has no version after \"" + std::string(found) + "\"");
    }
    return true;
  }

  bool Misspelt(const MisspeltOperator& misspelt) {
    const std::string_view version = Trim(line_.substr(at_ + misspelt.written.size()));
    return Wrong(at_, misspelt.written.size(),
                 "has \"" + std::string(misspelt.written) + "\", which compares nothing",
                 "did you mean \"" + std::string(name()) + std::string(misspelt.meant) +
                     std::string(version.substr(0, version.find_first_of(" \t\r,;"))) + "\"?");
  }

  bool NoOperator() {
    const size_t length = WordLength(at_);
    const bool is_conda = At('=') && at_ + 1 < line_.size();
    const std::string package(name());
    if (is_conda) {
      return Wrong(
          at_, length, "has a version in conda's words; pip compares with \"==\"",
          "did you mean \"" + package + "=" + std::string(line_.substr(at_, length)) + "\"?");
    }
    if (std::isdigit(static_cast<unsigned char>(line_[at_])) != 0) {
      return Wrong(
          at_, length, "has a version without a comparison",
          "did you mean \"" + package + "==" + std::string(line_.substr(at_, length)) + "\"?");
    }
    return Wrong(at_, length,
                 "is no requirement; expected a name and versions such as numpy>=1.26,<2");
  }

  bool Marker(size_t begin) {
    const size_t end = std::min(line_.find(" --hash", begin), line_.size());
    const auto wrong = CheckMarker(line_.substr(begin, end - begin));
    if (!wrong) return true;
    return Wrong(begin + wrong->offset, wrong->length, wrong->message, wrong->suggestion);
  }

  std::string_view line_;
  size_t at_ = 0;
  size_t name_begin_ = 0;
  size_t name_end_ = 0;
  RequirementProblem problem_;
};

std::string Quoted(std::string_view line) {
  return "pip line \"" + RedactCredentials(CollapseBlanks(line)) + "\" ";
}

Requirement Refused(std::string_view line, RequirementProblem problem) {
  problem.message = Quoted(line) + problem.message;
  return {"", "", std::move(problem)};
}

Requirement ReadOption(std::string_view line, size_t begin) {
  std::string text = CollapseBlanks(line);
  const std::string option = text.substr(0, text.find_first_of(" ="));
  const size_t value_at = std::min(option.size() + 1, text.size());
  const std::string value(Trim(std::string_view(text).substr(value_at)));
  if (IsOneOf(option, kIncludes) && !value.empty()) return {"", value, std::nullopt};
  if (!IsOneOf(option, kOptions)) {
    const std::string_view near = Nearest(option, {kOptions.begin(), kOptions.end()});
    const bool is_near = option.starts_with("--") && near.starts_with("--");
    return Refused(line, {begin, option.size(),
                          "needs a file or an option that an environment has not; list the "
                          "packages themselves",
                          is_near ? "did you mean \"" + std::string(near) + "\"?" : ""});
  }
  if (value.empty() && !IsOneOf(option, kBare)) {
    return Refused(line, {begin, option.size(), "has no value after " + option, ""});
  }
  return {std::move(text), "", std::nullopt};
}

}  // namespace

Requirement ReadRequirement(std::string_view whole) {
  const std::string_view line = WithoutComment(whole);
  const size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  const std::string_view bare = Trim(line);
  if (bare.starts_with('-')) return ReadOption(line, begin);
  if (IsLocalPath(bare)) {
    return Refused(line, {begin, bare.size(),
                          "names a path, but an environment sees no file but its own; give a "
                          "package of an index or a git+https address",
                          ""});
  }
  const std::string text = CollapseBlanks(line);
  const size_t name_end = std::min(text.find_first_of(" =<>!~[;@(:/+"), text.size());
  const std::string_view after = std::string_view(text).substr(name_end);
  if (after.starts_with("+") || after.starts_with("://")) return {text, "", std::nullopt};
  Walk walk(line);
  if (!walk.Run()) return Refused(line, walk.problem());
  std::string rest = CollapseBlanks(walk.rest());
  if (!walk.rest().empty() && IsBlank(walk.rest().front())) rest.insert(0, " ");
  const bool is_plain = rest.find(';') == std::string::npos &&
                        rest.find('@') == std::string::npos && rest.find("--") == std::string::npos;
  if (is_plain) rest = ReplaceAll(rest, " ", "");
  return {NormalName(walk.name()) + rest, "", std::nullopt};
}

std::string RedactCredentials(std::string_view text) {
  std::string out;
  size_t done = 0;
  for (size_t at = text.find("://"); at != std::string_view::npos; at = text.find("://", done)) {
    const size_t begin = at + 3;
    const size_t end = std::min(text.find_first_of(" \t\r\n\"'<>/?#", begin), text.size());
    const size_t mark = text.substr(begin, end - begin).rfind('@');
    out += text.substr(done, begin - done);
    if (mark != std::string_view::npos) out += "***@";
    done = mark == std::string_view::npos ? begin : begin + mark + 1;
  }
  out += text.substr(done);
  return out;
}

}  // namespace lazurite::environment
