#include "storage/journal/journal.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

namespace lazurite {
namespace {

class JournalTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "journal-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder + "/lines";
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(folder_).ok()); }

  std::vector<std::string> Texts(int64_t offset = 0, size_t count_max = 1000) {
    auto lines = ReadJournal(path_, offset, count_max);
    EXPECT_TRUE(lines.ok()) << lines.status().text();
    std::vector<std::string> texts;
    if (!lines.ok()) return texts;
    for (JournalLine& line : *lines) texts.push_back(std::move(line.text));
    return texts;
  }

  std::string folder_;
  std::string path_;
};

using Strings = std::vector<std::string>;

TEST_F(JournalTest, AFileThatIsNotThereHasNoLines) { EXPECT_EQ(Texts(), Strings{}); }

TEST_F(JournalTest, LinesComeBackInOrderAndFromAnyOfTheirEnds) {
  auto journal = JournalWriter::Open(path_);
  ASSERT_TRUE(journal.ok());
  for (const char* line : {"one", "", "three"}) ASSERT_TRUE(journal->Append(line).ok());
  ASSERT_TRUE(journal->Sync().ok());
  EXPECT_EQ(journal->size(), 11);
  EXPECT_EQ(Texts(), (Strings{"one", "", "three"}));
  EXPECT_EQ(Texts(4), (Strings{"", "three"}));
  EXPECT_EQ(Texts(0, 2), (Strings{"one", ""}));
  EXPECT_EQ(Texts(11), Strings{});
  const auto lines = ReadJournal(path_, 0, 10);
  ASSERT_TRUE(lines.ok());
  EXPECT_EQ(lines->back().end, 11);
}

TEST_F(JournalTest, ATornLastLineIsLeftForLaterAndCutOffByTheNextWriter) {
  ASSERT_TRUE(WriteFile(path_, "whole\nhal").ok());
  EXPECT_EQ(Texts(), Strings{"whole"});
  auto journal = JournalWriter::Open(path_);
  ASSERT_TRUE(journal.ok());
  ASSERT_TRUE(journal->Append("next").ok());
  EXPECT_EQ(Texts(), (Strings{"whole", "next"}));
}

TEST_F(JournalTest, ATornFirstLineLongerThanAWindowIsCutOff) {
  ASSERT_TRUE(WriteFile(path_, std::string(700'000, 'x')).ok());
  const auto journal = JournalWriter::Open(path_);
  ASSERT_TRUE(journal.ok());
  EXPECT_EQ(journal->size(), 0);
}

TEST_F(JournalTest, LinesLongerThanAWindowAreReadWhole) {
  auto journal = JournalWriter::Open(path_);
  ASSERT_TRUE(journal.ok());
  const Strings wanted{std::string(300'000, 'a'), "short", std::string(1'500'000, 'b')};
  for (const std::string& line : wanted) ASSERT_TRUE(journal->Append(line).ok());
  EXPECT_EQ(Texts(), wanted);
}

TEST_F(JournalTest, ALineThatDoesNotFitLeavesTheJournalAsItWas) {
  auto journal = JournalWriter::Open(path_);
  ASSERT_TRUE(journal.ok());
  ASSERT_TRUE(journal->Append("before").ok());
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{64, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_FALSE(journal->Append(std::string(1000, 'x')).ok());
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  ASSERT_TRUE(journal->Append("after").ok());
  EXPECT_EQ(Texts(), (Strings{"before", "after"}));
}

}  // namespace
}  // namespace lazurite
