#include "spec/problem.h"

#include <gtest/gtest.h>

namespace lazurite::spec {
namespace {

constexpr std::string_view kSource = "command: x\nresources:\n  instance_cout: 2\n\ttab: ä here\n";

Problem At(int line, int column, int length, std::string message) {
  Problem problem;
  problem.file = "train.yml";
  problem.line = line;
  problem.column = column;
  problem.length = length;
  problem.message = std::move(message);
  return problem;
}

TEST(Problem, UnderlinesTheOffendingText) {
  Problem problem = At(3, 3, 13, "unknown field \"instance_cout\" in resources");
  problem.suggestion = "did you mean \"instance_count\"?";
  problem.help = "lazurite explain job.resources";
  EXPECT_EQ(RenderProblem(problem, kSource),
            "error: unknown field \"instance_cout\" in resources\n"
            "  --> train.yml:3:3\n"
            "   |   instance_cout: 2\n"
            "   |   ^^^^^^^^^^^^^ did you mean \"instance_count\"?\n"
            "help: lazurite explain job.resources\n");
}

TEST(Problem, CountsLettersNotBytes) {
  EXPECT_EQ(RenderProblem(At(4, 10, 4, "x"), kSource),
            "error: x\n  --> train.yml:4:10\n   |  tab: ä here\n   |         ^^^^\n");
}

TEST(Problem, ShowsFlagsWithoutALine) {
  Problem problem = At(0, 0, 1, "inputs.lr is \"x\"");
  problem.file = "--set inputs.lr";
  problem.suggestion = "did you mean \"y\"?";
  EXPECT_EQ(RenderProblem(problem, kSource),
            "error: inputs.lr is \"x\" (did you mean \"y\"?)\n  --> --set inputs.lr\n");
}

TEST(Problem, CutsLongLinesToAWindow) {
  const std::string source(1000, 'x');
  const std::string text = RenderProblem(At(1, 500, 5, "m"), source);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    EXPECT_LE(end - begin, kLineMax + 15);
    begin = end + 1;
  }
  EXPECT_NE(text.find("…"), std::string::npos);
  EXPECT_NE(text.find("^^^^^\n"), std::string::npos);
}

TEST(Problem, StandsBeyondTheEndOfItsLine) {
  EXPECT_EQ(RenderProblem(At(1, 90, 7, "m"), "ab"),
            "error: m\n  --> train.yml:1:90\n   | ab\n   |   ^\n");
  EXPECT_EQ(RenderProblem(At(9, 1, 7, "m"), "ab"),
            "error: m\n  --> train.yml:9:1\n   | \n   | ^\n");
}

TEST(Problem, NeverMovesTheCursor) {
  const std::string text = RenderProblem(At(1, 1, 3, "a\x1b[2Jb"), "x\x1b[2J\r");
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

TEST(Problem, ShowsALineOfAnotherFile) {
  Problem problem = At(2, 3, 1, "m");
  problem.source_line = "- [1";
  EXPECT_EQ(RenderProblem(problem, kSource),
            "error: m\n  --> train.yml:2:3\n   | - [1\n   |   ^\n");
}

TEST(Problem, ComesInTheOrderOfTheFile) {
  Problem flag = At(0, 0, 1, "flag");
  flag.file = "--set a";
  const std::string text = RenderProblems(
      {flag, At(3, 1, 1, "third"), At(1, 5, 1, "second"), At(1, 1, 1, "first")}, kSource);
  EXPECT_LT(text.find("first"), text.find("second"));
  EXPECT_LT(text.find("second"), text.find("third"));
  EXPECT_LT(text.find("third"), text.find("flag"));
}

TEST(Problem, StopsAfterAScreenful) {
  const std::vector<Problem> many(kProblemsMax + 7, At(1, 1, 1, "m"));
  EXPECT_TRUE(RenderProblems(many, kSource).ends_with("and 7 more problems\n"));
}

}  // namespace
}  // namespace lazurite::spec
