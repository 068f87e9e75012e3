// MLflow's search language: clauses joined by AND, and order_by entries. Parsing and checking are
// pure functions; the sentences are those of MLflow's own server.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lazurite {

// Longest filter and most clauses that are taken.
inline constexpr size_t kFilterBytesMax = size_t{64} << 10;
inline constexpr size_t kFilterClausesMax = 200;

enum class FilterEntity : unsigned char { kAttribute, kMetric, kParam, kTag, kDataset };
enum class Comparator : unsigned char {
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kLike,
  kILike,
  kIn,
  kNotIn,
  kIsNull,
  kIsNotNull,
};

struct FilterClause {
  FilterEntity entity = FilterEntity::kAttribute;
  std::string key;  // attributes: the canonical name
  Comparator comparator = Comparator::kEqual;
  double number = 0;                // metrics and numeric attributes
  std::vector<std::string> values;  // texts: one, several for IN, none for IS NULL
};

struct OrderBy {
  FilterEntity entity = FilterEntity::kAttribute;
  std::string key;
  bool is_ascending = true;
};

// One attribute of what is searched.
struct FilterAttribute {
  std::string_view name;  // canonical
  bool is_numeric = false;
  bool is_listable = false;  // IN and NOT IN are allowed
  std::vector<std::string_view> aliases = {};
};

// What a kind of object can be searched by.
struct FilterSubject {
  std::vector<FilterAttribute> attributes;
  bool has_metrics = false;
  bool has_params = false;
  bool has_tags = true;
  bool has_datasets = false;
  std::vector<std::string_view> order_only = {};  // attributes that only order
};

// kInvalidArgument says which clause is wrong.
Result<std::vector<FilterClause>> ParseFilter(std::string_view text, const FilterSubject& subject);
Result<std::vector<OrderBy>> ParseOrderBy(const std::vector<std::string>& entries,
                                          const FilterSubject& subject);

// A value of an object under test: a number, a text, or absent.
struct FilterValue {
  std::optional<double> number;
  std::optional<std::string> text;
};
using FilterLookup = std::function<FilterValue(FilterEntity entity, std::string_view key)>;

// True if every clause holds. A clause on something absent is false, but IS NULL.
bool Matches(const std::vector<FilterClause>& clauses, const FilterLookup& lookup);
// Compares two objects by `order`: negative, 0 or positive. What is absent comes last, whatever the
// direction.
int CompareBy(const std::vector<OrderBy>& order, const FilterLookup& a, const FilterLookup& b);

// SQL's LIKE: '%' is any text, '_' any character.
bool IsLike(std::string_view text, std::string_view pattern, bool is_case_sensitive);

}  // namespace lazurite
