// A Pratt parser: each token binds with a power; what follows a projection binds to it until
// something weaker than kProjectionPower comes.
#include "app/cli/jmespath.h"
#include "app/cli/jmespath_tree.h"

namespace lazurite::cli::jmespath {
namespace {

using Kind = Token::Kind;

constexpr int kProjectionPower = 10;

int PowerOf(Kind kind) {
  switch (kind) {
    case Kind::kPipe:
      return 1;
    case Kind::kOr:
      return 2;
    case Kind::kAnd:
      return 3;
    case Kind::kCompare:
      return 5;
    case Kind::kFlatten:
      return 9;
    case Kind::kStar:
      return 20;
    case Kind::kFilter:
      return 21;
    case Kind::kDot:
      return 40;
    case Kind::kNot:
      return 45;
    case Kind::kLeftBrace:
      return 50;
    case Kind::kLeftBracket:
      return 55;
    case Kind::kLeftParen:
      return 60;
    default:
      return 0;
  }
}

NodePtr Make(Node::Kind kind, std::vector<NodePtr> children = {}, std::string text = "") {
  auto node = std::make_shared<Node>();
  node->kind = kind;
  node->children = std::move(children);
  node->text = std::move(text);
  return node;
}
NodePtr Current() { return Make(Node::Kind::kCurrent); }

class Parser {
 public:
  explicit Parser(const std::vector<Token>& tokens) : tokens_(tokens) {}

  Result<NodePtr> Run() {
    ASSIGN_OR_RETURN(NodePtr node, Expression(0));
    if (Now().kind != Kind::kEnd) return Unexpected(Now());
    return node;
  }

 private:
  const Token& Now() const { return tokens_[at_]; }
  const Token& Ahead(size_t by) const { return tokens_[std::min(at_ + by, tokens_.size() - 1)]; }
  const Token& Take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool Accept(Kind kind) {
    if (Now().kind != kind) return false;
    Take();
    return true;
  }
  static Status Unexpected(const Token& token) {
    if (token.kind == Kind::kEnd) return SyntaxError(token.at, "the query ends too early");
    return SyntaxError(token.at, "unexpected \"" + token.text + "\"");
  }
  Status Expect(Kind kind, std::string_view what) {
    if (Accept(kind)) return {};
    return SyntaxError(Now().at, "expected " + std::string(what));
  }

  Result<NodePtr> Expression(int power) {
    if (++depth_ > JmesPath::kDepthMax) return SyntaxError(Now().at, "nested too deeply");
    ASSIGN_OR_RETURN(NodePtr left, Prefix());
    while (power < PowerOf(Now().kind)) {
      ASSIGN_OR_RETURN(left, Infix(std::move(left)));
    }
    --depth_;
    return left;
  }

  Result<NodePtr> Prefix() {
    const Token& token = Take();
    switch (token.kind) {
      case Kind::kIdentifier:
        if (Now().kind == Kind::kLeftParen) return Function(token);
        return Make(Node::Kind::kField, {}, token.text);
      case Kind::kQuoted:
        if (Now().kind == Kind::kLeftParen) {
          return SyntaxError(token.at, "a function's name has no quotes");
        }
        return Make(Node::Kind::kField, {}, token.text);
      case Kind::kLiteral: {
        auto node = std::make_shared<Node>();
        node->kind = Node::Kind::kLiteral;
        node->literal = token.literal;
        return NodePtr(std::move(node));
      }
      case Kind::kCurrent:
        return Current();
      case Kind::kStar:
        return Values(Current());
      case Kind::kFlatten:
        return Flatten(Current());
      case Kind::kFilter:
        return Filter(Current());
      case Kind::kLeftBrace:
        return Hash();
      case Kind::kLeftBracket:
        return Bracket(Current(), true);
      case Kind::kLeftParen: {
        ASSIGN_OR_RETURN(NodePtr inner, Expression(0));
        TRY(Expect(Kind::kRightParen, "\")\""));
        return inner;
      }
      case Kind::kNot: {
        ASSIGN_OR_RETURN(NodePtr inner, Expression(PowerOf(Kind::kNot)));
        return Make(Node::Kind::kNot, {std::move(inner)});
      }
      default:
        return Unexpected(token);
    }
  }

