#include "domain/run/filter.h"

#include <cmath>

#include "base/text.h"
#include "domain/run/filter_lexer.h"

namespace lazurite {
namespace {

using filter_detail::Kind;
using filter_detail::Token;
using filter_detail::Tokenize;

bool IsWord(const Token& token, std::string_view word) {
  return token.kind == Kind::kWord && EqualNoCase(token.text, word);
}

Status BadClause(const Token& token) {
  return InvalidArgument("Invalid clause(s) in filter string: '" + token.source + "'");
}

struct Name {
  FilterEntity entity = FilterEntity::kAttribute;
  std::string key;
  const FilterAttribute* attribute = nullptr;  // of an attribute that can be filtered by
};

std::optional<FilterEntity> EntityOf(std::string_view word, const FilterSubject& subject) {
  const auto is_one_of = [word](std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  if (is_one_of({"attribute", "attributes", "attr", "run"})) return FilterEntity::kAttribute;
  if (subject.has_metrics && is_one_of({"metric", "metrics"})) return FilterEntity::kMetric;
  if (subject.has_params && is_one_of({"param", "params", "parameter", "parameters"})) {
    return FilterEntity::kParam;
  }
  if (subject.has_tags && is_one_of({"tag", "tags"})) return FilterEntity::kTag;
  if (subject.has_datasets && is_one_of({"dataset", "datasets"})) return FilterEntity::kDataset;
  return std::nullopt;
}

Status BadEntity(std::string_view word, const FilterSubject& subject) {
  std::vector<std::string> names;
  if (subject.has_metrics) names.emplace_back("'metric'");
  if (subject.has_params) names.emplace_back("'parameter'");
  if (subject.has_tags) names.emplace_back("'tag'");
  names.emplace_back("'attribute'");
  if (subject.has_datasets) names.emplace_back("'dataset'");
  return InvalidArgument("Invalid entity type '" + std::string(word) + "'. Valid values are [" +
                         Join(names, ", ") + "]");
}

Status BadAttribute(std::string_view key, const FilterSubject& subject) {
  std::vector<std::string> names;
  for (const FilterAttribute& attribute : subject.attributes) {
    names.push_back("'" + std::string(attribute.name) + "'");
  }
  return InvalidArgument("Invalid attribute key '" + std::string(key) +
                         "' specified. Valid keys are '{" + Join(names, ", ") + "}'");
}

const FilterAttribute* FindAttribute(std::string_view key, const FilterSubject& subject) {
  for (const FilterAttribute& attribute : subject.attributes) {
    if (attribute.name == key) return &attribute;
    const auto& aliases = attribute.aliases;
    if (std::find(aliases.begin(), aliases.end(), key) != aliases.end()) return &attribute;
  }
  return nullptr;
}

Result<Name> NameOf(const Token& token, const FilterSubject& subject) {
  if (token.kind != Kind::kWord && token.kind != Kind::kName && token.kind != Kind::kQuoted) {
    return BadClause(token);
  }
  Name name;
  const size_t dot = token.text.find('.');
  name.key = token.text;
  if (dot != std::string::npos) {
    const auto entity = EntityOf(std::string_view(token.text).substr(0, dot), subject);
    if (!entity) return BadEntity(std::string_view(token.text).substr(0, dot), subject);
    name.entity = *entity;
    name.key = token.text.substr(dot + 1);
  }
  if (name.key.empty()) return BadClause(token);
  if (name.entity == FilterEntity::kDataset && name.key != "name" && name.key != "digest" &&
      name.key != "context") {
    return InvalidArgument("Invalid dataset attribute key '" + name.key +
                           "' specified. Valid keys are '{'name', 'digest', 'context'}'");
  }
  if (name.entity != FilterEntity::kAttribute) return name;
  name.attribute = FindAttribute(name.key, subject);
  if (name.attribute != nullptr) name.key = std::string(name.attribute->name);
  return name;
}

bool IsNumeric(const Name& name) {
  if (name.entity == FilterEntity::kMetric) return true;
  return name.attribute != nullptr && name.attribute->is_numeric;
}

std::string_view EntityWord(FilterEntity entity) {
  switch (entity) {
    case FilterEntity::kMetric:
      return "metric";
    case FilterEntity::kParam:
      return "parameter";
    case FilterEntity::kTag:
      return "tag";
    case FilterEntity::kDataset:
      return "dataset";
    case FilterEntity::kAttribute:
      return "attribute";
  }
  return "attribute";
}

std::optional<Comparator> ComparatorOf(std::string_view sign) {
  if (sign == "=") return Comparator::kEqual;
  if (sign == "!=") return Comparator::kNotEqual;
  if (sign == "<") return Comparator::kLess;
  if (sign == "<=") return Comparator::kLessOrEqual;
  if (sign == ">") return Comparator::kGreater;
  if (sign == ">=") return Comparator::kGreaterOrEqual;
  return std::nullopt;
}

// One clause after another, from the tokens.
class FilterParser {
 public:
  FilterParser(std::vector<Token> tokens, const FilterSubject& subject)
      : tokens_(std::move(tokens)), subject_(subject) {}

  Result<std::vector<FilterClause>> All() {
    std::vector<FilterClause> clauses;
    if (Peek().kind == Kind::kEnd) return clauses;
    while (true) {
      if (clauses.size() == kFilterClausesMax) {
        return InvalidArgument("a filter can have at most " + std::to_string(kFilterClausesMax) +
                               " clauses");
      }
      ASSIGN_OR_RETURN(FilterClause clause, One());
      clauses.push_back(std::move(clause));
      if (Peek().kind == Kind::kEnd) return clauses;
      if (!IsWord(Peek(), "AND")) return BadClause(Peek());
      ++at_;
    }
  }

 private:
  const Token& Peek() const { return tokens_[at_]; }
  Token Take() { return at_ + 1 < tokens_.size() ? tokens_[at_++] : tokens_[at_]; }

  Result<FilterClause> One() {
    ASSIGN_OR_RETURN(const Name name, NameOf(Take(), subject_));
    if (name.entity == FilterEntity::kAttribute && name.attribute == nullptr) {
      return BadAttribute(name.key, subject_);
    }
    FilterClause clause;
    clause.entity = name.entity;
    clause.key = name.key;
    TRY(TakeComparator(name, clause));
    if (clause.comparator == Comparator::kIsNull || clause.comparator == Comparator::kIsNotNull) {
      return clause;
    }
    if (clause.comparator == Comparator::kIn || clause.comparator == Comparator::kNotIn) {
      TRY(TakeList(clause));
      return clause;
    }
    TRY(TakeValue(name, clause));
    return clause;
  }

  Status TakeComparator(const Name& name, FilterClause& clause) {
    const Token token = Take();
    if (token.kind == Kind::kEnd) {
      return InvalidArgument("Invalid clause(s) in filter string: '" + clause.key + "'");
    }
    if (token.kind == Kind::kSign) {
      const auto comparator = ComparatorOf(token.text);
      if (!comparator) return BadComparator(name, token);
      clause.comparator = *comparator;
    } else {
      TRY(TakeWords(token, clause));
    }
    return IsAllowed(name, clause.comparator) ? Status() : BadComparator(name, token);
  }

  Status TakeWords(const Token& token, FilterClause& clause) {
    if (IsWord(token, "LIKE")) {
      clause.comparator = Comparator::kLike;
    } else if (IsWord(token, "ILIKE")) {
      clause.comparator = Comparator::kILike;
    } else if (IsWord(token, "IN")) {
      clause.comparator = Comparator::kIn;
    } else if (IsWord(token, "NOT") && IsWord(Peek(), "IN")) {
      ++at_;
      clause.comparator = Comparator::kNotIn;
    } else if (IsWord(token, "IS")) {
      const bool is_not = IsWord(Peek(), "NOT");
      if (is_not) ++at_;
      if (!IsWord(Peek(), "NULL")) return BadClause(Peek());
      ++at_;
      clause.comparator = is_not ? Comparator::kIsNotNull : Comparator::kIsNull;
    } else {
      return BadClause(token);
    }
    return {};
  }

  bool IsAllowed(const Name& name, Comparator comparator) const {
    const bool is_equality =
        comparator == Comparator::kEqual || comparator == Comparator::kNotEqual;
    const bool is_like = comparator == Comparator::kLike || comparator == Comparator::kILike;
    const bool is_list = comparator == Comparator::kIn || comparator == Comparator::kNotIn;
    const bool is_null = comparator == Comparator::kIsNull || comparator == Comparator::kIsNotNull;
    if (IsNumeric(name)) return !is_like && !is_list && !is_null;
    if (name.entity == FilterEntity::kDataset) return is_equality || is_like || is_list;
    if (name.entity == FilterEntity::kAttribute) {
      return is_equality || is_like || (is_list && name.attribute->is_listable);
    }
    return is_equality || is_like || is_null;
  }

  Status BadComparator(const Name& name, const Token& token) const {
    const std::string_view numeric = "{'!=', '<=', '<', '=', '>', '>='}";
    const std::string_view text = "{'!=', '=', 'LIKE', 'ILIKE'}";
    return InvalidArgument("Invalid comparator '" + token.source + "' not one of '" +
                           std::string(IsNumeric(name) ? numeric : text) + "'");
  }

  Status TakeList(FilterClause& clause) {
    if (Take().kind != Kind::kOpen) return BadClause(Peek());
    while (true) {
      const Token token = Take();
      if (token.kind != Kind::kQuoted) {
        return InvalidArgument(
            "While parsing a list in the query, expected string value, "
            "punctuation, or whitespace, but got different type in list: (" +
            token.source + ")");
      }
      clause.values.push_back(token.text);
      const Token next = Take();
      if (next.kind == Kind::kClose) return {};
      if (next.kind != Kind::kComma) return BadClause(next);
    }
  }

  Status TakeValue(const Name& name, FilterClause& clause) {
    const Token token = Take();
    if (token.kind == Kind::kEnd) {
      return InvalidArgument("Invalid clause(s) in filter string: '" + clause.key + "'");
    }
    if (IsNumeric(name)) {
      const auto number =
          token.kind == Kind::kWord ? ParseDouble(token.text) : std::optional<double>();
      if (!number) {
        return InvalidArgument("Expected numeric value type for " +
                               std::string(name.entity == FilterEntity::kMetric
                                               ? "metric"
                                               : "numeric attribute: " + name.key) +
                               ". Found " + token.source);
      }
      clause.number = *number;
      return {};
    }
    if (token.kind != Kind::kQuoted) {
      return InvalidArgument("Expected a quoted string value for " +
                             std::string(EntityWord(name.entity)) +
                             " (e.g. 'my-value'). Got value " + token.source);
    }
    clause.values.push_back(token.text);
    return {};
  }

  std::vector<Token> tokens_;
  const FilterSubject& subject_;
  size_t at_ = 0;
};

Result<OrderBy> ParseOrderEntry(const std::string& entry, const FilterSubject& subject) {
  ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(entry));
  tokens.pop_back();
  OrderBy order;
  const auto bad = [&entry] {
    return InvalidArgument("Invalid order_by clause '" + entry + "'. Could not be parsed.");
  };
  if (tokens.empty()) return bad();
  if (tokens.size() > 1 && (IsWord(tokens.back(), "ASC") || IsWord(tokens.back(), "DESC"))) {
    order.is_ascending = IsWord(tokens.back(), "ASC");
    tokens.pop_back();
  }
  // The attribute "Run name" is taken without quotes, too.
  Token whole = tokens[0];
  for (size_t i = 1; i < tokens.size(); ++i) {
    if (tokens[i].kind != Kind::kWord || whole.text.find('.') != std::string::npos) return bad();
    whole.text += " " + tokens[i].text;
  }
  ASSIGN_OR_RETURN(const Name name, NameOf(whole, subject));
  order.entity = name.entity;
  order.key = name.key;
  if (name.entity == FilterEntity::kDataset) return bad();
  if (name.entity != FilterEntity::kAttribute || name.attribute != nullptr) return order;
  const auto& only = subject.order_only;
  if (std::find(only.begin(), only.end(), name.key) != only.end()) return order;
  return InvalidArgument("Invalid order_by key '" + name.key + "' specified. " +
                         BadAttribute(name.key, subject).text());
}

bool MatchesText(const FilterClause& clause, const std::string& text) {
  const auto& values = clause.values;
  switch (clause.comparator) {
    case Comparator::kEqual:
      return text == values[0];
    case Comparator::kNotEqual:
      return text != values[0];
    case Comparator::kLike:
      return IsLike(text, values[0], true);
    case Comparator::kILike:
      return IsLike(text, values[0], false);
    case Comparator::kIn:
      return std::find(values.begin(), values.end(), text) != values.end();
    case Comparator::kNotIn:
      return std::find(values.begin(), values.end(), text) == values.end();
    default:
      return clause.comparator == Comparator::kIsNotNull;
  }
}

bool MatchesNumber(const FilterClause& clause, double number) {
  switch (clause.comparator) {
    case Comparator::kEqual:
      return number == clause.number;
    case Comparator::kNotEqual:
      return number != clause.number;
    case Comparator::kLess:
      return number < clause.number;
    case Comparator::kLessOrEqual:
      return number <= clause.number;
    case Comparator::kGreater:
      return number > clause.number;
    case Comparator::kGreaterOrEqual:
      return number >= clause.number;
    default:
      return false;
  }
}

// 0 a number, 1 NaN, 2 a text, 3 absent: later ones come last.
int Rank(const FilterValue& value) {
  if (value.number) return std::isnan(*value.number) ? 1 : 0;
  return value.text ? 2 : 3;
}

int Sign(bool is_less, bool is_greater) { return is_less ? -1 : is_greater ? 1 : 0; }

}  // namespace

Result<std::vector<FilterClause>> ParseFilter(std::string_view text, const FilterSubject& subject) {
  if (text.size() > kFilterBytesMax) {
    return InvalidArgument("a filter can have at most " + std::to_string(kFilterBytesMax) +
                           " bytes");
  }
  ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(text));
  return FilterParser(std::move(tokens), subject).All();
}

