#include "api/live/log_tail.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace lazurite::live {
namespace {

class LogTailTest : public testing::Test {
 protected:
  void TearDown() override { ASSERT_TRUE(RemoveTree(file_).ok()); }
  std::string Tail(const std::string& text, int64_t lines) {
    EXPECT_TRUE(WriteFile(file_, text).ok());
    const Result<Fd> file = OpenFile(file_, O_RDONLY);
    EXPECT_TRUE(file.ok()) << file.status().text();
    if (!file.ok()) return "";
    const Result<int64_t> offset = OffsetOfLastLines(*file, lines);
    EXPECT_TRUE(offset.ok()) << offset.status().text();
    return offset.ok() ? text.substr(static_cast<size_t>(*offset)) : "";
  }
  const std::string file_ = testing::TempDir() + "log_tail_test.txt";
};

TEST_F(LogTailTest, FindsTheLastLines) {
  EXPECT_EQ(Tail("a\nb\nc\n", 2), "b\nc\n");
  EXPECT_EQ(Tail("a\nb\nc\n", 1), "c\n");
  EXPECT_EQ(Tail("a\nb\nc\n", 0), "");
  EXPECT_EQ(Tail("a\nb\nc\n", 9), "a\nb\nc\n");
}

TEST_F(LogTailTest, ALastLineWithoutALineFeedCounts) {
  EXPECT_EQ(Tail("a\nb\nc", 2), "b\nc");
  EXPECT_EQ(Tail("", 2), "");
  EXPECT_EQ(Tail("\n\n\n", 2), "\n\n");
}

TEST_F(LogTailTest, LinesLongerThanABlockAreFound) {
  const std::string line(200'000, 'x');
  EXPECT_EQ(Tail("a\n" + line + "\n" + line + "\n", 1), line + "\n");
  EXPECT_EQ(Tail("a\n" + line + "\n" + line + "\n", 2), line + "\n" + line + "\n");
}

}  // namespace
}  // namespace lazurite::live
