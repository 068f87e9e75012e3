#include "spec/expression.h"

#include <optional>

#include "base/text.h"

namespace lazurite::spec {
namespace {

// An error lists no more names than one can read.
constexpr size_t kNamesShownMax = 20;
constexpr std::string_view kOpen = "${{";
constexpr std::string_view kClose = "}}";
constexpr std::string_view kOpenOptional = "$[[";
constexpr std::string_view kCloseOptional = "]]";

// One part of a text: what lies between the brackets of "$[[ … ]]", or outside of them.
struct Part {
  size_t begin = 0;
  size_t end = 0;
  bool is_optional = false;
};

// Walks over the text and finds its parts and expressions in order.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {
    while (at_ < text_.size() && result_.error.empty()) Step();
    if (result_.error.empty() && is_optional_) {
      Fail(part_begin_ - kOpenOptional.size(), "\"$[[\" is never closed by \"]]\"");
    }
    EndPart(text_.size(), 0);
  }

  const Expressions& result() const { return result_; }
  const std::vector<Part>& parts() const { return parts_; }

 private:
  bool Here(std::string_view mark) const { return text_.substr(at_).starts_with(mark); }

  void Step() {
    if (Here(kOpen)) {
      TakeExpression();
    } else if (Here(kOpenOptional)) {
      OpenSegment();
    } else if (is_optional_ && Here(kCloseOptional)) {
      EndPart(at_, kCloseOptional.size());
      is_optional_ = false;
    } else {
      ++at_;
    }
  }

  void OpenSegment() {
    if (is_optional_) return Fail(at_, "\"$[[\" inside another \"$[[\"");
    EndPart(at_, kOpenOptional.size());
    is_optional_ = true;
  }

  void EndPart(size_t end, size_t bracket) {
    parts_.push_back({part_begin_, end, is_optional_});
    at_ = part_begin_ = end + bracket;
  }

  void TakeExpression() {
    const size_t body = at_ + kOpen.size();
    const size_t end = text_.find(kClose, body);
    if (end == std::string_view::npos ||
        text_.substr(body, end - body).find(kOpen) != std::string_view::npos) {
      return Fail(at_, "\"${{\" is never closed by \"}}\"");
    }
    const std::string_view inner = Trim(text_.substr(body, end - body));
    const size_t dot = inner.find('.');
    Expression expression;
    expression.offset = at_;
    expression.length = end + kClose.size() - at_;
    expression.context = inner.substr(0, dot);
    if (dot != std::string_view::npos) expression.name = inner.substr(dot + 1);
    expression.is_optional = is_optional_;
    at_ = end + kClose.size();
    result_.found.push_back(std::move(expression));
  }

  void Fail(size_t offset, std::string message) {
    result_.error = std::move(message);
    result_.error_offset = offset;
  }

  std::string_view text_;
  size_t at_ = 0;
  bool is_optional_ = false;
  size_t part_begin_ = 0;
  std::vector<Part> parts_;
  Expressions result_;
};

constexpr std::string_view kSecretsContext = "secrets.";

// One "${{secrets.NAME}}" of a text.
struct SecretPart {
  size_t begin = 0, end = 0;
  std::string_view name;
};

std::vector<SecretPart> FindSecrets(std::string_view text) {
  std::vector<SecretPart> found;
  size_t open = text.find(kOpen);
  while (open != std::string_view::npos) {
    const size_t body = open + kOpen.size();
    const size_t close = text.find(kClose, body);
    if (close == std::string_view::npos) break;
    const std::string_view inner = Trim(text.substr(body, close - body));
    const bool is_secret = inner.starts_with(kSecretsContext);
    if (is_secret) {
      found.push_back({open, close + kClose.size(), inner.substr(kSecretsContext.size())});
    }
    open = text.find(kOpen, is_secret ? close + kClose.size() : body);
  }
  return found;
}

// What the three contexts of a command hold.
struct Contexts {
  const ExpressionValues& inputs;
  const ExpressionValues& outputs;
  const ExpressionValues& search_space;

  const ExpressionValues* Find(std::string_view context) const {
    if (context == "inputs") return &inputs;
    if (context == "outputs") return &outputs;
    if (context == "search_space") return &search_space;
    return nullptr;
  }
};

Status Unknown(std::string_view command, const Expression& expression, const Contexts& contexts) {
  const std::string text = "\"" +
                           std::string(command.substr(expression.offset, expression.length)) +
                           "\" in the command ";
  const ExpressionValues* values = contexts.Find(expression.context);
  if (expression.context == "secrets") {
    return InvalidArgument(text +
                           "would be seen by everybody who lists processes; hand the secret over "
                           "in environment_variables");
  }
  if (values == nullptr) {
    return InvalidArgument(text +
                           "means nothing here; expected ${{inputs.NAME}} or ${{outputs.NAME}}");
  }
  std::vector<std::string_view> names;
  for (const auto& [name, value] : *values) {
    if (names.size() < kNamesShownMax) names.push_back(name);
  }
  std::string known = names.empty() ? "; there are none" : "; known: " + ListOr(names);
  return InvalidArgument(text + "names none of the job's " + expression.context + known);
}

const std::string* ValueOf(const Expression& expression, const Contexts& contexts) {
  const ExpressionValues* values = contexts.Find(expression.context);
  if (values == nullptr) return nullptr;
  const auto found = values->find(expression.name);
  return found == values->end() ? nullptr : &found->second;
}

// Nothing if the part vanishes.
Result<std::optional<std::string>> ExpandPart(std::string_view command, const Part& part,
                                              const std::vector<Expression>& found,
                                              const Contexts& contexts) {
  std::string out;
  size_t at = part.begin;
  for (const Expression& expression : found) {
    if (expression.offset < part.begin || expression.offset >= part.end) continue;
    out += command.substr(at, expression.offset - at);
    at = expression.offset + expression.length;
    if (const std::string* value = ValueOf(expression, contexts)) {
      out += *value;
    } else if (part.is_optional && expression.context == "inputs") {
      return std::optional<std::string>();
    } else {
      return Unknown(command, expression, contexts);
    }
  }
  out += command.substr(at, part.end - at);
  return std::optional<std::string>(std::move(out));
}

}  // namespace

Expressions FindExpressions(std::string_view text) { return Scanner(text).result(); }

std::vector<std::string> SecretsIn(std::string_view text) {
  std::vector<std::string> names;
  for (const SecretPart& part : FindSecrets(text)) names.emplace_back(part.name);
  return names;
}

std::string ExpandSecrets(std::string_view text, const ExpressionValues& values) {
  std::string out;
  size_t at = 0;
  for (const SecretPart& part : FindSecrets(text)) {
    out += text.substr(at, part.begin - at);
    out += values.at(std::string(part.name));
    at = part.end;
  }
  out += text.substr(at);
  return out;
}

Result<std::string> ExpandCommand(std::string_view command, const ExpressionValues& inputs,
                                  const ExpressionValues& outputs,
                                  const ExpressionValues& search_space) {
  const Scanner scanner(command);
  const Expressions& expressions = scanner.result();
  if (!expressions.error.empty()) {
    return InvalidArgument(expressions.error + " in the command, at byte " +
                           std::to_string(expressions.error_offset));
  }
  const Contexts contexts{inputs, outputs, search_space};
  std::string out;
  for (const Part& part : scanner.parts()) {
    ASSIGN_OR_RETURN(const auto text, ExpandPart(command, part, expressions.found, contexts));
    if (text.has_value()) out += *text;
  }
  return out;
}

}  // namespace lazurite::spec
