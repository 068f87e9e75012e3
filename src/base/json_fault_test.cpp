#include "base/json_fault.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace lazurite {
namespace {

TEST(JsonFault, NamesTheFirstMistake) {
  const std::pair<const char*, const char*> kCases[] = {
      {"{\"a\": 1,}", "line 1, column 9: expected a name in quotes"},
      {"{\"a\": 1\n \"b\": 2}", "line 2, column 2: expected \",\" or \"}\""},
      {"{\"a\" 1}", "line 1, column 6: expected \":\""},
      {"[1, 2", "line 1, column 6: expected \",\" or \"]\""},
      {"", "line 1, column 1: the text ends where a value should be"},
      {"{} x", "line 1, column 4: expected the end of the text"},
      {"[01]", "line 1, column 3: a number with a zero in front"},
      {"[1.]", "line 1, column 4: expected a digit"},
      {"[\"a]", "line 1, column 5: a text without its closing quote"},
      {"[\"\\x\"]", "line 1, column 4: an unknown escape"},
      {"[\"\\u12g4\"]", "line 1, column 7: expected four hex digits"},
      {"[tru]", "line 1, column 2: expected a value"},
  };
  for (const auto& [text, fault] : kCases) EXPECT_EQ(JsonFault(text, 200), fault) << text;
  EXPECT_EQ(JsonFault("[[[]]]", 2), "line 1, column 3: nested too deeply");
}

TEST(JsonFault, FindsNothingInWhatIsJson) {
  for (const char* text :
       {"null", " {\"a\": [1, -2.5e+10, true, \"\\u00e4\\n\"], \"b\": {}} ", "0", "-0.5"}) {
    EXPECT_EQ(JsonFault(text, 200), "") << text;
    EXPECT_TRUE(Json::Parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace lazurite
