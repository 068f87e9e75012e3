#include <gtest/gtest.h>

#include "base/file.h"
#include "spec/document.h"

namespace lazurite::spec {
namespace {

class CondaDocument : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/lazurite-conda-XXXXXX";
    root_ = ::mkdtemp(name);
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(root_).ok()); }

  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(WriteFile(root_ + "/" + name, text).ok());
  }
  Loaded Load(const std::string& text) {
    return LoadDocument(text, {.noun = "job", .file = root_ + "/job.yml", .overrides = {}});
  }
  Loaded LoadWith(const std::string& conda_file) {
    return Load("command: x\nenvironment:\n  image: python\n  conda_file: " + conda_file + "\n");
  }

  std::string root_;
};

TEST_F(CondaDocument, WhatTheServerFindsIsShownInTheFileThatSaysIt) {
  Write("env.yml", "dependencies:\n- python=3.7\n- pip:\n  - six\n  - -r more.txt\n  - tqdm\n");
  Write("more.txt", "# why\n\n  numpy\npandas\n");
  Loaded loaded = LoadWith("env.yml");
  EXPECT_TRUE(InlineCondaFiles(loaded).empty());
  const auto at = [&](const std::string& path) {
    const Problem problem = ProblemAt(loaded, "environment.conda_file." + path, "x");
    return problem.file.substr(root_.size() + 1) + ":" + std::to_string(problem.line) + ":" +
           std::to_string(problem.column) + ":" + std::to_string(problem.length);
  };
  EXPECT_EQ(at("dependencies.0"), "env.yml:2:3:10");
  EXPECT_EQ(at("dependencies.1.pip.0"), "env.yml:4:5:3");
  EXPECT_EQ(at("dependencies.1.pip.1"), "more.txt:3:3:5");
  EXPECT_EQ(at("dependencies.1.pip.2"), "more.txt:4:1:6");
  EXPECT_EQ(at("dependencies.1.pip.3"), "env.yml:6:5:4");
  EXPECT_EQ(ProblemAt(loaded, "environment.conda_file.dependencies.0", "x").source_line,
            "- python=3.7");
}

TEST_F(CondaDocument, ProblemsOfAllFilesAreToldAtOnce) {
  Write("env.yml", "chanels: []\ndependencies:\n- pip:\n  - six=1\n  - -r more.txt\n- [a]\n");
  Write("more.txt", "numpy 1\n");
  Loaded loaded = LoadWith("env.yml");
  const std::vector<Problem> problems = InlineCondaFiles(loaded);
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].line, 4);
  EXPECT_EQ(problems[0].suggestion, "did you mean \"six==1\"?");
  EXPECT_EQ(problems[1].line, 6);
  EXPECT_TRUE(problems[2].file.ends_with("more.txt"));
  // What can be read stands in the document all the same, for the server to look at.
  const Json* conda = loaded.value.At("environment.conda_file");
  ASSERT_TRUE(conda != nullptr && conda->is_object());
  EXPECT_EQ(conda->Find("dependencies")->array().size(), 2u);
  ASSERT_EQ(loaded.warnings.size(), 1u);
  EXPECT_TRUE(loaded.warnings[0].is_warning);
  Write("env.yml", "dependencies:\n- pip:\n  - -r more.txt\n");
  loaded = LoadWith("env.yml");
  const std::vector<Problem> included = InlineCondaFiles(loaded);
  ASSERT_EQ(included.size(), 1u);
  EXPECT_TRUE(included[0].file.ends_with("more.txt"));
  Write("env.yml", "dependencies: [\n");
  loaded = LoadWith("env.yml");
  EXPECT_EQ(InlineCondaFiles(loaded).size(), 1u);
}

TEST_F(CondaDocument, ACondaFileInsideTheDocumentIsHeldAgainstTheSameRules) {
  const Loaded loaded = Load(
      "command: x\nenvironment:\n  image: python\n  conda_file:\n    dependencies:\n"
      "    - numpy\n    - pip: [six=1, tqdm]\n");
  ASSERT_EQ(loaded.problems.size(), 1u);
  EXPECT_EQ(loaded.problems[0].line, 7);
  EXPECT_EQ(loaded.problems[0].column, 16);
  const Problem numpy = ProblemAt(loaded, "environment.conda_file.dependencies.0", "x");
  EXPECT_EQ(numpy.line, 6);
  EXPECT_EQ(numpy.column, 7);
}

}  // namespace
}  // namespace lazurite::spec
