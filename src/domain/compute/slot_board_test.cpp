#include "domain/compute/slot_board.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "domain/compute/gpu_watch.h"

namespace lazurite {
namespace {

class SlotBoardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/lazurite-board-XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    root_ = pattern;
    folder_ = root_ + "/slots";
    Result<SlotBoard> board = SlotBoard::Open(folder_);
    ASSERT_TRUE(board.ok()) << board.status().text();
    board_.emplace(std::move(board).value());
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(root_).ok()); }

  // A process that holds what `take` gives until the test ends it.
  template <typename Take>
  pid_t InAnotherProcess(Take take) {
    int pipe_ends[2];
    EXPECT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      [[maybe_unused]] const auto held = take();
      const char ready = 'r';
      if (write(pipe_ends[1], &ready, 1) != 1) _exit(1);
      pause();
      _exit(0);
    }
    char ready = 0;
    EXPECT_EQ(read(pipe_ends[0], &ready, 1), 1);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return child;
  }
  static void End(pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }

  std::string root_, folder_;
  std::optional<SlotBoard> board_;
};

TEST_F(SlotBoardTest, TwoServersNeverTakeTheSameGpu) {
  const SlotPart part = board_->PartOf("0");
  const Result<Fd> mine = board_->Take(part, {"a"});
  ASSERT_TRUE(mine.ok()) << mine.status().text();
  const Result<Fd> again = board_->Take(part, {"b"});
  EXPECT_EQ(again.status().code(), Code::kConflict);
  EXPECT_NE(again.status().text().find("job a of user "), std::string::npos)
      << again.status().text();
  EXPECT_TRUE(board_->Take(board_->PartOf("1"), {"b"}).ok());
}

TEST_F(SlotBoardTest, TheRunnerHoldsItWhenTheServerIsGone) {
  const SlotPart part = board_->PartOf("0");
  const pid_t server = InAnotherProcess([&] { return board_->Take(part, {"a"}); });
  const pid_t runner = InAnotherProcess([&] { return JoinSlot(part, {"a"}); });
  End(server);
  const std::optional<SlotHolder> holder = board_->HolderOf(part);
  ASSERT_TRUE(holder.has_value());
  EXPECT_NE(holder->words.find("(process " + std::to_string(runner) + ")"), std::string::npos)
      << holder->words;
  EXPECT_FALSE(board_->Take(part, {"b"}).ok());
  End(runner);
  EXPECT_FALSE(board_->HolderOf(part).has_value());
  EXPECT_TRUE(board_->Take(part, {"b"}).ok());
}

TEST_F(SlotBoardTest, AProgramWithAnOrdinaryLockIsNamedByItsProcess) {
  const SlotPart part = board_->PartOf("2");
  ASSERT_TRUE(board_->Take(part, {"a"}).ok());
  const pid_t flocker = InAnotherProcess([&] {
    const int file = open(part.path.c_str(), O_RDWR | O_CLOEXEC);
    return flock(file, LOCK_EX);
  });
  std::optional<SlotHolder> holder = board_->HolderOf(part);
  ASSERT_TRUE(holder.has_value());
  EXPECT_TRUE(holder->words.starts_with("process " + std::to_string(flocker) + " ("))
      << holder->words;
  EXPECT_NE(holder->words.find(" of user "), std::string::npos);
  EXPECT_FALSE(board_->Take(part, {"b"}).ok());
  End(flocker);
  const pid_t locker = InAnotherProcess([&] {
    const int file = open(part.path.c_str(), O_RDWR | O_CLOEXEC);
    return lockf(file, F_LOCK, 0);
  });
  holder = board_->HolderOf(part);
  ASSERT_TRUE(holder.has_value());
  EXPECT_TRUE(holder->words.starts_with("process " + std::to_string(locker) + " ("))
      << holder->words;
  End(locker);
  EXPECT_TRUE(board_->Take(part, {"b"}).ok());
}

TEST_F(SlotBoardTest, WhatOthersCallThemselvesPlaysNoTricks) {
  const SlotPart part = board_->PartOf("0");
  const pid_t other = InAnotherProcess([&] {
    EXPECT_EQ(prctl(PR_SET_NAME, "x\x1b[2J\n\xc2\x9b"), 0);
    return board_->Take(part, {"a\x1b[2J\xc2\x9b"});
  });
  const std::string holder = board_->HolderOf(part)->words;
  EXPECT_TRUE(holder.starts_with("job a_[2J__ of user ")) << holder;
  const std::string process = "process " + std::to_string(other);
  EXPECT_TRUE(ProcessWords(other).starts_with(process + " (x_[2J___)")) << ProcessWords(other);
  End(other);
}

