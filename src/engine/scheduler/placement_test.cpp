#include "engine/scheduler/placement.h"

#include <gtest/gtest.h>

namespace lazurite::scheduler {
namespace {

Cluster TwoSlots() { return {.machine = {.slots = 2, .gpus = {}}, .shares = {}, .running = {}}; }

std::vector<std::string> Names(const std::vector<Placed>& placed) {
  std::vector<std::string> names;
  for (const Placed& one : placed) names.push_back(one.job);
  return names;
}

TEST(Placement, FillsTheSlotsInOrder) {
  const auto placed = Place(TwoSlots(), {{"a", "local"}, {"b", "local"}, {"c", "local"}});
  EXPECT_EQ(Names(placed), (std::vector<std::string>{"a", "b"}));
}

TEST(Placement, CoresThatNobodyWaitsForAreLent) {
  const auto alone = Place(TwoSlots(), {{"a", "local"}});
  ASSERT_EQ(alone.size(), 1U);
  EXPECT_EQ(alone[0].cpus, 2);
  for (const Placed& one : Place(TwoSlots(), {{"a", "local"}, {"b", "local"}, {"c", "local"}})) {
    EXPECT_EQ(one.cpus, 1);
  }
}

TEST(Placement, AJobTooLargeForTheMomentHoldsBackThoseBehindIt) {
  Cluster cluster = TwoSlots();
  cluster.running.push_back({.ask = {"r", "local"}, .slots = 1, .gpus = {}});
  EXPECT_TRUE(Place(cluster, {{"big", "local", 2}, {"small", "local"}}).empty());
  EXPECT_EQ(Explain(cluster, {{"big", "local", 2}, {"small", "local"}}, 1),
            "waits behind 1 job in the queue; the first of them, big, needs 2 slots of 2, 1 free: "
            "held by job r");
}

TEST(Placement, AFullComputeHoldsBackOnlyItsOwnJobs) {
  Cluster cluster = TwoSlots();
  cluster.shares["one"] = 1;
  cluster.running.push_back({.ask = {"r", "one"}, .slots = 1, .gpus = {}});
  const std::vector<Ask> queue = {{"a", "one"}, {"b", "local"}};
  EXPECT_EQ(Names(Place(cluster, queue)), std::vector<std::string>{"b"});
  EXPECT_EQ(Explain(cluster, queue, 0), "compute one is full: its 1 instance is held by job r");
}

TEST(Placement, AJobLargerThanTheMachineGetsAllOfIt) {
  const auto placed = Place(TwoSlots(), {{"a", "local", 8}});
  ASSERT_EQ(placed.size(), 1u);
  EXPECT_EQ(placed[0].slots, 2);
}

TEST(Placement, HandsOutEachGpuOnce) {
  Cluster cluster{.machine = {.slots = 8, .gpus = {"0", "1", "2"}}, .shares = {}, .running = {}};
  cluster.running.push_back({.ask = {"r", "local", 1, 1}, .slots = 1, .gpus = {"1"}});
  const auto placed = Place(cluster, {{"a", "local", 1, 2}, {"b", "local", 1, 1}});
  ASSERT_EQ(placed.size(), 1u);
  EXPECT_EQ(placed[0].gpus, (std::vector<std::string>{"0", "2"}));
}

TEST(Placement, AJobThatCanNeverRunHoldsBackNobody) {
  const std::vector<Ask> queue = {{"gpu", "local", 1, 4}, {"b", "local"}};
  EXPECT_EQ(Names(Place(TwoSlots(), queue)), std::vector<std::string>{"b"});
  EXPECT_EQ(Explain(TwoSlots(), queue, 0), "needs 4 GPUs, this machine has 0");
}

TEST(Placement, TheSameQuestionGetsTheSameAnswer) {
  std::vector<Ask> queue;
  for (int i = 0; i < 1000; ++i) queue.push_back({"j" + std::to_string(i), "local", 1 + i % 3});
  EXPECT_EQ(Names(Place(TwoSlots(), queue)), Names(Place(TwoSlots(), queue)));
}

}  // namespace
}  // namespace lazurite::scheduler
