#include "base/json_fault.h"

#include <algorithm>

namespace lazurite {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Reads a JSON text only to find its first mistake. `what_` is what was expected there.
class FaultFinder {
 public:
  FaultFinder(std::string_view text, int depth_max) : text_(text), depth_left_(depth_max) {}

  std::string Run() {
    const bool is_good = Value() && End();
    return is_good ? "" : Place() + ": " + what_;
  }

 private:
  std::string Place() const {
    const std::string_view before = text_.substr(0, at_);
    const size_t line = static_cast<size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
    const size_t start = before.rfind('\n') + 1;  // 0 if there is none
    return "line " + std::to_string(line) + ", column " + std::to_string(at_ - start + 1);
  }

  bool Fail(std::string what) {
    what_ = std::move(what);
    return false;
  }

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void SkipBlanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) < 4) ++at_;
  }

  bool End() {
    SkipBlanks();
    return at_ == text_.size() || Fail("expected the end of the text");
  }

  bool Value() {
    SkipBlanks();
    const char c = Peek();
    if (c == '{') return Members('}');
    if (c == '[') return Members(']');
    if (c == '"') return String();
    if (c == '-' || IsDigit(c)) return Number();
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return true;
      }
    }
    return Fail(at_ == text_.size() ? "the text ends where a value should be" : "expected a value");
  }

  // An object or an array.
  bool Members(char closing) {
    if (depth_left_-- == 0) return Fail("nested too deeply");
    ++at_;
    SkipBlanks();
    if (Peek() == closing) return Close();
    while (true) {
      if (closing == '}' && !Key()) return false;
      if (!Value()) return false;
      SkipBlanks();
      if (Peek() == closing) return Close();
      if (Peek() != ',') return Fail(std::string("expected \",\" or \"") + closing + "\"");
      ++at_;
    }
  }

  bool Close() {
    ++depth_left_;
    ++at_;
    return true;
  }

  bool Key() {
    SkipBlanks();
    if (Peek() != '"') return Fail("expected a name in quotes");
    if (!String()) return false;
    SkipBlanks();
    if (Peek() != ':') return Fail("expected \":\"");
    ++at_;
    return true;
  }

  bool String() {
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (static_cast<unsigned char>(text_[at_]) < 0x20) {
        return Fail("a control character in a text");
      }
      if (text_[at_] == '\\' && !Escape()) return false;
      ++at_;
    }
    if (at_ == text_.size()) return Fail("a text without its closing quote");
    ++at_;
    return true;
  }

  bool Escape() {
    ++at_;
    if (Peek() != 'u')
      return std::string_view("\"\\/bfnrt").find(Peek()) < 8 || Fail("an unknown escape");
    for (int i = 0; i < 4; ++i) {
      ++at_;
      const char c = Peek();
      const bool is_hex = IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      if (!is_hex) return Fail("expected four hex digits");
    }
    return true;
  }

  bool Digits() {
    if (!IsDigit(Peek())) return Fail("expected a digit");
    while (IsDigit(Peek())) ++at_;
    return true;
  }

  bool Number() {
    if (Peek() == '-') ++at_;
    if (Peek() == '0') {
      ++at_;
      if (IsDigit(Peek())) return Fail("a number with a zero in front");
    } else if (!Digits()) {
      return false;
    }
    if (Peek() == '.') {
      ++at_;
      if (!Digits()) return false;
    }
    if (Peek() != 'e' && Peek() != 'E') return true;
    ++at_;
    if (Peek() == '+' || Peek() == '-') ++at_;
    return Digits();
  }

  const std::string_view text_;
  int depth_left_;
  size_t at_ = 0;
  std::string what_;
};

}  // namespace

std::string JsonFault(std::string_view text, int depth_max) {
  return FaultFinder(text, depth_max).Run();
}

}  // namespace lazurite
