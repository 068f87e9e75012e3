#include "domain/run/filter.h"

#include <gtest/gtest.h>

#include "domain/run/run_search.h"

namespace lazurite {
namespace {

Result<std::vector<FilterClause>> Parse(std::string_view text) {
  return ParseFilter(text, RunSubject());
}

FilterClause One(std::string_view text) {
  const auto clauses = Parse(text);
  EXPECT_TRUE(clauses.ok()) << text << ": " << clauses.status().text();
  if (!clauses.ok() || clauses->size() != 1) return {};
  return clauses.value()[0];
}

TEST(Filter, ReadsEachKindOfName) {
  struct Row {
    std::string_view text;
    FilterEntity entity;
    std::string_view key;
  };
  const Row rows[] = {
      {"metrics.loss < 1", FilterEntity::kMetric, "loss"},
      {"metric.`val acc` < 1", FilterEntity::kMetric, "val acc"},
      {"metrics.\"val acc\"<1", FilterEntity::kMetric, "val acc"},
      {"params.`a.b-c d` = 'x'", FilterEntity::kParam, "a.b-c d"},
      {"parameters.lr = \"0.1\"", FilterEntity::kParam, "lr"},
      {"tags.mlflow.user = 'bob'", FilterEntity::kTag, "mlflow.user"},
      {"`tags`.`mlflow.user` = 'bob'", FilterEntity::kTag, "mlflow.user"},
      {"run_name LIKE 'a%'", FilterEntity::kAttribute, "run_name"},
      {"`Run name` = 'a'", FilterEntity::kAttribute, "run_name"},
      {"attributes.status != 'FAILED'", FilterEntity::kAttribute, "status"},
      {"created > 5", FilterEntity::kAttribute, "start_time"},
      {"datasets.context = 'train'", FilterEntity::kDataset, "context"},
  };
  for (const Row& row : rows) {
    const FilterClause clause = One(row.text);
    EXPECT_EQ(clause.entity, row.entity) << row.text;
    EXPECT_EQ(clause.key, row.key) << row.text;
  }
}

TEST(Filter, ReadsEachComparator) {
  EXPECT_EQ(One("metrics.a>=-1.5e3").number, -1500);
  EXPECT_EQ(One("metrics.a>=-1.5e3").comparator, Comparator::kGreaterOrEqual);
  EXPECT_EQ(One("params.a ilike 'X'").comparator, Comparator::kILike);
  EXPECT_EQ(One("run_id IN ('a', 'b')").values, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(One("run_id NOT IN ('a')").comparator, Comparator::kNotIn);
  EXPECT_EQ(One("tags.a IS NULL").comparator, Comparator::kIsNull);
  EXPECT_EQ(One("params.a is not null").comparator, Comparator::kIsNotNull);
  EXPECT_EQ(One("params.a = 'it''s'").values[0], "it's");
  EXPECT_EQ(Parse("metrics.a = 1 AND params.b = 'AND' and tags.c != ''")->size(), 3u);
  EXPECT_TRUE(Parse("  ")->empty());
}

TEST(Filter, SaysWhatIsWrongInMlflowsWords) {
  struct Row {
    std::string_view text;
    std::string_view sentence;
  };
  const Row rows[] = {
      {"metrics.loss ~ 1", "Invalid comparator '~' not one of '{'!=', '<=', '<', '=', '>', '>='}"},
      {"params.x = 5",
       "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 5"},
      {"metrics.loss > 'a'", "Expected numeric value type for metric. Found 'a'"},
      {"nosuch.key = 'x'",
       "Invalid entity type 'nosuch'. Valid values are ['metric', 'parameter', "
       "'tag', 'attribute', 'dataset']"},
      {"metrics.a = 1 OR metrics.b = 2", "Invalid clause(s) in filter string: 'OR'"},
      {"attributes.foo = 'x'", "Invalid attribute key 'foo' specified."},
      {"params.a IN ('x')", "Invalid comparator 'IN'"},
      {"status > 'x'", "Invalid comparator '>'"},
      {"params.a = 'x", "Invalid clause(s) in filter string: ''x'"},
      {"metrics.a =", "Invalid clause(s) in filter string"},
      {"metrics.a = 1 AND", "Invalid clause(s) in filter string"},
      {"(metrics.a = 1)", "Invalid clause(s) in filter string: '('"},
      {"metrics.", "Invalid clause(s) in filter string: 'metrics.'"},
      {"datasets.size = 'x'", "Invalid dataset attribute key 'size'"},
      {"run_id IN (a)", "While parsing a list in the query"},
  };
  for (const Row& row : rows) {
    const auto clauses = Parse(row.text);
    ASSERT_FALSE(clauses.ok()) << row.text;
    EXPECT_EQ(clauses.status().code(), Code::kInvalidArgument);
    EXPECT_NE(clauses.status().text().find(row.sentence), std::string::npos)
        << row.text << ": " << clauses.status().text();
  }
}

TEST(Filter, NeverCrashesOnPiecesOfGoodFilters) {
  const std::string good =
      "metrics.`val acc` >= 0.5 AND params.\"x y\" LIKE 'a%' AND run_id NOT IN ('a', 'b') AND "
      "tags.t IS NOT NULL";
  for (size_t i = 0; i < good.size(); ++i) {
    for (size_t length = 0; i + length <= good.size(); length += 3) {
      (void)Parse(std::string_view(good).substr(i, length)).ok();
    }
  }
}

TEST(Filter, RefusesMoreClausesThanItsLimit) {
  std::string text = "metrics.a = 1";
  for (size_t i = 0; i < kFilterClausesMax; ++i) text += " AND metrics.a = 1";
  EXPECT_FALSE(Parse(text).ok());
}

TEST(OrderBy, ReadsNamesAndDirections) {
  const auto order =
      ParseOrderBy({"metrics.loss DESC", "params.`a b`", "start_time asc"}, RunSubject());
  ASSERT_TRUE(order.ok()) << order.status().text();
  EXPECT_EQ(order.value()[0].key, "loss");
  EXPECT_FALSE(order.value()[0].is_ascending);
  EXPECT_EQ(order.value()[1].key, "a b");
  EXPECT_TRUE(order.value()[2].is_ascending);
}

TEST(OrderBy, RefusesWhatItCannotOrderBy) {
  for (const char* entry : {"", "nosuch", "metrics.a UP", "datasets.name"}) {
    EXPECT_FALSE(ParseOrderBy({entry}, RunSubject()).ok()) << entry;
  }
  EXPECT_FALSE(ParseOrderBy({"metrics.a", "metrics.a DESC"}, RunSubject()).ok());
}

TEST(Like, MatchesAsSqlDoes) {
  EXPECT_TRUE(IsLike("ResNet5", "ResNet_", true));
  EXPECT_TRUE(IsLike("ResNet50", "%Net%", true));
  EXPECT_FALSE(IsLike("ResNet5", "resnet%", true));
  EXPECT_TRUE(IsLike("ResNet5", "resnet%", false));
  EXPECT_TRUE(IsLike("", "%", true));
  EXPECT_FALSE(IsLike("a", "", true));
  EXPECT_TRUE(IsLike("aXbXc", "a%b%c", true));
  EXPECT_FALSE(IsLike("aXbX", "a%b%c", true));
}

TEST(Matches, TreatsWhatIsAbsentAsNoMatch) {
  const FilterLookup none = [](FilterEntity, std::string_view) { return FilterValue{}; };
  EXPECT_FALSE(Matches(Parse("params.a != 'x'").value(), none));
  EXPECT_TRUE(Matches(Parse("params.a IS NULL").value(), none));
  EXPECT_FALSE(Matches(Parse("params.a IS NOT NULL").value(), none));
}

}  // namespace
}  // namespace lazurite
