#include "app/cli/jsonc_edit.h"

#include <optional>

#include "base/text.h"

namespace lazurite::cli {
namespace {

constexpr int kDepthMax = 100;

// Reads JSON with comments and commas too many, just enough to know where things stand.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  struct Member {
    size_t value_begin = 0, value_end = 0;
  };
  struct Object {
    size_t open = 0;  // of "{"
    bool is_empty = true;
    std::optional<Member> found;
  };

  // The object that begins at `from` (blanks and comments before it), and its member `key`.
  // Nothing: there is no such object.
  std::optional<Object> Find(size_t from, std::string_view key) {
    at_ = from;
    SkipBlank();
    if (Peek() != '{') return {};
    Object object{.open = at_, .is_empty = true, .found = {}};
    ++at_;
    while (SkipBlank(), Peek() != '}') {
      if (Peek() != '"') return {};
      const size_t name_begin = at_;
      if (!SkipString()) return {};
      const Result<Json> name = Json::Parse(text_.substr(name_begin, at_ - name_begin));
      SkipBlank();
      if (!name.ok() || Peek() != ':') return {};
      ++at_;
      SkipBlank();
      const size_t begin = at_;
      if (!SkipValue(0)) return {};
      object.is_empty = false;
      if (name->string() == key) object.found = Member{begin, at_};
      SkipBlank();
      if (Peek() == ',') {
        ++at_;
      } else if (Peek() != '}') {
        return {};
      }
    }
    ++at_;
    return object;
  }
  bool IsAtEnd() {
    SkipBlank();
    return at_ == text_.size();
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void SkipBlank() {
    while (at_ < text_.size()) {
      if (text_.substr(at_, 3) == "\xef\xbb\xbf") {
        at_ += 3;
      } else if (std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
        ++at_;
      } else if (text_.substr(at_, 2) == "//") {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (text_.substr(at_, 2) == "/*") {
        const size_t end = text_.find("*/", at_ + 2);
        at_ = end == std::string_view::npos ? text_.size() : end + 2;
      } else {
        return;
      }
    }
  }

  bool SkipString() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    if (at_ >= text_.size()) return false;
    ++at_;
    return true;
  }

  // To behind the value; brackets are only counted.
  bool SkipValue(int depth) {
    if (Peek() == '"') return SkipString();
    if (Peek() != '{' && Peek() != '[') {
      const size_t end = std::min(text_.find_first_of(",}] \t\r\n/", at_), text_.size());
      const bool is_word = end > at_;
      at_ = end;
      return is_word;
    }
    if (depth == kDepthMax) return false;
    const char close = Peek() == '{' ? '}' : ']';
    ++at_;
    while (SkipBlank(), Peek() != close) {
      if (at_ >= text_.size()) return false;
      if (Peek() == ',' || Peek() == ':') {
        ++at_;
      } else if (!SkipValue(depth + 1)) {
        return false;
      }
    }
    ++at_;
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
};

// How the line of `place` is indented.
std::string IndentAt(std::string_view text, size_t place) {
  const size_t before = text.rfind('\n', place);
  const size_t line = before == std::string_view::npos ? 0 : before + 1;
  const size_t end = std::min(text.find_first_not_of(" \t", line), place);
  return std::string(text.substr(line, end - line));
}

constexpr std::string_view kStep = "    ";

std::string Insert(std::string_view text, const Scanner::Object& object, std::string_view key,
                   const std::string& value) {
  const std::string indent = IndentAt(text, object.open);
  std::string member = "\n" + indent + std::string(kStep);
  AppendJsonString(member, key);
  member += ": " + value;
  if (object.is_empty) member += "\n" + indent;
  if (!object.is_empty) member += ",";
  std::string out(text.substr(0, object.open + 1));
  return out + member + std::string(text.substr(object.open + 1));
}

Status NotEditable() { return FailedPrecondition("it is no JSON object that could be added to"); }

}  // namespace

Result<std::string> SetInSection(std::string_view text, std::string_view section,
                                 std::string_view key, const Json& value) {
  if (Trim(text).empty()) text = "{}\n";
  Scanner scanner(text);
  const auto root = scanner.Find(0, section);
  if (!root || !scanner.IsAtEnd()) return NotEditable();
  if (!root->found) {
    std::string member = "{\n" + std::string(kStep) + std::string(kStep);
    AppendJsonString(member, key);
    return Insert(text, *root, section,
                  member + ": " + value.Dump() + "\n" + std::string(kStep) + "}");
  }
  const auto inner = scanner.Find(root->found->value_begin, key);
  if (!inner) return FailedPrecondition("its \"" + std::string(section) + "\" is no object");
  if (!inner->found) return Insert(text, *inner, key, value.Dump());
  const size_t begin = inner->found->value_begin;
  const Result<Json> there = Json::Parse(text.substr(begin, inner->found->value_end - begin));
  if (there.ok() && *there == value) return std::string(text);
  return FailedPrecondition("it has another value for \"" + std::string(key) + "\" in \"" +
                            std::string(section) + "\"");
}

}  // namespace lazurite::cli
