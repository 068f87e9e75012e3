#include "engine/backend/local_backend.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "domain/attempt/attempt.h"
#include "domain/attempt/process.h"
#include "engine/backend/nursery.h"
#include "engine/backend/scope.h"

namespace lazurite::backend {
namespace {

// A runner of the test's own: a shell script that is started as lazurite would be.
class LocalBackendTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "backend-XXXXXX";
    home_ = mkdtemp(pattern.data());
    channel_.emplace(AttemptChannel::FolderOf(home_, "job", 1));
    AttemptSpec spec;
    spec.job = "job";
    ASSERT_TRUE(channel_->Create(spec, {}).ok());
  }
  void TearDown() override {
    backend_.reset();
    std::filesystem::remove_all(home_);
  }
  void Program(const std::string& script) {
    const std::string program = home_ + "/program";
    ASSERT_TRUE(WriteFile(program, "#!/bin/bash\n" + script, 0755).ok());
    backend_ = MakeLocalBackend({home_, program, false});
  }
  std::optional<Refusal> Submit() { return backend_->Submit({&ref_, 1})[0]; }
  std::string Output() {
    const Result<std::string> text = ReadFile(channel_->Path("system_logs/runner.txt"));
    return text.ok() ? text.value() : "";
  }
  template <typename Condition>
  static bool Becomes(Condition condition) {
    for (int i = 0; i < 5000; ++i) {
      if (condition()) return true;
      usleep(2000);
    }
    return false;
  }
  size_t Marked() {
    size_t count = 0;
    for (const ProcessView& process : AllProcesses()) {
      if (process.state == 'Z') continue;
      if (VariableOf(process.pid, "LAZURITE_ATTEMPT") == channel_->folder()) ++count;
    }
    return count;
  }
  // Takes the lock as a runner with this process id would.
  Fd Hold(pid_t pid) {
    const std::optional<ProcessView> view = LookAtProcess(pid);
    Result<Fd> lock = channel_->TakeRunnerLock({BootId(), pid, view ? view->start_time : 0});
    EXPECT_TRUE(lock.ok()) << lock.status().text();
    return lock.ok() ? std::move(lock).value() : Fd();
  }

  std::string home_;
  std::optional<AttemptChannel> channel_;
  const AttemptRef ref_{"job", 1};
  std::unique_ptr<ComputeBackend> backend_;
};

TEST_F(LocalBackendTest, ARunnerLeadsItsOwnSessionAndIsNoZombieAfterwards) {
  Program("ps -o sid= -p $$; echo pid $$ $1 $2; ls /proc/$$/fd | wc -l; pwd");
  ASSERT_FALSE(Submit());
  ASSERT_TRUE(Becomes([&] { return Output().ends_with("/\n"); })) << Output();
  const auto lines = Split(Output(), '\n');
  const std::string text = Output();
  const std::string pid(Trim(text.substr(0, text.find('\n'))));
  EXPECT_NE(text.find("pid " + pid + " runner " + channel_->folder() + "\n"), std::string::npos);
  // Standard input, output, error, and the script.
  EXPECT_NE(text.find("\n4\n"), std::string::npos) << text;
  EXPECT_TRUE(Becomes([&] { return !LookAtProcess(std::stoi(pid)); }));
}

TEST_F(LocalBackendTest, ACancelReachesTheRunnerEvenIfItsFileCannotBeWritten) {
  Program("true");
  const pid_t runner = fork();
  if (runner == 0) {
    while (true) pause();
  }
  const Fd lock = Hold(runner);
  // What is in the way of the file stands for a full disk.
  ASSERT_TRUE(MakeDirs(channel_->Path("cancel/x")).ok());
  EXPECT_FALSE(backend_->Cancel({&ref_, 1}).ok());
  int status = 0;
  ASSERT_EQ(waitpid(runner, &status, 0), runner);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

TEST_F(LocalBackendTest, ANurseryForksRunnersAndEndsWhenNobodyAsks) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  Fd own(ends[0]);
  const pid_t nursery = fork();
  if (nursery == 0) {
    dup2(ends[1], 0);
    close_range(3, ~0U, 0);
    _exit(RunNursery(0, nullptr, [](const std::string& folder) {
      const pid_t session = getsid(0);
      dprintf(2, "%s %d\n", folder.c_str(), session);
      return 0;
    }));
  }
  close(ends[1]);
  ASSERT_TRUE(MakeDirs(channel_->Path("system_logs")).ok());
  const std::string& folder = channel_->folder();
  for (int i = 0; i < 2; ++i) {
    ASSERT_GT(send(own.get(), folder.data(), folder.size(), 0), 0);
    std::array<int, 2> answer{};
    ASSERT_EQ(recv(own.get(), answer.data(), sizeof answer, 0), sizeof answer);
    const std::string line = folder + " " + std::to_string(answer[0]) + "\n";
    EXPECT_TRUE(Becomes([&] { return Output().ends_with(line); })) << Output();
    EXPECT_TRUE(Becomes([&] { return !LookAtProcess(answer[0]); }));
  }
  own.Close();
  int status = 1;
  EXPECT_EQ(waitpid(nursery, &status, 0), nursery);
  EXPECT_EQ(status, 0);
}

