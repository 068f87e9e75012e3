#include "base/yaml.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lazurite {
namespace {

YamlNode Parse(std::string_view text) {
  auto parsed = ParseYaml(text);
  if (const auto* error = std::get_if<YamlError>(&parsed)) {
    ADD_FAILURE() << text << "\n" << error->message;
    return {};
  }
  return std::get<YamlNode>(std::move(parsed));
}

YamlError Refused(std::string_view text) {
  auto parsed = ParseYaml(text);
  if (const auto* error = std::get_if<YamlError>(&parsed)) return *error;
  ADD_FAILURE() << "accepted: " << text;
  return {};
}

std::string Dump(std::string_view text) { return Parse(text).ToJson().Dump(); }

TEST(Yaml, ReadsScalarsByTheCoreSchema) {
  EXPECT_EQ(Dump("[1, -2, +3, 0x1f, 0o17, 1.5, 1e3, .5, ~, null, Null, true, False]"),
            "[1,-2,3,31,15,1.5,1000.0,0.5,null,null,null,true,false]");
  EXPECT_EQ(Dump("[yes, No, on, off, 1_000, 1:30, 2026-01-31, 1.2.3, 0x, '1', \"true\", !!str 7]"),
            R"(["yes","No","on","off","1_000","1:30","2026-01-31","1.2.3","0x","1","true","7"])");
  EXPECT_TRUE(std::isnan(Parse(".nan").ToJson().double_value()));
  EXPECT_TRUE(std::isinf(Parse("-.inf").ToJson().double_value()));
  EXPECT_EQ(Dump("99999999999999999999"), "1e+20");
}

TEST(Yaml, KeepsTheTextOfNumbersAsWritten) {
  const YamlNode root = Parse("lr: 1e-3\nversion: 01\nname: \"2\"\n");
  EXPECT_EQ(root.Find("lr")->text, "1e-3");
  EXPECT_EQ(root.Find("version")->text, "01");
  EXPECT_FALSE(root.Find("version")->is_quoted);
  EXPECT_TRUE(root.Find("name")->is_quoted);
}

TEST(Yaml, KnowsWhereEverythingStands) {
  const YamlNode root = Parse("a: 1\nb:\n  c: ä x\n  d: [1, two]\ne: |\n  text\n  more\n");
  EXPECT_EQ(root.Find("a")->position.column, 4);
  EXPECT_EQ(root.entries[1].position.line, 2);
  EXPECT_EQ(root.entries[1].position.column, 1);
  const YamlNode* b = root.Find("b");
  EXPECT_EQ(b->entries[0].position.line, 3);
  EXPECT_EQ(b->entries[0].position.column, 3);
  EXPECT_EQ(b->Find("c")->position.column, 6);
  const YamlNode& two = b->Find("d")->items[1];
  EXPECT_EQ(two.position.line, 4);
  EXPECT_EQ(two.position.column, 10);
  EXPECT_EQ(root.Find("e")->position.line, 5);
  EXPECT_EQ(root.Find("e")->text, "text\nmore\n");
}

TEST(Yaml, CountsColumnsInBytes) {
  const YamlNode root = Parse("{ä: 1, b: 2}\n");
  EXPECT_EQ(root.entries[1].position.column, 9);
}

TEST(Yaml, KeepsRepeatedKeysForTheCaller) {
  const YamlNode root = Parse("a: 1\nb: 2\na: 3\n");
  ASSERT_EQ(root.entries.size(), 3U);
  EXPECT_EQ(root.Find("a")->text, "3");
  EXPECT_EQ(root.ToJson().Dump(), R"({"a":3,"b":2})");
}

TEST(Yaml, ResolvesAnchorsAndMergeKeys) {
  EXPECT_EQ(Dump("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nsame: *b\n"),
            R"({"base":{"x":1,"y":2},"use":{"y":3,"x":1},"same":{"x":1,"y":2}})");
  EXPECT_EQ(Dump("a: &a {x: 1}\nb: &b {x: 2, z: 3}\nc: {<<: [*a, *b]}\n"),
            R"({"a":{"x":1},"b":{"x":2,"z":3},"c":{"x":1,"z":3}})");
}

TEST(Yaml, ReadsAnEmptyTextAsNull) {
  for (const std::string_view text : {"", "\n\n", "# only a comment\n", "---\n", "~"}) {
    EXPECT_TRUE(Parse(text).ToJson().is_null()) << text;
  }
}

TEST(Yaml, SkipsAByteOrderMark) {
  EXPECT_EQ(Dump("\xef\xbb\xbf"
                 "a: 1\n"),
            R"({"a":1})");
}

TEST(Yaml, RefusesWhatItCannotMean) {
  EXPECT_NE(Refused("a: 1\n---\nb: 2\n").message.find("more than one document"), std::string::npos);
  EXPECT_NE(Refused("a: !mine 1\n").message.find("tag"), std::string::npos);
  EXPECT_NE(Refused("[a, b]: 1\n").message.find("key"), std::string::npos);
  EXPECT_NE(Refused("a: *nothing\n").message, "");
  EXPECT_NE(Refused("a: [1, 2\n").message, "");
  EXPECT_NE(Refused("<<: 5\na: 1\n").message.find("<<"), std::string::npos);
}

TEST(Yaml, SaysWhereATextIsWrong) {
  const YamlError tab = Refused("a: 1\nb:\n\tc: 2\n");
  EXPECT_NE(tab.message.find("tab"), std::string::npos);
  EXPECT_EQ(tab.position.line, 3);
  EXPECT_EQ(tab.position.column, 1);
  const YamlError bytes = Refused("a: 1\nb: \xff\n");
  EXPECT_EQ(bytes.message, "not UTF-8 text");
  EXPECT_EQ(bytes.position.line, 2);
  EXPECT_EQ(bytes.position.column, 4);
  const YamlError control = Refused(std::string_view("a: \x01\n"));
  EXPECT_EQ(control.position.line, 1);
  EXPECT_EQ(control.position.column, 4);
  EXPECT_EQ(Refused("a: 1\n b: 2\n").position.line, 2);
}

TEST(Yaml, ReadsLineEndsOfEverySystem) {
  const YamlNode root = Parse("a: 1\r\nb: |\r\n  x\r\n  y\r\nc: z\r\n");
  EXPECT_EQ(root.Find("a")->text, "1");
  EXPECT_EQ(root.Find("b")->text, "x\ny\n");
  EXPECT_EQ(root.Find("c")->position.line, 5);
  EXPECT_EQ(root.Find("c")->position.column, 4);
}

TEST(Yaml, BoundsDepthSizeAndAliases) {
  EXPECT_NE(Refused(std::string(200, '[') + std::string(200, ']')).message.find("100 levels"),
            std::string::npos);
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'i'; ++c) {
    const std::string one = "*" + std::string(1, static_cast<char>(c - 1));
    bomb += std::string(1, c) + ": &" + c + " [" + one;
    for (int i = 0; i < 9; ++i) bomb += ", " + one;
    bomb += "]\n";
  }
  EXPECT_NE(Refused(bomb).message.find("more than"), std::string::npos);
  EXPECT_NE(Refused(std::string(kYamlBytesMax + 1, 'a')).message.find("16 MiB"), std::string::npos);
}

