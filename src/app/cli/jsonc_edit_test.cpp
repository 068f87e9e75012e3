#include "app/cli/jsonc_edit.h"

#include <gtest/gtest.h>

namespace lazurite::cli {
namespace {

const Json kGlobs(Json::Array{"*.yml"});

std::string Set(std::string_view text) {
  const Result<std::string> out = SetInSection(text, "yaml.schemas", "./s.json", kGlobs);
  return out.ok() ? *out : "refused: " + out.status().text();
}

TEST(SetInSection, MakesTheSectionWhereThereIsNone) {
  const std::string made =
      "{\n    \"yaml.schemas\": {\n        \"./s.json\": [\"*.yml\"]\n    }\n}\n";
  EXPECT_EQ(Set(""), made);
  EXPECT_EQ(Set("{}\n"), made);
  EXPECT_EQ(Set(made), made);
}

TEST(SetInSection, LeavesCommentsAndEverythingElseAlone) {
  EXPECT_EQ(Set("// mine\n{\n  // a } in \"a comment\"\n  \"a\": \"// no {\", /* x */\n}\n"),
            "// mine\n{\n    \"yaml.schemas\": {\n        \"./s.json\": [\"*.yml\"]\n    },\n"
            "  // a } in \"a comment\"\n  \"a\": \"// no {\", /* x */\n}\n");
  EXPECT_EQ(Set("{\n  \"yaml.schemas\": {\n    \"o.json\": [\"o\", {\"d\": [1]}], // kept\n  },\n"
                "}"),
            "{\n  \"yaml.schemas\": {\n      \"./s.json\": [\"*.yml\"],\n"
            "    \"o.json\": [\"o\", {\"d\": [1]}], // kept\n  },\n}");
}

TEST(SetInSection, RefusesWhatItCannotChangeSafely) {
  for (const char* text :
       {"[]", "{", "{\"a\": }", "{\"a\" 1}", "{} x", "{\"a\": \"", "null", "{\"a\": [1, {]}}"}) {
    EXPECT_TRUE(Set(text).starts_with("refused: it is no JSON object")) << text;
  }
  EXPECT_EQ(Set("{\"yaml.schemas\": 1}"), "refused: its \"yaml.schemas\" is no object");
  EXPECT_EQ(Set("{\"yaml.schemas\": {\"./s.json\": \"x\"}}"),
            "refused: it has another value for \"./s.json\" in \"yaml.schemas\"");
}

}  // namespace
}  // namespace lazurite::cli
