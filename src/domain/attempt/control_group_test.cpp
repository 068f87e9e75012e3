#include "domain/attempt/control_group.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "domain/attempt/attempt.h"

namespace lazurite {
namespace {

constexpr int64_t kMemory = int64_t{64} << 20;

// Folders that look like the kernel's: what is written to their files stays there.
class TreeTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "groups-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    places_ = {folder_ + "/cgroup", folder_ + "/own"};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Put(const std::string& path, const std::string& content) {
    const std::string file = places_.root + "/" + path;
    ASSERT_TRUE(MakeDirs(DirName(file)).ok());
    ASSERT_TRUE(WriteFile(file, content).ok());
  }
  std::string Read(const std::string& path) {
    const Result<std::string> text = ReadFile(places_.root + "/" + path);
    return text.ok() ? text.value() : "";
  }
  void OwnIs(const std::string& lines) { ASSERT_TRUE(WriteFile(places_.own, lines).ok()); }

  std::string folder_;
  GroupPlaces places_;
};

TEST_F(TreeTest, WithoutAnyGroupItIsSaid) {
  const Result<ControlGroup> none = ControlGroup::Make(places_, "g", 1, {});
  EXPECT_EQ(none.status().code(), Code::kUnavailable);
  OwnIs("0::/user.slice\n");
  Put("cgroup.subtree_control", "cpu pids\n");
  Put("user.slice/cgroup.subtree_control", "");
  EXPECT_EQ(ControlGroup::Make(places_, "g", 1, {}).status().code(), Code::kUnavailable);
}

TEST_F(TreeTest, ThisProcessIsMovedOnlyToWhereItIs) {
  const std::string own = std::to_string(getpid());
  OwnIs("3:memory:/a\n0::/b\n");
  Put("memory/a/cgroup.procs", "1\n" + own + "\n");
  EXPECT_TRUE(StayInOwnGroup(places_).ok());
  EXPECT_TRUE(Read("memory/a/cgroup.procs").starts_with(own));  // written over
  Put("memory/a/cgroup.procs", "1\n" + own + "7\n");
  EXPECT_EQ(StayInOwnGroup(places_).code(), Code::kUnavailable);
  EXPECT_EQ(Read("memory/a/cgroup.procs"), "1\n" + own + "7\n");
}

TEST_F(TreeTest, V2TakesTheNearestGroupWhoseChildrenCanHaveLimits) {
  OwnIs("0::/user.slice/app.slice/lazurite.service\n");
  Put("cgroup.subtree_control", "cpu memory\n");
  Put("user.slice/app.slice/cgroup.subtree_control", "cpu memory pids\n");
  Put("user.slice/app.slice/lazurite.service/cgroup.subtree_control", "\n");
  // The file system of a test takes "+memory" as it is, the kernel would refuse it: the service has
  // processes itself.
  ASSERT_TRUE(std::filesystem::remove(
      places_.root + "/user.slice/app.slice/lazurite.service/cgroup.subtree_control"));
  // A real group has its files at once; here the control file of the new one is missing.
  const Result<ControlGroup> made = ControlGroup::Make(places_, "g", 1, {});
  EXPECT_NE(made.status().text().find("user.slice/app.slice/g/cgroup.subtree_control"),
            std::string::npos)
      << made.status().text();
  EXPECT_FALSE(Exists(places_.root + "/user.slice/app.slice/g")) << "nothing half-made is left";
}

TEST_F(TreeTest, V2TellsPeaksAndKillsForMemory) {
  Put("g/memory.events", "low 0\nhigh 0\nmax 17\noom 2\noom_kill 3\noom_group_kill 1\n");
  Put("g/memory.peak", "1048576\n");
  Put("g/rank_1/memory.peak", "4096\n");
  Put("g/cgroup.kill", "");
  const ControlGroup group({places_.root + "/g"});
  EXPECT_EQ(group.kind(), "cgroup v2");
  EXPECT_EQ(group.KillsForMemory(), 3);
  EXPECT_EQ(group.Peak(), 1048576);
  EXPECT_EQ(group.PeakOf(0), 0) << "an older kernel does not tell";
  EXPECT_EQ(group.PeakOf(1), 4096);
  group.Kill();
  EXPECT_EQ(Read("g/cgroup.kill"), "1");
}

