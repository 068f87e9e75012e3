#include "domain/environment/requirement_marker.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "base/text.h"

namespace lazurite::environment {
namespace {

constexpr int kDepthMax = 32;
constexpr auto kVariables = std::to_array<std::string_view>(
    {"python_version", "python_full_version", "os_name", "sys_platform", "platform_release",
     "platform_system", "platform_version", "platform_machine", "platform_python_implementation",
     "implementation_name", "implementation_version", "extra"});
constexpr auto kComparisons =
    std::to_array<std::string_view>({"===", "~=", "==", "!=", "<=", ">=", "<", ">"});

class MarkerWalk {
 public:
  explicit MarkerWalk(std::string_view text) : text_(text) {}

  std::optional<RequirementProblem> Run() {
    if (!Alternatives(0)) return problem_;
    SkipBlanks();
    if (at_ == text_.size()) return std::nullopt;
    Wrong(at_, text_.size() - at_, "has something after its condition that means nothing");
    return problem_;
  }

 private:
  void SkipBlanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  bool Wrong(size_t offset, size_t length, std::string message, std::string suggestion = "") {
    problem_ = RequirementProblem{std::min(offset, text_.size() - 1), std::max<size_t>(length, 1),
                                  std::move(message), std::move(suggestion)};
    return false;
  }

  std::string_view WordHere() const {
    size_t end = at_;
    while (end < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[end])) != 0 || text_[end] == '_')) {
      ++end;
    }
    return text_.substr(at_, end - at_);
  }

  bool TakeWord(std::string_view word) {
    SkipBlanks();
    if (WordHere() != word) return false;
    at_ += word.size();
    return true;
  }

  // Conditions joined by "and" and "or".
  bool Alternatives(int depth) {
    if (depth > kDepthMax) return Wrong(at_, 1, "has a condition with too many brackets");
    do {
      if (!Condition(depth)) return false;
    } while (TakeWord("and") || TakeWord("or"));
    return true;
  }

  bool Condition(int depth) {
    SkipBlanks();
    if (at_ < text_.size() && text_[at_] == '(') {
      const size_t open = at_++;
      if (!Alternatives(depth + 1)) return false;
      SkipBlanks();
      if (at_ == text_.size() || text_[at_] != ')') {
        return Wrong(open, 1, "has a \"(\" without its \")\" in its condition");
      }
      ++at_;
      return true;
    }
    return Value() && Comparison() && Value();
  }

  bool Comparison() {
    SkipBlanks();
    for (const std::string_view op : kComparisons) {
      if (!text_.substr(at_).starts_with(op)) continue;
      at_ += op.size();
      return true;
    }
    if (TakeWord("in") || (TakeWord("not") && TakeWord("in"))) return true;
    return Wrong(at_, 1,
                 "has no comparison in its condition; expected for example "
                 "python_version < \"3.12\"");
  }

  bool Value() {
    SkipBlanks();
    if (at_ == text_.size()) return Wrong(at_, 1, "has a condition that ends too early");
    const char first = text_[at_];
    if (first == '"' || first == '\'') {
      const size_t end = text_.find(first, at_ + 1);
      if (end == std::string_view::npos) {
        return Wrong(at_, text_.size() - at_, "has a quoted text without an end");
      }
      at_ = end + 1;
      return true;
    }
    const std::string_view word = WordHere();
    if (std::find(kVariables.begin(), kVariables.end(), word) != kVariables.end()) {
      at_ += word.size();
      return true;
    }
    const std::string_view near = Nearest(word, {kVariables.begin(), kVariables.end()});
    return Wrong(at_, word.size(),
                 "has a condition with \"" +
                     std::string(word.empty() ? text_.substr(at_, 1) : word) +
                     "\"; expected a quoted text or a name such as python_version",
                 near.empty() ? "" : "did you mean \"" + std::string(near) + "\"?");
  }

  std::string_view text_;
  size_t at_ = 0;
  std::optional<RequirementProblem> problem_;
};

}  // namespace

std::optional<RequirementProblem> CheckMarker(std::string_view text) {
  if (Trim(text).empty()) {
    return RequirementProblem{0, 1, "has no condition after \";\"", ""};
  }
  return MarkerWalk(text).Run();
}

}  // namespace lazurite::environment
