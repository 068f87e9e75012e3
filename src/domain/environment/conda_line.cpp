#include "domain/environment/conda_line.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"
#include "domain/environment/version_operator.h"

namespace lazurite::environment {
namespace {

constexpr auto kOperators =
    std::to_array<std::string_view>({"==", "!=", "<=", ">=", "~=", "<", ">", "="});
constexpr std::string_view kPip = "pip";

bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool IsLetter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool IsNameLetter(char c) { return IsDigit(c) || IsLetter(c) || c == '-' || c == '_' || c == '.'; }
bool IsVersionLetter(char c) { return IsNameLetter(c) || c == '*' || c == '+' || c == '!'; }
bool IsBuildLetter(char c) { return IsVersionLetter(c) && c != '!'; }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool IsAddress(std::string_view text) {
  return text.find("://") != std::string_view::npos || text.starts_with("file:");
}

// Walks over "channel::name versions build" and stops at the first thing that is wrong.
class Walk {
 public:
  explicit Walk(std::string_view line) : line_(line) {}

  // False: problem() tells why.
  bool Run() {
    SkipBlanks();
    if (!Channel() || !Name()) return false;
    SkipBlanks();
    if (IsAtEnd()) return true;
    if (name() == kPip && IsForgottenColon()) return ForgottenColon();
    if (!Versions()) return false;
    if (!Build()) return false;
    SkipBlanks();
    return IsAtEnd() || Leftover("after the version and the build");
  }

  std::string name() const { return Lower(line_.substr(name_begin_, name_end_ - name_begin_)); }
  std::string_view rest() const { return Trim(line_.substr(name_end_)); }
  const RequirementProblem& problem() const { return problem_; }

 private:
  bool IsAtEnd() const { return at_ >= line_.size(); }
  bool At(char c) const { return at_ < line_.size() && line_[at_] == c; }
  void SkipBlanks() {
    while (!IsAtEnd() && IsBlank(line_[at_])) ++at_;
  }
  size_t WordLength(size_t from) const {
    size_t end = from;
    while (end < line_.size() && !IsBlank(line_[end])) ++end;
    return end - from;
  }

  bool Wrong(size_t offset, size_t length, std::string message, std::string suggestion = "") {
    problem_ = {offset, std::max<size_t>(length, 1), std::move(message), std::move(suggestion)};
    return false;
  }

  bool Channel() {
    const size_t end = line_.find("::", at_);
    if (end == std::string_view::npos) return true;
    const std::string_view channel = line_.substr(at_, end - at_);
    if (channel.empty() || std::any_of(channel.begin(), channel.end(), IsBlank)) {
      return Wrong(at_, std::max<size_t>(channel.size(), 2), "names no channel before \"::\"");
    }
    at_ = end + 2;
    return true;
  }

  bool Name() {
    name_begin_ = at_;
    while (!IsAtEnd() && IsNameLetter(line_[at_])) ++at_;
    name_end_ = at_;
    const std::string_view name = line_.substr(name_begin_, name_end_ - name_begin_);
    const std::string_view after = line_.substr(name_begin_);
    if (IsAddress(after.substr(0, WordLength(name_begin_)))) {
      return Wrong(name_begin_, WordLength(name_begin_),
                   "is an address; conda takes names of packages here, addresses stand below "
                   "\"pip:\"");
    }
    const bool is_name = std::any_of(name.begin(), name.end(), IsLetter) && name[0] != '-' &&
                         name[0] != '.' && name.back() != '-' && name.back() != '.';
    if (is_name) return true;
    return Wrong(name_begin_, std::max<size_t>(WordLength(name_begin_), 1),
                 "begins with no name of a package; expected one such as numpy=1.26");
  }

  // "pip - rich" and "pip rich" are what YAML makes of a list below "pip" without a colon.
  bool IsForgottenColon() const {
    const char c = line_[at_];
    return IsLetter(c) || c == '-' || c == ':';
  }
  bool ForgottenColon() {
    return Wrong(name_begin_, name_end_ - name_begin_,
                 "has no colon after \"pip\", so what stands below it is no list of its packages",
                 "did you mean \"pip:\"?");
  }

