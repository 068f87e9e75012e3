#include "engine/scheduler/placement.h"

#include <gtest/gtest.h>

#include <set>

namespace lazurite::scheduler {
namespace {

constexpr Time kNow = FromMillis(1'700'000'000'000);
constexpr Duration kMinute{std::chrono::minutes(1)};

Cluster Slots(int slots) { return {.machine = {.slots = slots}, .computes = {}, .running = {}}; }

Cluster WithGpus(int slots, const std::vector<std::string>& gpus) {
  Cluster cluster = Slots(slots);
  for (const std::string& gpu : gpus) cluster.machine.gpus.push_back({.name = gpu});
  cluster.now = kNow;
  return cluster;
}

Ask Wants(const std::string& job, int instances = 1, std::optional<int> gpus = std::nullopt) {
  Ask ask{.job = job, .instances = instances};
  ask.wish.gpus = gpus;
  return ask;
}

Ask On(const std::string& compute, const std::string& job) {
  return {.job = job, .compute = compute};
}

Held Holding(Ask ask, int slots, std::vector<std::string> gpus = {}) {
  return {.ask = std::move(ask), .slots = slots, .gpus = std::move(gpus)};
}

std::vector<std::string> Names(const std::vector<Placed>& placed) {
  std::vector<std::string> names;
  for (const Placed& one : placed) names.push_back(one.job);
  return names;
}

using Words = std::vector<std::string>;

TEST(Placement, FillsTheSlotsInOrder) {
  EXPECT_EQ(Names(Place(Slots(2), {Wants("a"), Wants("b"), Wants("c")})), (Words{"a", "b"}));
}

TEST(Placement, CoresThatNobodyWaitsForAreLent) {
  const auto alone = Place(Slots(2), {Wants("a")});
  ASSERT_EQ(alone.size(), 1U);
  EXPECT_EQ(alone[0].cpus, 2);
  for (const Placed& one : Place(Slots(2), {Wants("a"), Wants("b"), Wants("c")})) {
    EXPECT_EQ(one.cpus, 1);
  }
}

TEST(Placement, AJobTooLargeForTheMomentHoldsBackThoseBehindIt) {
  Cluster cluster = Slots(2);
  cluster.running.push_back(Holding(Wants("r"), 1));
  const std::vector<Ask> queue = {Wants("big", 2), Wants("small")};
  EXPECT_TRUE(Place(cluster, queue).empty());
  EXPECT_EQ(Explain(cluster, queue, 1),
            "waits behind 1 job in the queue; the first of them, big, needs 2 slots of 2, 1 free: "
            "held by job r");
}

TEST(Placement, AFullComputeHoldsBackOnlyItsOwnJobs) {
  Cluster cluster = Slots(2);
  cluster.computes["w/one"] = {.instances_max = 1};
  cluster.running.push_back(Holding(On("w/one", "r"), 1));
  const std::vector<Ask> queue = {On("w/one", "a"), On("w/one", "a2"), Wants("b")};
  EXPECT_EQ(Names(Place(cluster, queue)), Words{"b"});
  EXPECT_EQ(Explain(cluster, queue, 0), "compute one is full: its 1 instance is held by job r");
  EXPECT_EQ(Explain(cluster, queue, 1),
            "waits behind others; compute one is full: its 1 instance is held by job r");
}

TEST(Placement, AComputeWithoutInstancesTakesNoJobs) {
  Cluster cluster = Slots(2);
  cluster.computes["w/off"] = {.instances_max = 0};
  const std::vector<Ask> queue = {On("w/off", "a"), Wants("b")};
  EXPECT_EQ(Names(Place(cluster, queue)), Words{"b"});
  EXPECT_EQ(Explain(cluster, queue, 0),
            "compute off takes no jobs: its max_instances is 0 (lazurite compute update off "
            "--max-instances N)");
}

TEST(Placement, AJobLargerThanTheMachineGetsAllOfItAndIsToldSo) {
  const auto placed = Place(Slots(2), {Wants("a", 8)});
  ASSERT_EQ(placed.size(), 1u);
  EXPECT_EQ(placed[0].slots, 2);
  EXPECT_EQ(placed[0].notes,
            Words{"the job asks for 8 cores; this machine has 2 cores, the job gets 2 cores"});
}

TEST(Placement, ASizeIsCutToTheMachineAndTheJobIsToldSo) {
  Cluster cluster = WithGpus(2, {});
  cluster.machine.memory_bytes = int64_t{8} << 30;
  cluster.computes["w/gpu"] = {.size = "Standard_NC6s_v3",
                               .instance = *SizeShare("Standard_NC6s_v3")};
  const auto placed = Place(cluster, {On("w/gpu", "a")});
  ASSERT_EQ(placed.size(), 1u);
  EXPECT_EQ(placed[0].slots, 2);
  EXPECT_EQ(placed[0].memory_bytes, int64_t{8} << 30);
  ASSERT_EQ(placed[0].notes.size(), 3U);
  EXPECT_EQ(placed[0].notes[0],
            "compute gpu (Standard_NC6s_v3) asks for 6 cores; this machine has 2 cores, the job "
            "gets 2 cores");
  EXPECT_EQ(placed[0].notes[2],
            "compute gpu (Standard_NC6s_v3) asks for 1 GPU; this machine has 0, the job gets 0");
}

TEST(Placement, HandsOutEachGpuOnce) {
  Cluster cluster = WithGpus(8, {"0", "1", "2"});
  cluster.running.push_back(Holding(Wants("r", 1, 1), 1, {"1"}));
  const auto placed = Place(cluster, {Wants("a", 1, 2), Wants("b", 1, 1)});
  ASSERT_EQ(placed.size(), 1u);
  EXPECT_EQ(placed[0].gpus, (Words{"0", "2"}));
}

TEST(Placement, FourJobsShareFourGpusAndEachHasItsOwn) {
  const auto placed = Place(
      WithGpus(8, {"0", "1", "2", "3"}),
      {Wants("a", 1, 1), Wants("b", 1, 1), Wants("c", 1, 1), Wants("d", 1, 1), Wants("e", 1, 1)});
  ASSERT_EQ(placed.size(), 4U);
  std::set<std::string> gpus;
  for (const Placed& one : placed) gpus.insert(one.gpus.at(0));
  EXPECT_EQ(gpus.size(), 4U);
}

TEST(Placement, AGpuHeldByOthersIsSteppedAroundAndNamed) {
  Cluster cluster = WithGpus(8, {"0", "1"});
  cluster.machine.gpus[0].holder = "process 4711 (python3) of user anna";
  const std::vector<Ask> queue = {Wants("a", 1, 1), Wants("b", 1, 1)};
  const auto placed = Place(cluster, queue);
  ASSERT_EQ(Names(placed), Words{"a"});
  EXPECT_EQ(placed[0].gpus, Words{"1"});
  cluster.running.push_back(Holding(queue[0], 1, {"1"}));
  EXPECT_EQ(Explain(cluster, {queue[1]}, 0),
            "needs 1 GPU, 0 of 2 free: GPU 0 held by process 4711 (python3) of user anna, GPU 1 by "
            "job a");
}

TEST(Placement, FractionsFillTheEmptiestGpuFirst) {
  Cluster cluster = WithGpus(8, {"0", "1"});
  cluster.machine.seats_per_gpu = 2;
  const auto placed = Place(cluster, {Wants("a", 1, 1), Wants("b", 1, 1), Wants("c", 1, 1),
                                      Wants("d", 1, 1), Wants("e", 1, 1)});
  ASSERT_EQ(placed.size(), 4U);
  EXPECT_NE(placed[0].gpus, placed[1].gpus);
  EXPECT_EQ(placed[2].gpus, placed[0].gpus);
}

TEST(Placement, WhileGpusAreLookedForOnlyJobsWithoutThemAreStarted) {
  Cluster cluster = WithGpus(8, {});
  cluster.machine.is_looking = true;
  const std::vector<Ask> queue = {Wants("gpu", 1, 1), Wants("cpu")};
  EXPECT_EQ(Names(Place(cluster, queue)), Words{"cpu"});
  EXPECT_EQ(Explain(cluster, queue, 0), "waits for the driver to tell which GPUs this machine has");
}

TEST(Placement, AJobThatWaitsForTheDriverKeepsItsPlaceBeforeOthers) {
  Cluster cluster = WithGpus(2, {"0"});
  cluster.machine.is_asking = true;
  Ask gpu = Wants("gpu", 1, 1);
  gpu.wish.cpus = 2;
  Ask fast = Wants("short");
  fast.timeout = kMinute;
  Ask running = Wants("r");
  running.timeout = kMinute * 60;
  cluster.running = {Holding(running, 0)};
  cluster.running[0].started = kNow;
  const std::vector<Ask> queue = {gpu, Wants("cpu"), fast};
  EXPECT_TRUE(Place(cluster, queue).empty());
  const std::string why = "waits for the driver to tell who uses this machine's GPUs";
  EXPECT_EQ(Explain(cluster, queue, 0), why);
  EXPECT_EQ(Explain(cluster, queue, 1),
            "waits behind 1 job in the queue; the first of them, gpu, " + why);
  cluster.machine.is_asking = false;
  EXPECT_EQ(Names(Place(cluster, queue)), Words{"gpu"});
  // Before the driver has told which GPUs there are, the same.
  cluster.machine.is_looking = true;
  cluster.machine.gpus.clear();
  EXPECT_TRUE(Place(cluster, queue).empty());
}

TEST(Placement, ASilentDriverHoldsUpOnlyThoseWhoNeedIt) {
  Cluster cluster = WithGpus(2, {"0"});
  cluster.machine.is_asking = cluster.machine.is_silent = true;
  Ask gpu = Wants("gpu", 1, 1);
  gpu.wish.cpus = 2;
  EXPECT_EQ(Names(Place(cluster, {gpu, Wants("cpu")})), Words{"cpu"});
  EXPECT_EQ(Explain(cluster, {gpu}, 0),
            "waits for the driver to tell who uses this machine's GPUs, which takes very long; see "
            "whether nvidia-smi or rocm-smi answers");
}

TEST(Placement, WhatIsShortIsToldAlsoWhileTheDriverIsAsked) {
  Cluster cluster = WithGpus(2, {"0"});
  cluster.machine.is_asking = true;
  cluster.running.push_back(Holding(Wants("r", 1, 1), 1, {"0"}));
  EXPECT_EQ(Explain(cluster, {Wants("gpu", 1, 1)}, 0),
            "needs 1 GPU, 0 of 1 free: GPU 0 held by job r");
}

TEST(Placement, AJobThatCanNeverRunHoldsBackNobody) {
  const std::vector<Ask> queue = {Wants("gpu", 1, 4), Wants("b")};
  EXPECT_EQ(Names(Place(Slots(2), queue)), Words{"b"});
  EXPECT_EQ(Explain(Slots(2), queue, 0), "needs 4 GPUs, this machine has 0");
}

TEST(Placement, MemoryIsHandedOutOnce) {
  Cluster cluster = Slots(8);
  cluster.machine.memory_bytes = int64_t{16} << 30;
  Ask large = Wants("large");
  large.wish.memory_bytes = int64_t{10} << 30;
  Ask second = large;
  second.job = "second";
  EXPECT_EQ(Names(Place(cluster, {large, second, Wants("c")})), (Words{"large", "c"}));
  Held held = Holding(large, 1);
  held.memory_bytes = int64_t{10} << 30;
  cluster.running.push_back(held);
  EXPECT_EQ(Explain(cluster, {second}, 0),
            "needs 10.0 GiB of memory, 6.0 GiB of 16.0 GiB free: held by job large");
}

TEST(Placement, WhatOtherUsersHoldIsNotGivenOut) {
  Cluster cluster = Slots(4);
  cluster.machine.slots_elsewhere = 3;
  cluster.machine.elsewhere = "3 by jobs of user anna";
  EXPECT_EQ(Names(Place(cluster, {Wants("a"), Wants("b")})), Words{"a"});
  EXPECT_EQ(Explain(cluster, {Wants("a", 2)}, 0),
            "needs 2 slots of 4, 1 free: held by nobody, and 3 by jobs of user anna");
}

TEST(Placement, AUserAtTheLimitHoldsBackOnlyOwnJobs) {
  Cluster cluster = Slots(8);
  cluster.running_per_user_max = 1;
  Ask running = Wants("r");
  running.user = "anna";
  cluster.running.push_back(Holding(running, 1));
  Ask hers = Wants("hers");
  hers.user = "anna";
  Ask his = Wants("his");
  his.user = "ben";
  EXPECT_EQ(Names(Place(cluster, {hers, his})), Words{"his"});
  EXPECT_EQ(Explain(cluster, {hers}, 0),
            "user anna has 1 job running already, the most that one user may have ([compute] "
            "max_running_per_user): held by job r");
}

TEST(Backfill, PassesTheHeadWithWhatTheHeadIsNotShortOf) {
  Cluster cluster = WithGpus(4, {"0"});
  cluster.running.push_back(Holding(Wants("r", 1, 1), 1, {"0"}));
  // The head waits for the GPU and will need one of the three slots.
  const std::vector<Ask> queue = {Wants("head", 1, 1), Wants("a"), Wants("b"), Wants("c")};
  EXPECT_EQ(Names(Place(cluster, queue)), (Words{"a", "b"}));
}

TEST(Backfill, AShortJobPassesIfItIsOverBeforeTheHeadCanStart) {
  Cluster cluster = WithGpus(2, {});
  Ask running = Wants("r");
  running.timeout = kMinute * 60;
  Held held = Holding(running, 1);
  held.started = kNow;
  cluster.running.push_back(held);
  Ask fast = Wants("short");
  fast.timeout = kMinute * 10;
  Ask slow = Wants("long");
  slow.timeout = kMinute * 59;
  const Ask endless = Wants("endless");
  EXPECT_EQ(Names(Place(cluster, {Wants("head", 2), slow, endless, fast})), Words{"short"});
  // Without the end of what runs nothing is known.
  cluster.running[0].ask.timeout.reset();
  EXPECT_TRUE(Place(cluster, {Wants("head", 2), fast}).empty());
}

// Whatever is placed beside the head, in whatever order those end that run: when what the head
// needs would be free without the others, it is free with them.
TEST(Backfill, NeverTakesWhatTheHeadWaitsFor) {
  for (int seed = 0; seed < 500; ++seed) {
    unsigned state = static_cast<unsigned>(seed) * 2654435761U + 1;
    const auto dice = [&state](int sides) {
      state = state * 1664525U + 1013904223U;
      return static_cast<int>((state >> 16) % static_cast<unsigned>(sides));
    };
    Cluster cluster = WithGpus(6, {"0", "1", "2"});
    const int held_gpus = dice(4);
    for (int i = 0; i < held_gpus; ++i) {
      cluster.running.push_back(
          Holding(Wants("r" + std::to_string(i), 1, 1), 1, {std::to_string(i)}));
    }
    std::vector<Ask> queue;
    for (int i = 0; i < 8; ++i)
      queue.push_back(Wants("j" + std::to_string(i), 1 + dice(3), dice(3)));
    const std::vector<Placed> placed = Place(cluster, queue);
    size_t head = 0;
    while (head < placed.size() && placed[head].job == queue[head].job) ++head;
    if (head == queue.size() || queue[head].wish.gpus.value() * queue[head].instances > 3) continue;
    // All that ran has ended; what was placed has not.
    int slots = 6;
    int gpus = 3;
    for (const Placed& one : placed) {
      slots -= one.slots;
      gpus -= static_cast<int>(one.gpus.size());
    }
    int slots_without = 6;
    int gpus_without = 3;
    for (size_t i = 0; i < head; ++i) {
      slots_without -= placed[i].slots;
      gpus_without -= static_cast<int>(placed[i].gpus.size());
    }
    const int need_slots = queue[head].instances;
    const int need_gpus = queue[head].wish.gpus.value() * queue[head].instances;
    EXPECT_TRUE(slots_without < need_slots || slots >= need_slots) << seed;
    EXPECT_TRUE(gpus_without < need_gpus || gpus >= need_gpus) << seed;
  }
}

Held Spot(const std::string& job, std::vector<std::string> gpus, int minute) {
  Held held = Holding(Wants(job, 1, static_cast<int>(gpus.size())), 1, std::move(gpus));
  held.ask.is_spot = true;
  held.started = kNow + kMinute * minute;
  return held;
}

std::vector<std::string> Ended(const std::vector<Preemption>& preemptions) {
  std::vector<std::string> names;
  for (const Preemption& one : preemptions) names.push_back(one.job);
  return names;
}

TEST(Preemption, EndsTheYoungestThatGivesWayAndNoMoreThanNeeded) {
  Cluster cluster = WithGpus(8, {"0", "1", "2"});
  cluster.running = {Spot("old", {"0"}, 0), Spot("young", {"1"}, 5),
                     Holding(Wants("firm", 1, 1), 1, {"2"}), Spot("cpu", {}, 9)};
  const auto preemptions = Preempt(cluster, {Wants("head", 1, 1)});
  EXPECT_EQ(Ended(preemptions), Words{"young"});
  EXPECT_EQ(preemptions[0].by, "head");
}

TEST(Preemption, EndsNobodyInVain) {
  Cluster cluster = WithGpus(8, {"0", "1"});
  cluster.running = {Spot("spot", {"0"}, 0), Holding(Wants("firm", 1, 1), 1, {"1"})};
  EXPECT_TRUE(Preempt(cluster, {Wants("head", 1, 2)}).empty());
  EXPECT_TRUE(Preempt(cluster, {Wants("never", 1, 3)}).empty());
  // What is asked to end already makes the room.
  cluster.running[0].is_ending = true;
  EXPECT_TRUE(Preempt(cluster, {Wants("head", 1, 1)}).empty());
}

TEST(Preemption, JobsThatGiveWayEndOthersOnlyByPriority) {
  Cluster cluster = WithGpus(8, {"0"});
  cluster.running = {Spot("spot", {"0"}, 0)};
  Ask equal = Wants("equal", 1, 1);
  equal.is_spot = true;
  EXPECT_TRUE(Preempt(cluster, {equal}).empty());
  equal.priority = 1;
  EXPECT_EQ(Ended(Preempt(cluster, {equal})), Words{"spot"});
}

TEST(Placement, TheSameQuestionGetsTheSameAnswer) {
  std::vector<Ask> queue;
  for (int i = 0; i < 1000; ++i) queue.push_back(Wants("j" + std::to_string(i), 1 + i % 3));
  EXPECT_EQ(Names(Place(Slots(2), queue)), Names(Place(Slots(2), queue)));
  const std::vector<std::string> all = ExplainAll(Slots(2), queue);
  for (size_t i = 0; i < 20; ++i) EXPECT_EQ(all[i], Explain(Slots(2), queue, i));
}

}  // namespace
}  // namespace lazurite::scheduler