TEST_F(SlotBoardTest, SeatsOfOneGpuAreHeldOneByOneAndTheWholeOnlyAlone) {
  const Result<Fd> first = board_->Take(board_->PartOf("0", 0), {"a"});
  ASSERT_TRUE(first.ok());
  {
    const Result<Fd> second = board_->Take(board_->PartOf("0", 1), {"b"});
    EXPECT_TRUE(second.ok());
    EXPECT_FALSE(board_->Take(board_->PartOf("0", 1), {"c"}).ok());
  }
  EXPECT_FALSE(board_->Take(board_->PartOf("0"), {"whole"}).ok());
  EXPECT_NE(board_->HolderOf(board_->PartOf("0"))->words.find("job a "), std::string::npos);
  EXPECT_FALSE(board_->HolderOf(board_->PartOf("0", 1)).has_value());
}

TEST_F(SlotBoardTest, LinksAndFoldersOfAnotherModeAreRefused) {
  const std::string link = root_ + "/link";
  ASSERT_EQ(symlink(folder_.c_str(), link.c_str()), 0);
  EXPECT_EQ(SlotBoard::Open(link).status().code(), Code::kFailedPrecondition);
  ASSERT_EQ(symlink("/etc/passwd", (folder_ + "/gpu-0").c_str()), 0);
  EXPECT_FALSE(board_->Take(board_->PartOf("0"), {"a"}).ok());
  ASSERT_TRUE(WriteFile(root_ + "/other", "precious").ok());
  ASSERT_EQ(::link((root_ + "/other").c_str(), (folder_ + "/gpu-1").c_str()), 0);
  EXPECT_FALSE(board_->Take(board_->PartOf("1"), {"a"}).ok());
  EXPECT_TRUE(board_->HolderOf(board_->PartOf("1")).has_value());
  EXPECT_EQ(*ReadFile(root_ + "/other"), "precious");
  ASSERT_EQ(chmod(folder_.c_str(), 0777), 0);
  EXPECT_EQ(SlotBoard::Open(folder_).status().code(), Code::kFailedPrecondition);
}

TEST_F(SlotBoardTest, ALockOnARemovedFileKeepsNobodyOut) {
  const SlotPart part = board_->PartOf("0");
  const Result<Fd> old = board_->Take(part, {"a"});
  ASSERT_EQ(unlink(part.path.c_str()), 0);
  EXPECT_TRUE(board_->Take(part, {"b"}).ok());
}

TEST_F(SlotBoardTest, AShareIsClaimedAlsoWhileAServerRemovesWhatIsLeftOver) {
  std::atomic<bool> is_over = false;
  std::thread sweeper([&] {
    while (!is_over) EXPECT_EQ(board_->LookElsewhere().slots, 0);
  });
  for (int i = 0; i < 300; ++i) {
    const Result<Fd> share = ClaimShare(folder_, 1, 0);
    EXPECT_TRUE(share.ok()) << share.status().text();
    struct stat status {};
    EXPECT_EQ(share.ok() ? fstat(share->get(), &status) : -1, 0);
    EXPECT_EQ(status.st_nlink, 1U) << "claim " << i;
  }
  is_over = true;
  sweeper.join();
}

TEST_F(SlotBoardTest, OnlyLeftOverSharesAreRemoved) {
  const std::string left = folder_ + "/share-" + std::to_string(geteuid()) + "-1";
  const std::string other = folder_ + "/share-" + std::to_string(geteuid()) + "-notes";
  ASSERT_TRUE(WriteFile(left, "{}").ok());
  ASSERT_TRUE(WriteFile(other, "precious").ok());
  EXPECT_EQ(board_->LookElsewhere().slots, 0);
  EXPECT_FALSE(Exists(left));
  EXPECT_TRUE(Exists(other));
}

TEST_F(SlotBoardTest, SharesOfOtherUsersAreCountedAsLongAsTheyLive) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can be two users";
  ASSERT_EQ(chmod(root_.c_str(), 0755), 0);
  const pid_t other = InAnotherProcess([&] {
    if (setresuid(65534, 65534, 65534) != 0) _exit(1);
    return ClaimShare(folder_, 3, int64_t{1} << 30);
  });
  const Result<Fd> mine = ClaimShare(folder_, 5, 0);
  ASSERT_TRUE(mine.ok()) << mine.status().text();
  const Elsewhere seen = board_->LookElsewhere();
  EXPECT_EQ(seen.slots, 3);
  EXPECT_EQ(seen.memory_bytes, int64_t{1} << 30);
  EXPECT_TRUE(seen.words.starts_with("3 by jobs of user ")) << seen.words;
  End(other);
  EXPECT_EQ(board_->LookElsewhere().slots, 0);
}

}  // namespace
}  // namespace lazurite
