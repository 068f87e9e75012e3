#include "engine/runner/supervisor.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

namespace lazurite::runner {
namespace {

// Stands for a process that hangs in the kernel: no signal does anything to it.
bool SendNothing(pid_t, int64_t, int) { return false; }

class SupervisorTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "supervisor-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    prctl(PR_SET_CHILD_SUBREAPER, 1);
  }
  void TearDown() override {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
    std::filesystem::remove_all(folder_);
  }
  void StartChild() {
    child_ = fork();
    if (child_ != 0) return;
    while (true) pause();
  }
  Outcome Watch(std::vector<Watched> processes, std::optional<Duration> timeout) {
    Signals signals(folder_);
    Supervisor::Options options;
    options.processes = std::move(processes);
    options.timeout = timeout;
    options.grace = Duration(1);
    options.signal = SendNothing;
    options.kill_max = Duration(50);
    return Supervisor(signals, std::move(options)).Watch();
  }

  std::string folder_;
  pid_t child_ = 0;
};

TEST_F(SupervisorTest, ALeftoverThatCannotBeEndedIsLeftWithANote) {
  StartChild();
  const Outcome outcome = Watch({}, std::nullopt);
  EXPECT_EQ(outcome.cause, "exited");
  EXPECT_TRUE(outcome.note.ends_with("left: " + std::to_string(child_))) << outcome.note;
}

TEST_F(SupervisorTest, ARankThatCannotBeEndedDoesNotHoldTheJob) {
  StartChild();
  const Outcome outcome = Watch({{child_, 0, false}}, Duration(1));
  EXPECT_EQ(outcome.cause, "timeout");
  EXPECT_TRUE(outcome.note.ends_with("left: " + std::to_string(child_))) << outcome.note;
}

}  // namespace
}  // namespace lazurite::runner
