#include "engine/scheduler/surroundings.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace lazurite::scheduler {
namespace {

class SurroundingsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/lazurite-around-XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    root_ = pattern;
    Result<SlotBoard> board = SlotBoard::Open(root_ + "/slots");
    ASSERT_TRUE(board.ok()) << board.status().text();
    board_.emplace(std::move(board).value());
    around_.emplace(SurroundingsOptions{
        .machine = {.slots = 4, .gpus = {{.name = "0"}, {.name = "1"}}}, .board = *board_});
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(root_).ok()); }

  static Held WithGpu(const std::string& job, const std::string& gpu) {
    return {.ask = {.job = job}, .gpus = {gpu}};
  }

  std::string root_;
  std::optional<SlotBoard> board_;
  std::optional<Surroundings> around_;
};

TEST_F(SurroundingsTest, LooksAgainAtOnceOnlyForThoseWhoBeginToWaitAndWhenOthersHaveGpus) {
  around_->Look({}, false);
  const Result<Fd> first = board_->Take(board_->PartOf("0"), {"theirs"});
  ASSERT_TRUE(first.ok());
  around_->Look({}, false);
  EXPECT_EQ(around_->machine().gpus[0].holder, "");
  around_->Look({}, true);
  EXPECT_NE(around_->machine().gpus[0].holder, "");
  const Result<Fd> second = board_->Take(board_->PartOf("1"), {"theirs too"});
  ASSERT_TRUE(second.ok());
  around_->Look({}, true);
  EXPECT_EQ(around_->machine().gpus[1].holder, "");
  around_->Look({WithGpu("a", "0")}, true);
  EXPECT_NE(around_->machine().gpus[1].holder, "");
}

TEST_F(SurroundingsTest, AJobThatIsPlacedAgainGetsLocksOfItsOwn) {
  std::vector<Placed> first = {{.job = "a", .gpus = {"0"}, .attempt = 1}};
  ASSERT_TRUE(around_->Take(first));
  std::vector<Placed> second = {{.job = "a", .gpus = {"1"}, .attempt = 2}};
  ASSERT_TRUE(around_->Take(second));
  ASSERT_EQ(second[0].locks.size(), 1U);
  EXPECT_EQ(second[0].locks[0].path, board_->PartOf("1").path);
  EXPECT_FALSE(board_->Take(board_->PartOf("1"), {"theirs"}).ok());
  around_->KeepOnly({{"a", 2}});
  EXPECT_TRUE(board_->Take(board_->PartOf("0"), {"theirs"}).ok());
  EXPECT_FALSE(board_->Take(board_->PartOf("1"), {"theirs"}).ok());
}

}  // namespace
}  // namespace lazurite::scheduler
