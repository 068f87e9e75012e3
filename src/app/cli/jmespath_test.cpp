#include "app/cli/jmespath.h"

#include <gtest/gtest.h>

namespace lazurite::cli {
namespace {

constexpr std::string_view kDocument = R"({
  "name": "a", "n": 3, "empty": [], "none": null, "yes": true, "t": "über",
  "services": {"Studio": {"endpoint": "http://x"}, "odd.name": 1},
  "list": [0, 1, 2, 3, 4],
  "nested": [[1, 2], [3], 4],
  "jobs": [
    {"name": "x", "status": "Completed", "score": 0.9, "tags": {"k": "1"}},
    {"name": "y", "status": "Failed", "score": 0.1, "tags": {}},
    {"name": "z", "status": "Completed", "score": 0.5}
  ]
})";

std::string Ask(std::string_view query) {
  const Result<JmesPath> parsed = JmesPath::Parse(query);
  if (!parsed.ok()) return parsed.status().text();
  const Result<Json> found = parsed->Search(*Json::Parse(kDocument));
  return found.ok() ? found->Dump() : found.status().text();
}

struct Case {
  std::string_view query;
  std::string_view answer;
};

void Check(std::initializer_list<Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(Ask(c.query), c.answer) << c.query;
}

TEST(JmesPath, FindsFieldsAndIndexes) {
  Check({{"name", "\"a\""},
         {"missing", "null"},
         {"services.Studio.endpoint", "\"http://x\""},
         {"services.\"odd.name\"", "1"},
         {"name.deeper", "null"},
         {"jobs[0].name", "\"x\""},
         {"jobs[-1].name", "\"z\""},
         {"jobs[9]", "null"},
         {"name[0]", "null"},
         {"@.n", "3"}});
}

TEST(JmesPath, SlicesAsPythonDoes) {
  Check({{"list[1:3]", "[1,2]"},
         {"list[:2]", "[0,1]"},
         {"list[-2:]", "[3,4]"},
         {"list[::2]", "[0,2,4]"},
         {"list[::-1]", "[4,3,2,1,0]"},
         {"list[3:1:-1]", "[3,2]"},
         {"list[10:]", "[]"},
         {"jobs[:2].name", "[\"x\",\"y\"]"},
         {"list[::9223372036854775807]", "[0]"}});
}

TEST(JmesPath, ProjectsAndLeavesOutNulls) {
  Check({{"jobs[*].name", R"(["x","y","z"])"},
         {"jobs[*].tags.k", R"(["1"])"},
         {"jobs[].name | [0]", "\"x\""},
         {"jobs[*].name | length(@)", "3"},
         {"services.*.endpoint", "[\"http://x\"]"},
         {"nested[]", "[1,2,3,4]"},
         {"nested[*][0]", "[1,3]"},
         {"name[*]", "null"},
         {"empty[*].x", "[]"}});
}

TEST(JmesPath, FiltersWithComparisonsAndLogic) {
  Check({{"jobs[?status=='Completed'].name", R"(["x","z"])"},
         {"jobs[?score > `0.3`].name", R"(["x","z"])"},
         {"jobs[?score >= `0.5` && status != 'Failed'].name", R"(["x","z"])"},
         {"jobs[?status=='Failed' || score==`0.5`].name", R"(["y","z"])"},
         {"jobs[?!tags].name", R"(["y","z"])"},
         {"jobs[?tags.k].name", R"(["x"])"},
         {"jobs[?starts_with(name, 'y')] | [0].status", "\"Failed\""},
         {"jobs[?(score < `1` && name=='x')].name", R"(["x"])"},
         {"missing || name", "\"a\""},
         {"name && n", "3"},
         {"!missing", "true"},
         {"n == `3.0`", "true"}});
}

TEST(JmesPath, BuildsListsAndObjects) {
  Check({{"[name, n]", R"(["a",3])"},
         {"{id: name, page: services.Studio.endpoint}", R"({"id":"a","page":"http://x"})"},
         {"jobs[*].[name, status]", R"([["x","Completed"],["y","Failed"],["z","Completed"]])"},
         {"jobs[?score>`0.6`].{n: name}", R"([{"n":"x"}])"},
         {"missing.{a: b}", "null"}});
}

TEST(JmesPath, KnowsLiterals) {
  Check({{"`{\"a\": [1]}`.a", "[1]"},
         {"'raw \\' text'", "\"raw ' text\""},
         {"`bare`", "\"bare\""},
         {"`null`", "null"}});
}

TEST(JmesPath, CallsFunctions) {
  Check({{"length(jobs)", "3"},
         {"length(t)", "4"},
         {"keys(services)", R"(["Studio","odd.name"])"},
         {"values({a: n})", "[3]"},
         {"sort(`[3,1,2]`)", "[1,2,3]"},
         {"sort_by(jobs, &score)[*].name", R"(["y","z","x"])"},
         {"max_by(jobs, &score).name", "\"x\""},
         {"min_by(jobs, &score).name", "\"y\""},
         {"max(list)", "4"},
         {"min(empty)", "null"},
         {"sum(list)", "10"},
         {"avg(list)", "2"},
         {"contains(name, 'a')", "true"},
         {"contains(list, `7`)", "false"},
         {"starts_with(name, 'b')", "false"},
         {"ends_with(name, 'a')", "true"},
         {"join(', ', jobs[*].name)", "\"x, y, z\""},
         {"to_string(list)", "\"[0,1,2,3,4]\""},
         {"to_number('1.5')", "1.5"},
         {"to_array(name)", "[\"a\"]"},
         {"type(none)", "\"null\""},
         {"not_null(none, missing, n)", "3"},
         {"reverse(list)", "[4,3,2,1,0]"},
         {"reverse(t)", "\"rebü\""},
         {"map(&name, jobs)", R"(["x","y","z"])"},
         {"floor(`1.7`)", "1"},
         {"ceil(`1.2`)", "2"},
         {"abs(`-3`)", "3"},
         {"merge({a: n}, {b: name})", R"({"a":3,"b":"a"})"}});
}

TEST(JmesPath, NamesWhatIsWrongAndWhere) {
  Check({{"jobs[", "query, column 6: the query ends too early"},
         {"jobs[?name='x']", "query, column 11: a single \"=\", expected \"==\""},
         {"a..b", "query, column 3: unexpected \".\""},
         {"lenght(a)", "query, column 1: there is no function lenght, did you mean length?"},
         {"list[::0]", "query, column 9: the step of a slice is 0"},
         {"'open", "query, column 1: a text without its closing quote"},
         {"length(n)", "query: argument 1 of length() cannot be number"},
         {"length()", "query: length() takes 1 argument, got 0"},
         {"sort_by(jobs, &tags)",
          "query: sort_by() needs keys that are all numbers or all texts, found "
          "object"},
         {"", "query: it is empty"}});
}

TEST(JmesPath, RefusesDeepNesting) {
  EXPECT_NE(Ask(std::string(5000, '(') + "a" + std::string(5000, ')')).find("nested too deeply"),
            std::string::npos);
  EXPECT_NE(Ask(std::string(5000, '!') + "a").find("nested too deeply"), std::string::npos);
}

}  // namespace
}  // namespace lazurite::cli
