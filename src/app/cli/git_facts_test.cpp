#include "app/cli/git_facts.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "app/cli/program.h"
#include "base/file.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

class GitFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = "/tmp/lazurite-git-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    const Result<ProgramAnswer> version =
        AskProgram({.arguments = {"git", "--version"}, .folder = "", .variables = {}});
    if (!version.ok()) GTEST_SKIP() << "there is no git on PATH";
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(folder_).ok()); }

  std::string Git(std::vector<std::string> words) {
    words.insert(words.begin(), "git");
    const Result<ProgramAnswer> answer = AskProgram({.arguments = words,
                                                     .folder = folder_,
                                                     .variables = {{"GIT_AUTHOR_NAME", "a"},
                                                                   {"GIT_AUTHOR_EMAIL", "a@b"},
                                                                   {"GIT_COMMITTER_NAME", "a"},
                                                                   {"GIT_COMMITTER_EMAIL", "a@b"},
                                                                   {"HOME", folder_}}});
    EXPECT_TRUE(answer.ok() && answer->exit_code == 0) << words[1];
    return answer.ok() ? std::string(Trim(answer->out)) : "";
  }
  void Put(const std::string& name, std::string_view text) {
    ASSERT_TRUE(MakeDirs(DirName(folder_ + "/" + name)).ok());
    ASSERT_TRUE(WriteFile(folder_ + "/" + name, text).ok());
  }
  void Commit() {
    Git({"init", "-q", "-b", "trunk"});
    Put("train.py", "print(1)\n");
    Put("other/a.txt", "a\n");
    Git({"add", "."});
    Git({"commit", "-q", "-m", "first"});
  }

  std::string folder_;
};

TEST_F(GitFolder, OutsideOfARepositoryNothingIsKnownAndNothingSaid) {
  const GitFacts facts = LookAtGit(folder_);
  EXPECT_EQ(facts.commit, "");
  EXPECT_EQ(facts.trouble, "");
  EXPECT_TRUE(GitProperties(facts).empty());
  EXPECT_EQ(LookAtGit(folder_ + "/no-such-folder").commit, "");
}

TEST_F(GitFolder, ACleanCommitIsToldWithItsBranchAndRemote) {
  Commit();
  Git({"remote", "add", "backup", "https://b.example/x"});
  Git({"remote", "add", "origin", "https://ada:secret@git.example/ada/x.git"});
  const GitFacts facts = LookAtGit(folder_);
  EXPECT_EQ(facts.commit, Git({"rev-parse", "HEAD"}));
  EXPECT_EQ(facts.branch, "trunk");
  EXPECT_EQ(facts.repository, "https://git.example/ada/x.git");
  EXPECT_EQ(facts.is_dirty, false);
  EXPECT_EQ(facts.diff, "");
  const auto properties = GitProperties(facts);
  EXPECT_EQ(properties.at("azureml.git.dirty"), "False");
  EXPECT_EQ(properties.at("azureml.git.commit"), facts.commit);
  EXPECT_EQ(properties.at("mlflow.source.git.repoURL"), "https://git.example/ada/x.git");
}

TEST_F(GitFolder, TheDiffGivesTheFilesBackAsTheyWere) {
  Commit();
  const std::string bytes("\0\xff\x01 binary \r\n\n", 14);
  Put("data.bin", "old");
  Git({"add", "data.bin"});
  Git({"commit", "-q", "-m", "second"});
  Put("data.bin", bytes);
  Put("train.py", "print(2)\nprint(3)\n");
  Put("new.py", "x\n");
  const GitFacts facts = LookAtGit(folder_);
  EXPECT_EQ(facts.is_dirty, true);
  EXPECT_EQ(facts.changed, 2);
  EXPECT_EQ(facts.untracked, 1);
  EXPECT_EQ(GitProperties(facts).at(std::string(kDiffSummaryProperty)), "2 files, +2 -1");
  Git({"checkout", "-q", "."});
  Put("x.diff", facts.diff);
  Git({"apply", "x.diff"});
  EXPECT_EQ(*ReadFile(folder_ + "/data.bin"), bytes);
  EXPECT_EQ(*ReadFile(folder_ + "/train.py"), "print(2)\nprint(3)\n");
}

TEST_F(GitFolder, WhatLiesOutsideOfTheFolderIsNoneOfTheJobs) {
  Commit();
  Put("train.py", "print(2)\n");
  const GitFacts inner = LookAtGit(folder_ + "/other");
  EXPECT_EQ(inner.is_dirty, false);
  EXPECT_NE(inner.commit, "");
  Put("other/a.txt", "b\n");
  const GitFacts facts = LookAtGit(folder_ + "/other");
  EXPECT_EQ(facts.changed, 1);
  EXPECT_NE(facts.diff.find("other/a.txt"), std::string::npos) << facts.diff;
}

TEST_F(GitFolder, AnEndlessDiffIsCutAtALine) {
  Commit();
  Put("train.py", std::string(kDiffBytesMax, 'x') + "\n" + std::string(100, 'y'));
  const GitFacts facts = LookAtGit(folder_);
  EXPECT_TRUE(facts.is_diff_cut);
  EXPECT_LE(facts.diff.size(), kDiffBytesMax);
  EXPECT_TRUE(facts.diff.ends_with('\n'));
  EXPECT_NE(facts.trouble, "");
}

TEST_F(GitFolder, ARepositoryWithoutACommitHasNothingToTell) {
  Git({"init", "-q"});
  Put("a", "a");
  EXPECT_TRUE(GitProperties(LookAtGit(folder_)).empty());
}

TEST(WithoutCredentials, LeavesTheAddress) {
  EXPECT_EQ(WithoutCredentials("https://u:p@h.example/a@b"), "https://h.example/a@b");
  EXPECT_EQ(WithoutCredentials("https://u:p@q@h.example:8/a"), "https://h.example:8/a");
  EXPECT_EQ(WithoutCredentials("ssh://git@h/x"), "ssh://h/x");
  EXPECT_EQ(WithoutCredentials("git@h.example:a/b.git"), "git@h.example:a/b.git");
  EXPECT_EQ(WithoutCredentials("/srv/x.git"), "/srv/x.git");
}

TEST(AskProgram, BoundsWhatAProgramWritesAndHowLongItRuns) {
  const auto loud = AskProgram(
      {.arguments = {"yes"}, .folder = "", .variables = {}, .bytes_max = 1000, .time_max = {}});
  ASSERT_TRUE(loud.ok());
  EXPECT_TRUE(loud->is_late);  // no time at all
  const auto cut =
      AskProgram({.arguments = {"yes"}, .folder = "", .variables = {}, .bytes_max = 9});
  ASSERT_TRUE(cut.ok());
  EXPECT_TRUE(cut->is_cut);
  EXPECT_EQ(cut->out.size(), 9U);
  const auto slow = AskProgram({.arguments = {"sleep", "60"},
                                .folder = "",
                                .variables = {},
                                .bytes_max = 9,
                                .time_max = Duration(30)});
  ASSERT_TRUE(slow.ok());
  EXPECT_TRUE(slow->is_late);
  EXPECT_EQ(
      AskProgram({.arguments = {"no-such-program"}, .folder = "", .variables = {}}).status().code(),
      Code::kNotFound);
}

}  // namespace
}  // namespace lazurite::cli
