#include "engine/runner/capabilities.h"

#include <linux/capability.h>

#include "engine/runner/runner_harness.h"

namespace lazurite::runner {
namespace {

constexpr unsigned long long kMounting = 1ULL << CAP_SYS_ADMIN;
constexpr unsigned long long kTracing = 1ULL << CAP_SYS_PTRACE;

// A set as /proc/PID/status shows it.
unsigned long long SetIn(const std::string& status, const std::string& name) {
  const size_t at = status.find(name + ":\t");
  EXPECT_NE(at, std::string::npos) << status;
  return at == std::string::npos ? 0
                                 : std::stoull(status.substr(at + name.size() + 2), nullptr, 16);
}

class CapabilitiesTest : public RunnerHarness {
 protected:
  void SetUp() override {
    RunnerHarness::SetUp();
    ASSERT_TRUE(MakeDirs(home_ + "/tokens").ok());
    ASSERT_TRUE(WriteFile(home_ + "/tokens/owner", "PRIVATE").ok());
    spec_.hidden_paths = {home_ + "/tokens"};
    spec_.inputs.push_back({"data", "uri_folder", DataMode::kReadOnlyMount, home_ + "/store", ""});
    ASSERT_TRUE(MakeDirs(home_ + "/store").ok());
    ASSERT_TRUE(WriteFile(home_ + "/store/a", "1").ok());
  }
  bool HasSandbox() { return Read("system_logs/data.txt").find("no mount") == std::string::npos; }
};

TEST_F(CapabilitiesTest, AJobCannotMount) {
  const ExitRecord exit = RunJob("cat /proc/self/status");
  EXPECT_TRUE(exit.succeeded()) << exit.message;
  const std::string status = LogText();
  for (const char* name : {"CapEff", "CapPrm", "CapInh", "CapAmb"}) {
    EXPECT_EQ(SetIn(status, name) & (kMounting | kTracing), 0U) << status;
  }
  if (geteuid() != 0) return;
  EXPECT_EQ(SetIn(status, "CapBnd") & (kMounting | kTracing), 0U) << status;
}

TEST_F(CapabilitiesTest, AJobCannotUndoItsSandbox) {
  const std::string undo =
      "umount " + home_ +
      "/tokens; mount -o remount,rw ${{inputs.data}};"
      " mount -o remount,rw,bind ${{inputs.data}}; umount ${{inputs.data}}; umount -l " +
      home_ + "/tokens; cat " + home_ + "/tokens/owner; echo 2 > ${{inputs.data}}/a;";
  // In a user namespace of its own it is no better off.
  const ExitRecord exit = RunJob("undo() { " + undo +
                                 " }; export -f undo; undo;"
                                 " unshare -Urm bash -c undo; exit 0");
  if (!HasSandbox()) GTEST_SKIP() << Read("system_logs/data.txt");
  EXPECT_TRUE(exit.succeeded()) << exit.message;
  EXPECT_EQ(LogText().find("PRIVATE"), std::string::npos) << LogText();
  EXPECT_EQ(ReadFile(home_ + "/store/a").value(), "1");
}

TEST_F(CapabilitiesTest, AJobCannotLookAroundItsSandbox) {
  // This process stands for the server.
  const std::string root = "/proc/" + std::to_string(getpid()) + "/root";
  const ExitRecord exit = RunJob("cat " + root + home_ + "/tokens/owner /proc/$PPID/root" + home_ +
                                 "/tokens/owner; nsenter -t " + std::to_string(getpid()) +
                                 " -m cat " + home_ + "/tokens/owner; exit 0");
  if (!HasSandbox()) GTEST_SKIP() << Read("system_logs/data.txt");
  EXPECT_TRUE(exit.succeeded()) << exit.message;
  EXPECT_EQ(LogText().find("PRIVATE"), std::string::npos) << LogText();
}

TEST_F(CapabilitiesTest, AJobOfTheSuperuserMayDoTheRest) {
  if (geteuid() != 0) GTEST_SKIP() << "only the superuser can change owners";
  const ExitRecord exit = RunJob("touch mine && chown 12345 mine && stat -c %u mine");
  EXPECT_TRUE(exit.succeeded()) << exit.message;
  EXPECT_EQ(LogText(), "12345\n");
}

}  // namespace
}  // namespace lazurite::runner