TEST_F(LocalBackendTest, ARunnerStartsAlsoWhenTheNurseryFails) {
  Program("[ \"$2\" = --nursery ] && exit 1; echo runs $2");
  backend_ = MakeLocalBackend({home_, home_ + "/program", true});
  ASSERT_FALSE(Submit());
  EXPECT_TRUE(Becomes([&] { return Output() == "runs " + channel_->folder() + "\n"; })) << Output();
}

TEST_F(LocalBackendTest, AScopeOfTheUsersSystemdIsTakenOnlyWhereItOutlivesTheLogin) {
  ScopePlaces places{
      home_ + "/systemd-run", home_ + "/linger", home_ + "/run", home_ + "/cgroup", "ann", false};
  EXPECT_TRUE(ScopeCommand(places).empty());
  ASSERT_TRUE(MakeDirs(home_ + "/cgroup").ok());
  ASSERT_TRUE(WriteFile(home_ + "/cgroup/cgroup.controllers", "memory").ok());
  ASSERT_TRUE(MakeDirs(home_ + "/run/systemd").ok());
  ASSERT_TRUE(WriteFile(home_ + "/run/systemd/private", "").ok());
  ASSERT_TRUE(WriteFile(home_ + "/systemd-run", "#!/bin/sh\n", 0755).ok());
  EXPECT_TRUE(ScopeCommand(places).empty()) << "she does not linger";
  ASSERT_TRUE(MakeDirs(home_ + "/linger").ok());
  ASSERT_TRUE(WriteFile(home_ + "/linger/ann", "").ok());
  const std::vector<std::string> command = ScopeCommand(places);
  ASSERT_GT(command.size(), 4U);
  EXPECT_EQ(command[1], "XDG_RUNTIME_DIR=" + home_ + "/run");
  EXPECT_EQ(command[2], home_ + "/systemd-run");
  EXPECT_EQ(command.back(), "--");
  places.is_root = true;
  EXPECT_TRUE(ScopeCommand(places).empty());
}

// A nursery of the test's own: answers each request with its own process id.
constexpr const char* kEchoNursery =
    "exec python3 -c 'import os,socket,struct,sys\n"
    "s=socket.socket(fileno=0)\n"
    "while s.recv(4096): s.send(struct.pack(\"ii\",os.getpid(),0))\n' \"$@\"";

TEST_F(LocalBackendTest, TheNurseryIsStartedByTheScopeAndWithoutItIfThatFails) {
  Program(kEchoNursery);
  const std::string scope = home_ + "/scope";
  ASSERT_TRUE(
      WriteFile(scope, "#!/bin/bash\necho $2 $3 >>" + home_ + "/asked\nexec \"$@\"\n", 0755).ok());
  {
    Nursery nursery(home_ + "/program", {scope});
    const Result<pid_t> started = nursery.Start(channel_->folder());
    ASSERT_TRUE(started.ok()) << started.status().text();
    EXPECT_EQ(*started, nursery.TakeProcess());
    EXPECT_EQ(ReadFile(home_ + "/asked").value(), "runner --nursery\n");
  }
  ASSERT_TRUE(WriteFile(scope, "#!/bin/bash\nexit 1\n", 0755).ok());
  Nursery nursery(home_ + "/program", {scope});
  EXPECT_TRUE(nursery.Start(channel_->folder()).ok());
  EXPECT_TRUE(nursery.Start(channel_->folder()).ok());
}

// Answers that there is no room for another process, and from the second time on as the other one.
constexpr const char* kFullNursery =
    "exec python3 -c 'import errno,os,socket,struct,sys\n"
    "s=socket.socket(fileno=0)\n"
    "s.recv(4096); s.send(struct.pack(\"ii\",-1,errno.EAGAIN))\n"
    "while s.recv(4096): s.send(struct.pack(\"ii\",os.getpid(),0))\n' \"$@\"";

TEST_F(LocalBackendTest, AForkThatFailsOnceOrANurseryThatDiesCostsNoScope) {
  Program(kFullNursery);
  const std::string scope = home_ + "/scope";
  ASSERT_TRUE(
      WriteFile(scope, "#!/bin/bash\necho x >>" + home_ + "/asked\nexec \"$@\"\n", 0755).ok());
  Nursery nursery(home_ + "/program", {scope});
  EXPECT_EQ(nursery.Start(channel_->folder()).status().code(), Code::kUnavailable);
  const pid_t first = nursery.TakeProcess();
  const Result<pid_t> started = nursery.Start(channel_->folder());
  ASSERT_TRUE(started.ok()) << started.status().text();
  EXPECT_EQ(*started, first);
  EXPECT_EQ(ReadFile(home_ + "/asked").value(), "x\n");
  ASSERT_EQ(kill(first, SIGKILL), 0);
  ASSERT_EQ(waitpid(first, nullptr, 0), first);
  EXPECT_EQ(nursery.Start(channel_->folder()).status().code(), Code::kUnavailable);
  EXPECT_EQ(ReadFile(home_ + "/asked").value(), "x\nx\n");
}

