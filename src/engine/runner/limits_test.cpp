#include "engine/runner/limits.h"

#include <sys/mman.h>

#include "engine/runner/runner_harness.h"

namespace lazurite::runner {
namespace {

constexpr int64_t kMemory = int64_t{96} << 20;
constexpr const char* kGreedy = "x=$(head -c 400M /dev/zero | tr '\\0' x); echo ${#x}";

class LimitsTest : public RunnerHarness {
 protected:
  std::string How() { return Exit().limits.GetString("by"); }
  bool HasGroup() { return How().starts_with("cgroup"); }
  bool IsGroupGone() {
    for (const std::string& folder : channel_->ReadGroups()) {
      if (Exists(folder)) return false;
    }
    return true;
  }
};

TEST_F(LimitsTest, AJobBeyondItsMemoryEndsAsOutOfMemoryWithThePeak) {
  spec_.memory_bytes = kMemory;
  const ExitRecord exit = RunJob(kGreedy);
  if (!HasGroup()) GTEST_SKIP() << Read("system_logs/limits.txt");
  EXPECT_EQ(exit.cause, "out_of_memory") << exit.message;
  EXPECT_NE(exit.message.find("needed more than its 96.0 MiB of memory"), std::string::npos)
      << exit.message;
  EXPECT_GT(exit.usage.memory_peak_bytes, kMemory / 2);
  EXPECT_LE(exit.usage.memory_peak_bytes, kMemory);
  EXPECT_EQ(exit.limits.GetInt("memory_bytes"), kMemory);
  EXPECT_NE(Read("system_logs/limits.txt").find(How()), std::string::npos);
  EXPECT_TRUE(IsGroupGone());
}

TEST_F(LimitsTest, ARankThatOutlivesItsGreedyChildIsEndedToo) {
  spec_.memory_bytes = kMemory;
  const ExitRecord exit =
      RunJob("(" + std::string(kGreedy) + ") & trap '' TERM; while true; do sleep 0.1; done");
  if (!HasGroup()) GTEST_SKIP() << Read("system_logs/limits.txt");
  EXPECT_EQ(exit.cause, "out_of_memory") << exit.message;
  EXPECT_TRUE(Marked().empty());
}

TEST_F(LimitsTest, TheRankThatTookItIsNamed) {
  spec_.memory_bytes = kMemory;
  spec_.distribution = {Distribution::Kind::kPyTorch, 2, 0, 0};
  const ExitRecord exit =
      RunJob("if [ $RANK = 1 ]; then " + std::string(kGreedy) + "; else sleep 1000; fi");
  if (!HasGroup()) GTEST_SKIP() << Read("system_logs/limits.txt");
  EXPECT_EQ(exit.cause, "out_of_memory") << exit.message;
  ASSERT_EQ(exit.rank_usage.size(), 2U);
  EXPECT_GT(exit.rank_usage[1].memory_peak_bytes, exit.rank_usage[0].memory_peak_bytes);
  EXPECT_NE(exit.message.find("rank 1"), std::string::npos) << exit.message;
  EXPECT_EQ(exit.rank, 1);
}

TEST_F(LimitsTest, AJobThatKeepsToItsLimitsTellsItsPeak) {
  spec_.memory_bytes = kMemory;
  const ExitRecord exit = RunJob("x=$(head -c 20M /dev/zero | tr '\\0' x); echo ${#x}; ulimit -d");
  EXPECT_TRUE(exit.succeeded()) << exit.message;
  if (!HasGroup()) GTEST_SKIP() << Read("system_logs/limits.txt");
  EXPECT_GT(exit.usage.memory_peak_bytes, int64_t{20} << 20);
  EXPECT_TRUE(LogText().ends_with("unlimited\n")) << LogText();
}

TEST_F(LimitsTest, AJobCannotGiveItselfMore) {
  spec_.memory_bytes = kMemory;
  const ExitRecord exit = RunJob(
      "for f in $(cat $LAZURITE_ATTEMPT/nodes/0/groups); do for name in memory.limit_in_bytes "
      "memory.max cgroup.procs; do echo 0 > $f/$name; done; done; exit 3");
  if (!HasGroup()) GTEST_SKIP() << Read("system_logs/limits.txt");
  if (Read("system_logs/data.txt").find("no mount") != std::string::npos) {
    GTEST_SKIP() << Read("system_logs/data.txt");
  }
  EXPECT_EQ(exit.code, 3) << exit.message;
  EXPECT_NE(LogText().find("cgroup.procs: Read-only file system"), std::string::npos) << LogText();
}

TEST_F(LimitsTest, WithoutGroupsEachProcessIsLimitedAndThatIsSaid) {
  spec_.memory_bytes = kMemory;
  ASSERT_TRUE(MakeDirs(channel_->Path("nodes/0")).ok());
  Limits limits(spec_);
  limits.Begin(*channel_, 1, {home_ + "/none", home_ + "/none"});
  EXPECT_EQ(limits.how(), "rlimit");
  EXPECT_NE(limits.Sentence().find("96.0 MiB of memory for each process by itself (RLIMIT_DATA)"),
            std::string::npos)
      << limits.Sentence();
  const pid_t child = fork();
  if (child == 0) {
    if (!limits.Enter(0).ok()) _exit(98);
    // The memory is asked for, and not given.
    const void* const asked = mmap(nullptr, size_t{4} * kMemory, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    _exit(asked == MAP_FAILED ? 7 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_FALSE(limits.HasRunOut());
  EXPECT_EQ(limits.Hint(kMemory / 2), "");
  EXPECT_NE(limits.Hint(kMemory).find("may have met its memory limit of 96.0 MiB"),
            std::string::npos);
}

TEST_F(LimitsTest, AJobWithoutAShareHasNoLimitOfMemory) {
  const ExitRecord exit = RunJob("ulimit -d");
  EXPECT_TRUE(exit.succeeded());
  EXPECT_EQ(LogText(), "unlimited\n");
  EXPECT_EQ(exit.limits.GetInt("memory_bytes"), 0);
}

}  // namespace
}  // namespace lazurite::runner