  Result<NodePtr> Infix(NodePtr left) {
    const Token& token = Take();
    switch (token.kind) {
      case Kind::kPipe:
        return Binary(Node::Kind::kPipe, std::move(left), token);
      case Kind::kOr:
        return Binary(Node::Kind::kOr, std::move(left), token);
      case Kind::kAnd:
        return Binary(Node::Kind::kAnd, std::move(left), token);
      case Kind::kCompare:
        return Binary(Node::Kind::kCompare, std::move(left), token);
      case Kind::kFlatten:
        return Flatten(std::move(left));
      case Kind::kFilter:
        return Filter(std::move(left));
      case Kind::kLeftBracket:
        return Bracket(std::move(left), false);
      case Kind::kDot: {
        if (Accept(Kind::kStar)) return Values(std::move(left));
        ASSIGN_OR_RETURN(NodePtr right, DotRight(PowerOf(Kind::kDot)));
        return Make(Node::Kind::kSubexpression, {std::move(left), std::move(right)});
      }
      default:
        return Unexpected(token);
    }
  }

  Result<NodePtr> Binary(Node::Kind kind, NodePtr left, const Token& token) {
    ASSIGN_OR_RETURN(NodePtr right, Expression(PowerOf(token.kind)));
    return Make(kind, {std::move(left), std::move(right)}, token.text);
  }

  // What may stand behind a dot.
  Result<NodePtr> DotRight(int power) {
    switch (Now().kind) {
      case Kind::kIdentifier:
      case Kind::kQuoted:
      case Kind::kStar:
        return Expression(power);
      case Kind::kLeftBracket:
        Take();
        return List();
      case Kind::kLeftBrace:
        Take();
        return Hash();
      default:
        return Unexpected(Now());
    }
  }

  // What each item of a projection goes through.
  Result<NodePtr> ProjectionRight(int power) {
    if (PowerOf(Now().kind) < kProjectionPower) return Current();
    if (Now().kind == Kind::kLeftBracket || Now().kind == Kind::kFilter) return Expression(power);
    if (Accept(Kind::kDot)) return DotRight(power);
    return Unexpected(Now());
  }

  Result<NodePtr> Values(NodePtr left) {
    ASSIGN_OR_RETURN(NodePtr right, ProjectionRight(PowerOf(Kind::kStar)));
    return Make(Node::Kind::kValues, {std::move(left), std::move(right)});
  }

  Result<NodePtr> Flatten(NodePtr left) {
    ASSIGN_OR_RETURN(NodePtr right, ProjectionRight(PowerOf(Kind::kFlatten)));
    NodePtr flat = Make(Node::Kind::kFlatten, {std::move(left)});
    return Make(Node::Kind::kProjection, {std::move(flat), std::move(right)});
  }

  Result<NodePtr> Filter(NodePtr left) {
    ASSIGN_OR_RETURN(NodePtr condition, Expression(0));
    TRY(Expect(Kind::kRightBracket, "\"]\" behind the condition"));
    NodePtr right = Current();
    if (Now().kind != Kind::kFlatten) {
      ASSIGN_OR_RETURN(right, ProjectionRight(PowerOf(Kind::kFilter)));
    }
    return Make(Node::Kind::kFilter, {std::move(left), std::move(right), std::move(condition)});
  }