TEST_F(LocalBackendTest, AnAttemptWaitsForItsRunnerOnlyOnceThatIsStarted) {
  backend_ = MakeLocalBackend({home_, home_ + "/missing", false});
  EXPECT_EQ(backend_->Poll({&ref_, 1})->at(0).state, Seen::State::kUnsubmitted);
  ASSERT_TRUE(Submit());
  const Seen refused = backend_->Poll({&ref_, 1})->at(0);
  EXPECT_EQ(refused.state, Seen::State::kUnsubmitted);
  EXPECT_NE(refused.reason.find("missing: No such file"), std::string::npos) << refused.reason;
  Program("true");
  ASSERT_FALSE(Submit());
  EXPECT_EQ(backend_->Poll({&ref_, 1})->at(0).state, Seen::State::kWaiting);
}

TEST_F(LocalBackendTest, AnAttemptThatHasARunnerIsNotStartedAgain) {
  Program("echo started");
  {
    const Fd lock = Hold(getpid());
    ASSERT_FALSE(Submit());
    const Seen seen = backend_->Poll({&ref_, 1})->at(0);
    EXPECT_EQ(seen.state, Seen::State::kRunning);
    EXPECT_EQ(seen.reason, "runs on this machine under process " + std::to_string(getpid()));
  }
  const Seen gone = backend_->Poll({&ref_, 1})->at(0);
  EXPECT_EQ(gone.state, Seen::State::kGone);
  EXPECT_EQ(gone.cause, "runner_lost");
  ASSERT_FALSE(Submit());
  EXPECT_EQ(Output(), "");
}

TEST_F(LocalBackendTest, WhatCannotBeStartedIsRefusedWithTheReason) {
  backend_ = MakeLocalBackend({home_, home_ + "/missing", false});
  const std::optional<Refusal> refusal = Submit();
  ASSERT_TRUE(refusal);
  EXPECT_FALSE(refusal->is_retryable);
  EXPECT_NE(refusal->why.text().find("missing: No such file"), std::string::npos);
  const AttemptRef other{"other", 1};
  EXPECT_EQ(backend_->Submit({&other, 1})[0]->why.code(), Code::kNotFound);
}

TEST_F(LocalBackendTest, CancelLeavesAFileAndSignalsExactlyTheRunner) {
  Program("");
  const pid_t child = fork();
  if (child == 0) {
    execlp("sleep", "sleep", "1000", nullptr);
    _exit(127);
  }
  const Fd lock = Hold(child);
  ASSERT_TRUE(backend_->Cancel({&ref_, 1}).ok());
  ASSERT_TRUE(backend_->Cancel({&ref_, 1}).ok());
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  EXPECT_TRUE(Exists(channel_->Path("cancel")));
}

TEST_F(LocalBackendTest, SweepKillsWhatALostRunnerLeft) {
  Program(
      "export LAZURITE_ATTEMPT=$2\n"
      "trap '' TERM\n"
      "sleep 1000 &\n"
      "setsid sleep 1001 &\n"
      "mkdir $2/user_logs\n"
      "(setsid env -i bash -c 'sleep 1002 & wait' >$2/user_logs/std_log.txt &)\n"
      "env -i sleep 1003 &\n"
      "echo up $$\n"
      "wait");
  ASSERT_FALSE(Submit());
  ASSERT_TRUE(Becomes([&] { return Output().find("up") != std::string::npos; }));
  const pid_t runner = std::stoi(Output().substr(3));
  {
    const Fd lock = Hold(runner);
    EXPECT_EQ(backend_->Sweep({&ref_, 1}).code(), Code::kFailedPrecondition);
  }
  ASSERT_TRUE(Becomes([&] { return Marked() >= 2; }));
  kill(runner, SIGKILL);
  ASSERT_TRUE(Becomes([&] { return !LookAtProcess(runner); }));
  ASSERT_TRUE(backend_->Sweep({&ref_, 1}).ok());
  EXPECT_EQ(Marked(), 0u);
  for (const ProcessView& process : AllProcesses()) {
    if (process.state == 'Z') continue;
    EXPECT_NE(process.session, runner);
    std::error_code error;
    const auto output =
        std::filesystem::read_symlink("/proc/" + std::to_string(process.pid) + "/fd/1", error);
    EXPECT_FALSE(output.string().starts_with(home_)) << process.pid;
  }
  EXPECT_TRUE(backend_->Sweep({&ref_, 1}).ok());
}

TEST_F(LocalBackendTest, WhatCannotBeReadIsUnknownAndNotGone) {
  Program("");
  ASSERT_TRUE(MakeDirs(channel_->Path("nodes/0/runner.lock")).ok());
  const Seen seen = backend_->Poll({&ref_, 1})->at(0);
  EXPECT_EQ(seen.state, Seen::State::kUnknown);
  EXPECT_NE(seen.reason.find("runner.lock"), std::string::npos) << seen.reason;
}

}  // namespace
}  // namespace lazurite::backend