TEST(Yaml, SurvivesDeepFlowWithoutAnEnd) {
  EXPECT_NE(Refused(std::string(100'000, '[')).message, "");
  EXPECT_NE(Refused(std::string(100'000, '{')).message, "");
  for (const std::string_view part : {"- ", "? ", "[{a: ", "!!seq [", "&a [", "a: {"}) {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += part;
    EXPECT_NE(Refused(text).message, "") << part;
  }
}

TEST(Yaml, WritesWhatItReadsBack) {
  const Result<Json> json = Json::Parse(R"({
    "text": "plain", "number": 1, "double": 1.0, "big": 1e300, "none": null, "yes": true,
    "words": ["yes", "NO", "null", "~", "1", "1.5", "1_000", "12:30", "2026-01-31", "", " lead",
              "trail ", "a: b", "a #b", "#c", "- d", "-", "x:", "'q'", "\"q\"", "ä", "@at", "`t`",
              "%p", "!bang", "&anchor", "*star", "tab\there", "bell\u0007", "<<", "=", "0x10",
              "---"],
    "block": "one\ntwo\n", "strip": "one\ntwo", "keep": "one\n\n\n", "indented": "  one\n two\n",
    "empty": {}, "list": [], "nested": [[1, 2], [], [{"a": {"b": [1]}}], {}],
    "python=3.11": ["python=3.11", {"pip": ["mlflow-skinny", "pandas>=2"]}],
    "strange: key": 1, "\nline": 2, "true": 3})");
  ASSERT_TRUE(json.ok()) << json.status().text();
  const std::string yaml = WriteYaml(*json);
  EXPECT_EQ(Parse(yaml).ToJson().Dump(2), json->Dump(2)) << yaml;
}

TEST(Yaml, WritesBlockStyle) {
  const Result<Json> json = Json::Parse(
      R"({"channels":["conda-forge"],"dependencies":["python=3.11",{"pip":["x"]}],"of":"e"})");
  EXPECT_EQ(WriteYaml(*json),
            "channels:\n- conda-forge\ndependencies:\n- python=3.11\n- pip:\n  - x\nof: e\n");
}

}  // namespace
}  // namespace lazurite
