#include "engine/runner/sandbox.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "engine/runner/runner_harness.h"

namespace lazurite::runner {
namespace {

class SandboxTest : public RunnerHarness {
 protected:
  bool HasSandbox() { return Read("system_logs/data.txt").find("no mount") == std::string::npos; }

  // What a process in this sandbox finds out, and what the sandbox says itself.
  static std::string Inside(const Sandbox& sandbox, const std::function<std::string()>& look) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      const Status entered = sandbox.Enter();
      const std::string said = look() + "|" + (entered.ok() ? "" : entered.text());
      _exit(WriteAll(ends[1], said).ok() ? 0 : 1);
    }
    close(ends[1]);
    const Fd from(ends[0]);
    std::string said;
    char buffer[4096];
    for (ssize_t n = 0; (n = read(from.get(), buffer, sizeof buffer)) > 0;) {
      said.append(buffer, static_cast<size_t>(n));
    }
    EXPECT_EQ(waitpid(child, nullptr, 0), child);
    return said;
  }
};

TEST_F(SandboxTest, AJobSeesOfAllJobsItsOwnFolderOnly) {
  const std::string other = home_ + "/jobs/other/1";
  ASSERT_TRUE(MakeDirs(other).ok());
  ASSERT_TRUE(WriteFile(other + "/secrets", "token of another").ok());
  ASSERT_TRUE(MakeDirs(home_ + "/data").ok());
  ASSERT_TRUE(WriteFile(home_ + "/data/a", "input").ok());
  spec_.inputs.emplace_back();
  spec_.inputs.back().name = "in";
  spec_.inputs.back().type = "uri_folder";
  spec_.inputs.back().mode = DataMode::kReadOnlyMount;
  spec_.inputs.back().source = home_ + "/data";
  const ExitRecord exit = RunJob("ls -a ../..; ls ../../..; cat " + other +
                                 "/secrets; echo mine > own.txt; cat ${{inputs.in}}/a;"
                                 " touch ../../../x; echo x > ${{inputs.in}}/a; pwd");
  EXPECT_TRUE(exit.succeeded()) << exit.message;
  if (!HasSandbox()) GTEST_SKIP() << Read("system_logs/data.txt");
  EXPECT_EQ(Read("system_logs/data.txt").find("gap"), std::string::npos);
  EXPECT_EQ(LogText().find("other\n"), std::string::npos) << LogText();
  EXPECT_EQ(LogText().find("token of another"), std::string::npos) << LogText();
  EXPECT_NE(LogText().find("input"), std::string::npos) << LogText();
  EXPECT_NE(LogText().find(channel_->Path("code") + "\n"), std::string::npos) << LogText();
  EXPECT_EQ(Read("code/own.txt"), "mine\n");
  EXPECT_EQ(ReadFile(home_ + "/data/a").value(), "input");
  EXPECT_FALSE(Exists(home_ + "/jobs/x"));
}

TEST_F(SandboxTest, CopiesOfTheDatabaseAreNotSeen) {
  for (const char* name : {"lazurite.db", "lazurite.db.schema-5", "lazurite.db.schema-12.new"}) {
    ASSERT_TRUE(WriteFile(home_ + "/" + name, "rows").ok());
  }
  RunJob("cat " + home_ + "/lazurite.db*; echo done");
  if (!HasSandbox()) GTEST_SKIP() << Read("system_logs/data.txt");
  EXPECT_EQ(LogText(), "done\n");
}

TEST_F(SandboxTest, NobodyCallsThroughAHiddenSocket) {
  const std::string path = home_ + "/bus";
  const Fd bus(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(bus.get(), raw, sizeof address), 0);
  ASSERT_EQ(listen(bus.get(), 1), 0);
  const auto call = [&]() -> std::string {
    const Fd from(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return connect(from.get(), raw, sizeof address) == 0 ? "answered" : "nobody";
  };
  EXPECT_EQ(call(), "answered");
  Sandbox sandbox;
  sandbox.Hide(path);
  const std::string said = Inside(sandbox, call);
  if (said.find("no mount") != std::string::npos) GTEST_SKIP() << said;
  EXPECT_EQ(said, "nobody|");
}

TEST_F(SandboxTest, TheServiceManagersDoorsAreThoseOfTheUser) {
  EXPECT_EQ(ServiceManagerDoors(1000),
            (std::vector<std::string>{"/run/user/1000/bus", "/run/user/1000/systemd"}));
  EXPECT_EQ(ServiceManagerDoors(0).size(), 4U);
}

TEST_F(SandboxTest, OneGapIsToldAsThatAndTheRestHolds) {
  ASSERT_TRUE(WriteFile(home_ + "/key", "key").ok());
  Sandbox sandbox;
  sandbox.AddReadOnly(home_ + "/missing", home_ + "/target");
  sandbox.Hide(home_ + "/key");
  const std::string said = Inside(sandbox, [&]() -> std::string {
    const Result<std::string> key = ReadFile(home_ + "/key");
    return key.ok() ? *key : "unreadable";
  });
  if (said.find("no mount") != std::string::npos) GTEST_SKIP() << said;
  EXPECT_TRUE(said.starts_with("|the job's sandbox has a gap: mounting " + home_ + "/missing"))
      << said;
  EXPECT_EQ(said.find("nothing of the home"), std::string::npos) << said;
}

}  // namespace
}  // namespace lazurite::runner
