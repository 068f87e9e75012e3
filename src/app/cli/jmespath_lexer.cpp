#include "app/cli/jmespath_tree.h"
#include "base/text.h"

namespace lazurite::cli::jmespath {
namespace {

using Kind = Token::Kind;

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> Run() {
    while (true) {
      while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos)
        ++at_;
      if (at_ >= text_.size()) break;
      TRY(Next());
    }
    Add(Kind::kEnd, 0);
    return std::move(tokens_);
  }

 private:
  void Add(Kind kind, size_t length) {
    Token token;
    token.kind = kind;
    token.text = text_.substr(at_, length);
    token.at = at_;
    tokens_.push_back(std::move(token));
    at_ += length;
  }
  char Peek(size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  Status Next() {
    const char c = text_[at_];
    if (IsLetter(c)) {
      size_t length = 1;
      while (IsLetter(Peek(length)) || IsDigit(Peek(length))) ++length;
      Add(Kind::kIdentifier, length);
      return {};
    }
    if (IsDigit(c) || (c == '-' && IsDigit(Peek(1)))) return Number();
    if (c == '"') return Quoted();
    if (c == '\'') return Raw();
    if (c == '`') return Literal();
    return Sign(c);
  }

  Status Sign(char c) {
    static constexpr std::pair<std::string_view, Kind> kTwo[] = {
        {"[]", Kind::kFlatten}, {"[?", Kind::kFilter},  {"||", Kind::kOr},
        {"&&", Kind::kAnd},     {"==", Kind::kCompare}, {"!=", Kind::kCompare},
        {"<=", Kind::kCompare}, {">=", Kind::kCompare}};
    for (const auto& [sign, kind] : kTwo) {
      if (text_.substr(at_, 2) == sign) {
        Add(kind, 2);
        return {};
      }
    }
    static constexpr std::pair<char, Kind> kOne[] = {
        {'.', Kind::kDot},          {'*', Kind::kStar},       {'[', Kind::kLeftBracket},
        {']', Kind::kRightBracket}, {'(', Kind::kLeftParen},  {')', Kind::kRightParen},
        {'{', Kind::kLeftBrace},    {'}', Kind::kRightBrace}, {',', Kind::kComma},
        {':', Kind::kColon},        {'|', Kind::kPipe},       {'!', Kind::kNot},
        {'&', Kind::kReference},    {'@', Kind::kCurrent},    {'<', Kind::kCompare},
        {'>', Kind::kCompare}};
    for (const auto& [sign, kind] : kOne) {
      if (c == sign) {
        Add(kind, 1);
        return {};
      }
    }
    if (c == '=') return SyntaxError(at_, "a single \"=\", expected \"==\"");
    return SyntaxError(at_, "unexpected \"" + std::string(1, c) + "\"");
  }

  Status Number() {
    size_t length = 1;
    while (IsDigit(Peek(length))) ++length;
    const std::optional<int64_t> value = ParseInt(text_.substr(at_, length));
    if (!value) return SyntaxError(at_, "a number that is too large");
    Add(Kind::kNumber, length);
    tokens_.back().number = *value;
    return {};
  }

  // The offset behind the closing `quote`; npos if there is none.
  size_t FindClosing(char quote) const {
    for (size_t at = at_ + 1; at < text_.size(); ++at) {
      if (text_[at] == '\\') {
        ++at;
      } else if (text_[at] == quote) {
        return at + 1;
      }
    }
    return text_.npos;
  }

  Status Quoted() {
    const size_t end = FindClosing('"');
    if (end == text_.npos) return SyntaxError(at_, "a name without its closing quote");
    const Result<Json> name = Json::Parse(text_.substr(at_, end - at_));
    if (!name.ok() || !name->is_string()) return SyntaxError(at_, "a quoted name that is no text");
    Add(Kind::kQuoted, end - at_);
    tokens_.back().text = name->string();
    return {};
  }

  Status Raw() {
    const size_t end = FindClosing('\'');
    if (end == text_.npos) return SyntaxError(at_, "a text without its closing quote");
    std::string value;
    for (size_t at = at_ + 1; at + 1 < end; ++at) {
      if (text_[at] == '\\' && (text_[at + 1] == '\'' || text_[at + 1] == '\\')) ++at;
      value += text_[at];
    }
    Add(Kind::kLiteral, end - at_);
    tokens_.back().literal = Json(std::move(value));
    return {};
  }

  Status Literal() {
    const size_t end = FindClosing('`');
    if (end == text_.npos) return SyntaxError(at_, "a literal without its closing \"`\"");
    const std::string inner = ReplaceAll(Trim(text_.substr(at_ + 1, end - at_ - 2)), "\\`", "`");
    Result<Json> value = Json::Parse(inner);
    if (!value.ok()) {
      // What is no JSON is a text without its quotes.
      value = Json::Parse("\"" + inner + "\"");
    }
    if (!value.ok()) return SyntaxError(at_, "a literal that is no JSON");
    Add(Kind::kLiteral, end - at_);
    tokens_.back().literal = std::move(value).value();
    return {};
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

Status SyntaxError(size_t at, std::string_view message) {
  return InvalidArgument("query, column " + std::to_string(at + 1) + ": " + std::string(message));
}

Result<std::vector<Token>> Tokenize(std::string_view text) { return Lexer(text).Run(); }

}  // namespace lazurite::cli::jmespath