TEST_F(TreeTest, V1TellsPeaksAndKillsOfAllParts) {
  Put("memory/g/memory.limit_in_bytes", "67108864\n");
  Put("memory/g/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
  Put("memory/g/rank_0/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
  Put("memory/g/rank_1/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  Put("memory/g/memory.max_usage_in_bytes", "67108864\n");
  const ControlGroup group({places_.root + "/memory/g"});
  EXPECT_EQ(group.kind(), "cgroup v1");
  EXPECT_EQ(group.KillsForMemory(), 3);
  EXPECT_EQ(group.KillsForMemoryOf(0), 0);
  EXPECT_EQ(group.KillsForMemoryOf(1), 2);
  EXPECT_EQ(group.Peak(), kMemory);
}

TEST(ControlGroupName, TellsTheJobAndIsOnlyThisAttempts) {
  const std::string one = ControlGroup::NameOf("/home/jobs/brave_plum/1");
  EXPECT_TRUE(one.starts_with("lazurite-brave_plum-1-")) << one;
  EXPECT_NE(one, ControlGroup::NameOf("/other/jobs/brave_plum/1"));
  EXPECT_LE(ControlGroup::NameOf("/h/jobs/" + std::string(250, 'a') + "/1").size(), 100U);
}

TEST_F(TreeTest, OnlyAnAttemptsOwnGroupsAreReadBack) {
  const AttemptChannel channel(folder_ + "/jobs/a/1");
  const std::string own = "/sys/fs/cgroup/memory/" + ControlGroup::NameOf(channel.folder());
  ASSERT_TRUE(MakeDirs(channel.Path("nodes/0")).ok());
  EXPECT_TRUE(channel.ReadGroups().empty());
  ASSERT_TRUE(
      channel.WriteGroups({own, "/sys/fs/cgroup/memory/user.slice", "/", own + "/.."}).ok());
  EXPECT_EQ(channel.ReadGroups(), std::vector<std::string>{own});
}

// The kernel's own groups, where this machine lets us make some.
class KernelTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<ControlGroup> made =
        ControlGroup::Make({}, "lazurite-test-" + std::to_string(getpid()), 2, {kMemory, 2});
    if (!made.ok()) GTEST_SKIP() << made.status().text();
    group_.emplace(std::move(made).value());
  }
  void TearDown() override {
    if (!group_) return;
    group_->Kill();
    while (waitpid(-1, nullptr, 0) > 0) {
    }
    EXPECT_TRUE(group_->Remove().ok());
    for (const std::string& folder : group_->folders()) EXPECT_FALSE(Exists(folder));
  }
  // A process of the part that does this.
  pid_t Start(size_t part, const char* script) {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    if (!group_->Enter(part).ok()) _exit(99);
    execl("/bin/bash", "bash", "-c", script, nullptr);
    _exit(98);
  }
  std::optional<ControlGroup> group_;
};

TEST_F(KernelTest, WhatNeedsMoreThanTheLimitIsEndedAndCounted) {
  const pid_t good = Start(0, "sleep 1000");
  const pid_t greedy = Start(1, "x=$(head -c 200M /dev/zero | tr '\\0' x); echo ${#x}");
  int status = 0;
  ASSERT_EQ(waitpid(greedy, &status, 0), greedy);
  EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_GE(group_->KillsForMemory(), 1);
  if (group_->Peak() > 0) {
    EXPECT_GT(group_->Peak(), kMemory / 2);
    EXPECT_LE(group_->Peak(), kMemory);
    EXPECT_GT(group_->PeakOf(1), group_->PeakOf(0));
  }
  kill(good, SIGKILL);
}

TEST_F(KernelTest, NothingEscapes) {
  // A daemon: another session, a parent that is gone, no variables.
  const pid_t parent = Start(0, "(setsid env -i sleep 1000 & ) ; sleep 1000");
  for (int i = 0; i < 1000 && group_->IsEmpty(); ++i) usleep(2000);
  EXPECT_FALSE(group_->IsEmpty());
  kill(parent, SIGKILL);
  ASSERT_EQ(waitpid(parent, nullptr, 0), parent);
  for (int i = 0; i < 1000 && !group_->IsEmpty(); ++i) {
    group_->Kill();
    usleep(2000);
  }
  EXPECT_TRUE(group_->IsEmpty());
}

}  // namespace
}  // namespace lazurite
