#include "domain/run/filter_lexer.h"

namespace lazurite::filter_detail {
namespace {

bool IsSign(char c) { return std::string_view("=!<>~").find(c) != std::string_view::npos; }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsQuote(char c) { return c == '\'' || c == '"' || c == '`'; }
bool EndsWord(char c) {
  return IsBlank(c) || IsSign(c) || IsQuote(c) || c == '(' || c == ')' || c == ',';
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> All() {
    std::vector<Token> tokens;
    while (true) {
      ASSIGN_OR_RETURN(Token token, Next());
      const bool is_end = token.kind == Kind::kEnd;
      tokens.push_back(std::move(token));
      if (is_end) return tokens;
    }
  }

 private:
  Result<Token> Next() {
    while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
    const size_t start = at_;
    if (at_ == text_.size()) return Token{};
    const char c = text_[at_];
    Token token;
    if (c == '(' || c == ')' || c == ',') {
      ++at_;
      token.kind = c == '(' ? Kind::kOpen : c == ')' ? Kind::kClose : Kind::kComma;
    } else if (IsSign(c)) {
      while (at_ < text_.size() && IsSign(text_[at_])) ++at_;
      token.kind = Kind::kSign;
    } else if (IsQuote(c)) {
      TRY(Quoted(token));
    } else {
      TRY(Word(token));
    }
    token.source = std::string(text_.substr(start, at_ - start));
    if (token.kind != Kind::kQuoted && token.kind != Kind::kName) token.text = token.source;
    return token;
  }

  // A quoted text; with a backtick, or followed by '.', it is (the start of) a name.
  Status Quoted(Token& token) {
    const char quote = text_[at_];
    TRY(Unquote(token.text));
    token.kind = quote == '`' ? Kind::kName : Kind::kQuoted;
    if (quote == '\'' || at_ == text_.size() || text_[at_] != '.') return {};
    token.kind = Kind::kName;
    return Rest(token.text);
  }

  // A bare word: "metrics.loss", "metrics.`val acc`", "0.5", "LIKE".
  Status Word(Token& token) {
    const size_t start = at_;
    while (at_ < text_.size() && !EndsWord(text_[at_])) ++at_;
    token.text = std::string(text_.substr(start, at_ - start));
    token.kind = Kind::kWord;
    if (!token.text.ends_with('.') || at_ == text_.size() || !IsQuote(text_[at_])) return {};
    token.kind = Kind::kName;
    return Unquote(token.text);
  }

  // What follows a quoted entity: ".key" in either form.
  Status Rest(std::string& name) {
    name += text_[at_++];
    if (at_ < text_.size() && IsQuote(text_[at_])) return Unquote(name);
    while (at_ < text_.size() && !EndsWord(text_[at_])) name += text_[at_++];
    return {};
  }

  // Appends a quoted text; a doubled quote stands for one.
  Status Unquote(std::string& text) {
    const size_t start = at_;
    const char quote = text_[at_++];
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c != quote) {
        text += c;
      } else if (at_ < text_.size() && text_[at_] == quote) {
        text += text_[at_++];
      } else {
        return {};
      }
    }
    return InvalidArgument("Invalid clause(s) in filter string: '" +
                           std::string(text_.substr(start)) + "'");
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<Token>> Tokenize(std::string_view text) { return Lexer(text).All(); }

}  // namespace lazurite::filter_detail