Result<std::vector<OrderBy>> ParseOrderBy(const std::vector<std::string>& entries,
                                          const FilterSubject& subject) {
  std::vector<OrderBy> order;
  for (const std::string& entry : entries) {
    ASSIGN_OR_RETURN(OrderBy one, ParseOrderEntry(entry, subject));
    for (const OrderBy& other : order) {
      if (other.entity == one.entity && other.key == one.key) {
        return InvalidArgument("`order_by` contains duplicate fields: ['" + entry + "']");
      }
    }
    order.push_back(std::move(one));
  }
  return order;
}

bool Matches(const std::vector<FilterClause>& clauses, const FilterLookup& lookup) {
  for (const FilterClause& clause : clauses) {
    const FilterValue value = lookup(clause.entity, clause.key);
    if (!value.number && !value.text) {
      if (clause.comparator != Comparator::kIsNull) return false;
    } else if (value.number ? !MatchesNumber(clause, *value.number)
                            : !MatchesText(clause, *value.text)) {
      return false;
    }
  }
  return true;
}

int CompareBy(const std::vector<OrderBy>& order, const FilterLookup& a, const FilterLookup& b) {
  for (const OrderBy& by : order) {
    const FilterValue left = a(by.entity, by.key);
    const FilterValue right = b(by.entity, by.key);
    const int rank = Rank(left) - Rank(right);
    if (rank != 0) return rank;
    int compared = 0;
    if (left.number) {
      compared = Sign(*left.number<*right.number, *left.number> * right.number);
    } else if (left.text) {
      compared = Sign(*left.text<*right.text, *left.text> * right.text);
    }
    if (compared != 0) return by.is_ascending ? compared : -compared;
  }
  return 0;
}

bool IsLike(std::string_view text, std::string_view pattern, bool is_case_sensitive) {
  if (!is_case_sensitive) return IsLike(Lower(text), Lower(pattern), true);
  size_t at = 0;
  size_t in_pattern = 0;
  size_t star = std::string_view::npos;
  size_t star_at = 0;
  while (at < text.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '%') {
      star = in_pattern++;
      star_at = at;
    } else if (in_pattern < pattern.size() &&
               (pattern[in_pattern] == '_' || pattern[in_pattern] == text[at])) {
      ++in_pattern;
      ++at;
    } else if (star != std::string_view::npos) {
      in_pattern = star + 1;
      at = ++star_at;
    } else {
      return false;
    }
  }
  while (in_pattern < pattern.size() && pattern[in_pattern] == '%') ++in_pattern;
  return in_pattern == pattern.size();
}

}  // namespace lazurite
