// A home with one attempt, and its runner as a process of its own: for tests.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "domain/attempt/attempt.h"
#include "domain/attempt/control_group.h"
#include "domain/attempt/process.h"
#include "engine/runner/runner.h"

namespace lazurite::runner {

class FakeBuilder final : public EnvironmentBuilder {
 public:
  Result<PreparedEnvironment> Prepare(const EnvironmentSpec& spec, const Log& log,
                                      const Canceled& canceled) override {
    log("looking for " + spec.name);
    if (spec.name == "broken") return Internal("no version of numpy==99 exists");
    while (spec.name == "slow" && !canceled()) usleep(1000);
    if (spec.name == "slow") return Status(Code::kCancelled, "canceled");
    return PreparedEnvironment{
        "hash", "/env", true, "", {{"PATH", "/env/bin"}, {"FROM_ENV", "yes"}}};
  }
};

class RunnerHarness : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "runner-XXXXXX";
    home_ = mkdtemp(pattern.data());
    channel_.emplace(AttemptChannel::FolderOf(home_, "job", 1));
    spec_.job = "job";
    spec_.home = home_;
    spec_.experiment_id = "7";
    spec_.experiment_name = "tests";
    spec_.subscription = "sub";
    spec_.resource_group = "group";
    spec_.workspace = "default";
    spec_.cpus = 2;
    spec_.cancel_grace = Duration(300);
    spec_.artifacts_folder = home_ + "/artifacts";
  }
  void TearDown() override {
    if (runner_ > 0) Kill();
    // What a killed runner leaves, the server would end.
    if (const std::vector<std::string> groups = channel_->ReadGroups(); !groups.empty()) {
      const ControlGroup group(groups);
      group.Kill();
      EXPECT_TRUE(group.Remove().ok());
    }
    std::filesystem::remove_all(home_);
  }

  void Start(const std::string& command) {
    spec_.command = command;
    AttemptSecrets secrets;
    secrets.token = "the-token";
    secrets.environment_variables = {{"SECRET", "hush"}};
    secrets.hidden = hidden_;
    ASSERT_TRUE(channel_->Create(spec_, secrets).ok());
    runner_ = StartRunner();
  }
  pid_t StartRunner() {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    SetLogLevel(LogLevel::kError);
    if (before_run_) before_run_();
    const RunnerOptions options{channel_->folder(), [](const EnvironmentSettings&) {
                                  return std::make_unique<FakeBuilder>();
                                }};
    _exit(runner::Run(options));
  }
  int Wait() {
    int status = 0;
    EXPECT_EQ(waitpid(runner_, &status, 0), runner_);
    runner_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  // The whole way to exit.json.
  ExitRecord RunJob(const std::string& command) {
    Start(command);
    EXPECT_EQ(Wait(), 0);
    return Exit();
  }
  ExitRecord Exit() {
    const Result<std::optional<ExitRecord>> exit = channel_->ReadExit();
    EXPECT_TRUE(exit.ok() && exit.value().has_value()) << exit.status().text();
    return exit.ok() && exit.value() ? *exit.value() : ExitRecord();
  }
  void Kill() {
    kill(runner_, SIGKILL);
    Wait();
  }

  std::string Read(const std::string& relative) {
    return ReadFile(channel_->Path(relative), size_t{8} << 20).ok()
               ? ReadFile(channel_->Path(relative)).value()
               : "";
  }
  std::string LogText() { return Read("user_logs/std_log.txt"); }
  std::vector<std::string> Events() {
    std::vector<std::string> names;
    const Result<EventPage> page = channel_->ReadEvents();
    for (const AttemptEvent& event : page->events) names.push_back(event.event);
    return names;
  }
  // Waits for something that will happen; false after 10 s.
  template <typename Condition>
  static bool Becomes(Condition condition) {
    for (int i = 0; i < 5000; ++i) {
      if (condition()) return true;
      usleep(2000);
    }
    return false;
  }
  bool LogBecomes(const std::string& text) {
    return Becomes([&] { return LogText().find(text) != std::string::npos; });
  }
  // Processes that carry the attempt's mark.
  std::vector<pid_t> Marked() {
    std::vector<pid_t> pids;
    for (const ProcessView& process : AllProcesses()) {
      if (process.state == 'Z') continue;
      if (VariableOf(process.pid, "LAZURITE_ATTEMPT") == channel_->folder()) {
        pids.push_back(process.pid);
      }
    }
    return pids;
  }

  std::string home_;
  std::optional<AttemptChannel> channel_;
  AttemptSpec spec_;
  std::function<void()> before_run_;  // in the runner's process
  std::vector<std::string> hidden_;   // values of secrets
  pid_t runner_ = 0;
};

}  // namespace lazurite::runner