  // Behind "[": an index, a slice, a star, or (where a value may begin) a list.
  Result<NodePtr> Bracket(NodePtr left, bool may_be_list) {
    if (Now().kind == Kind::kNumber || Now().kind == Kind::kColon)
      return IndexOrSlice(std::move(left));
    if (Now().kind == Kind::kStar && Ahead(1).kind == Kind::kRightBracket) {
      Take();
      Take();
      ASSIGN_OR_RETURN(NodePtr right, ProjectionRight(PowerOf(Kind::kStar)));
      return Make(Node::Kind::kProjection, {std::move(left), std::move(right)});
    }
    if (may_be_list) return List();
    return Unexpected(Now());
  }

  Result<NodePtr> IndexOrSlice(NodePtr left) {
    auto node = std::make_shared<Node>();
    std::array<std::optional<int64_t>, 3> parts;
    size_t part = 0;
    while (Now().kind != Kind::kRightBracket) {
      const Token& token = Take();
      if (token.kind == Kind::kColon && part < 2) {
        ++part;
      } else if (token.kind == Kind::kNumber && !parts.at(part)) {
        parts.at(part) = token.number;
      } else {
        return Unexpected(token);
      }
    }
    const size_t end = Take().at;
    if (part == 0) {
      node->kind = Node::Kind::kIndex;
      node->number = parts[0].value_or(0);
      return Make(Node::Kind::kSubexpression, {std::move(left), NodePtr(std::move(node))});
    }
    if (parts[2] == 0) return SyntaxError(end, "the step of a slice is 0");
    node->kind = Node::Kind::kSlice;
    node->slice = {parts[0], parts[1], parts[2]};
    NodePtr sliced = Make(Node::Kind::kSubexpression, {std::move(left), NodePtr(std::move(node))});
    ASSIGN_OR_RETURN(NodePtr right, ProjectionRight(PowerOf(Kind::kStar)));
    return Make(Node::Kind::kProjection, {std::move(sliced), std::move(right)});
  }

  Result<NodePtr> List() {
    std::vector<NodePtr> items;
    do {
      ASSIGN_OR_RETURN(NodePtr item, Expression(0));
      items.push_back(std::move(item));
    } while (Accept(Kind::kComma));
    TRY(Expect(Kind::kRightBracket, "\"]\""));
    return Make(Node::Kind::kList, std::move(items));
  }

  Result<NodePtr> Hash() {
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::kHash;
    do {
      const Token& key = Take();
      if (key.kind != Kind::kIdentifier && key.kind != Kind::kQuoted) return Unexpected(key);
      node->keys.push_back(key.text);
      TRY(Expect(Kind::kColon, "\":\" behind the name"));
      ASSIGN_OR_RETURN(NodePtr item, Expression(0));
      node->children.push_back(std::move(item));
    } while (Accept(Kind::kComma));
    TRY(Expect(Kind::kRightBrace, "\"}\""));
    return NodePtr(std::move(node));
  }

  Result<NodePtr> Function(const Token& name) {
    if (!IsFunction(name.text)) {
      std::string text = "there is no function " + name.text;
      const std::string_view nearest = NearestFunction(name.text);
      if (!nearest.empty()) text += ", did you mean " + std::string(nearest) + "?";
      return SyntaxError(name.at, text);
    }
    Take();
    std::vector<NodePtr> items;
    if (Accept(Kind::kRightParen)) return Make(Node::Kind::kFunction, {}, name.text);
    do {
      const bool is_reference = Accept(Kind::kReference);
      ASSIGN_OR_RETURN(NodePtr item, Expression(0));
      if (is_reference) item = Make(Node::Kind::kReference, {std::move(item)});
      items.push_back(std::move(item));
    } while (Accept(Kind::kComma));
    TRY(Expect(Kind::kRightParen, "\")\""));
    return Make(Node::Kind::kFunction, std::move(items), name.text);
  }

  const std::vector<Token>& tokens_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<NodePtr> ParseTokens(const std::vector<Token>& tokens) { return Parser(tokens).Run(); }

}  // namespace lazurite::cli::jmespath
