#include "app/cli/arguments.h"

#include <gtest/gtest.h>

#include "app/cli/command.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

Result<Arguments> Parse(std::string_view command, std::vector<std::string> words) {
  return ParseArguments(*FindCommand(command), words);
}

TEST(Arguments, ReadsValuesInEveryForm) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--file", "a.yml"},
                                                {"--file=a.yml"},
                                                {"-f", "a.yml"},
                                                {"-fa.yml"}}) {
    const Result<Arguments> arguments = Parse("job create", words);
    ASSERT_TRUE(arguments.ok()) << arguments.status().text();
    EXPECT_EQ(arguments->Get("--file"), "a.yml");
  }
}

TEST(Arguments, TakesSeveralSettingsAfterOneFlag) {
  const Result<Arguments> arguments =
      Parse("submit", {"--set", "a=1", "b=2", "train.yml", "--set", "c=3"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->All("--set"), (std::vector<std::string>{"a=1", "b=2", "c=3"}));
  EXPECT_EQ(arguments->words, (std::vector<std::string>{"train.yml"}));
}

TEST(Arguments, NamesTheNearestFlag) {
  EXPECT_EQ(Parse("job create", {"--sett", "a=1"}).status().text(),
            "lazurite job create has no flag --sett, did you mean --set?");
}

TEST(Arguments, RefusesMissingValuesAndWordsTooMany) {
  EXPECT_EQ(Parse("job create", {"-f"}).status().text(), "-f needs a value: FILE");
  EXPECT_EQ(Parse("job create", {"--file", "--stream"}).status().text(),
            "--file needs a value: FILE");
  EXPECT_EQ(Parse("job show", {"a", "b"}).status().text(),
            "lazurite job show: \"b\" is one word too many");
  EXPECT_EQ(Parse("job show", {"--web=1"}).status().text(), "--web takes no value");
}

TEST(Arguments, ChecksValuesThatAreListed) {
  EXPECT_EQ(Parse("ps", {"-o", "xml"}).status().code(), Code::kInvalidArgument);
  EXPECT_TRUE(Parse("ps", {"-o", "json"}).ok());
}

TEST(Arguments, LeavesAnotherProgramsWordsAlone) {
  const Result<Arguments> arguments =
      Parse("exec", {"--server", "http://x", "--", "python", "-c", "1"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->rest, (std::vector<std::string>{"python", "-c", "1"}));
  const Result<Arguments> bare = Parse("exec", {"python", "--version"});
  EXPECT_EQ(bare->rest, (std::vector<std::string>{"python", "--version"}));
}

TEST(Arguments, ReadsDurations) {
  EXPECT_EQ(*ParseSeconds("90"), 90);
  EXPECT_EQ(*ParseSeconds("5m"), 300);
  EXPECT_EQ(*ParseSeconds("1.5h"), 5400);
  EXPECT_EQ(*ParseSeconds("2d"), 172800);
  for (const char* wrong : {"", "m", "-1", "5x", "nan"})
    EXPECT_FALSE(ParseSeconds(wrong).ok()) << wrong;
}

TEST(Commands, HaveASentenceAndExamplesThatParse) {
  for (const Command* command : Commands()) {
    EXPECT_TRUE(command->sentence.ends_with('.')) << command->name;
    EXPECT_NE(command->run, nullptr) << command->name;
    ASSERT_FALSE(command->examples.empty()) << command->name;
    for (const std::string_view example : lazurite::Split(command->examples, '\n')) {
      EXPECT_NE(example.find("lazurite " + std::string(command->name)), std::string_view::npos)
          << example;
    }
  }
}

TEST(Commands, HaveNoFlagTwice) {
  for (const Command* command : Commands()) {
    std::vector<std::string_view> names;
    for (const Flag& flag : command->flags) {
      for (const std::string_view name : {flag.name, flag.short_name}) {
        if (name.empty()) continue;
        EXPECT_EQ(std::count(names.begin(), names.end(), name), 0) << command->name << " " << name;
        names.push_back(name);
      }
    }
  }
}

}  // namespace
}  // namespace lazurite::cli