  bool Versions() {
    const bool has_operator = std::string_view("=!<>~").find(line_[at_]) != std::string_view::npos;
    const bool is_apart = at_ > name_end_;
    if (!has_operator && !(is_apart && IsVersionAt(at_))) return Leftover("after the name");
    while (true) {
      if (!Version()) return false;
      const size_t end = at_;
      SkipBlanks();
      if (!At(',') && !At('|')) {
        at_ = end;
        return true;
      }
      ++at_;
      SkipBlanks();
    }
  }

  // Whether a version begins here: with a digit, "v" and a digit, or the star for any.
  bool IsVersionAt(size_t at) const {
    if (at >= line_.size()) return false;
    if (line_[at] == 'v') return at + 1 < line_.size() && IsDigit(line_[at + 1]);
    return IsDigit(line_[at]) || line_[at] == '*';
  }

  bool Version() {
    const size_t begin = at_;
    std::string_view found;
    for (const std::string_view op : kOperators) {
      if (found.empty() && line_.substr(at_).starts_with(op)) found = op;
    }
    const MisspeltOperator misspelt = FindMisspeltOperator(line_.substr(at_));
    if (!misspelt.written.empty()) return Misspelt(misspelt);
    at_ += found.size();
    SkipBlanks();
    if (!IsVersionAt(at_)) {
      const size_t length = at_ - begin + WordLength(at_);
      if (found.empty())
        return Wrong(begin, length, "has no version here; expected one such as <2");
      return Wrong(begin, length, "has no version after \"" + std::string(found) + "\"");
    }
    while (!IsAtEnd() && IsVersionLetter(line_[at_])) ++at_;
    return true;
  }

  bool Misspelt(const MisspeltOperator& misspelt) {
    const size_t begin = at_;
    at_ += misspelt.written.size();
    SkipBlanks();
    const std::string version(line_.substr(at_, WordLength(at_)));
    return Wrong(begin, misspelt.written.size(),
                 "has \"" + std::string(misspelt.written) + "\", which compares nothing",
                 "did you mean \"" + name() + std::string(misspelt.meant) + version + "\"?");
  }

  // "=py311_0" or, after a blank, "py311_0".
  bool Build() {
    const size_t version_end = at_;
    SkipBlanks();
    const size_t begin = at_;
    const bool has_mark = At('=');
    if (has_mark) ++at_;
    const size_t build = at_;
    while (!IsAtEnd() && IsBuildLetter(line_[at_])) ++at_;
    const bool is_build = at_ > build && line_[build] != '-' && (IsAtEnd() || IsBlank(line_[at_]));
    if (is_build && (has_mark || begin > version_end)) return true;
    at_ = begin;
    return IsAtEnd() || Leftover("after the version");
  }

  // What belongs to no conda line: the likely reasons have sentences of their own.
  bool Leftover(const std::string& where) {
    const size_t length = WordLength(at_);
    if (At('[')) {
      return Wrong(at_, line_.size() - at_,
                   "has brackets, but conda packages have no extras; write its version after its "
                   "name (numpy>=1.26), and a package with extras below \"pip:\"");
    }
    if (At(';')) {
      return Wrong(at_, line_.size() - at_,
                   "has a condition, which only a line below \"pip:\" can have");
    }
    if (At('@')) {
      return Wrong(at_, line_.size() - at_,
                   "has an address, which only a line below \"pip:\" can have");
    }
    if (line_.substr(at_).starts_with("- ")) {
      return Wrong(at_, line_.size() - at_,
                   "holds the lines below it too; begin the \"-\" of each in the same column");
    }
    return Wrong(at_, length,
                 "has something " + where +
                     " that means nothing; expected one package such as numpy, numpy=1.26 or "
                     "numpy>=1.26,<2");
  }

  std::string_view line_;
  size_t at_ = 0;
  size_t name_begin_ = 0;
  size_t name_end_ = 0;
  RequirementProblem problem_;
};

}  // namespace

CondaLine ReadCondaLine(std::string_view line) {
  Walk walk(line);
  if (walk.Run()) return {walk.name(), std::string(walk.rest()), std::nullopt};
  RequirementProblem problem = walk.problem();
  problem.message =
      "conda line \"" + RedactCredentials(Trim(line)) + "\" " + std::move(problem.message);
  return {"", "", std::move(problem)};
}

}  // namespace lazurite::environment
