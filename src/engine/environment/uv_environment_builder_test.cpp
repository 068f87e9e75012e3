#include "engine/environment/uv_environment_builder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/file.h"
#include "base/locked.h"
#include "base/text.h"
#include "engine/environment/command.h"

namespace lazurite::environment {
namespace {

// A uv that makes a folder with a python, and says so. Each run is noted in runs.txt.
constexpr std::string_view kFakeUv = R"sh(#!/bin/sh
root=$(dirname "$0")
echo "$@" >> "$root/runs.txt"
[ -z "$UV_PYTHON_DOWNLOADS" ] && exit 9
case "$1" in
venv)
  for last in "$@"; do :; done
  mkdir -p "$last/bin" && ln -s /bin/sh "$last/bin/python"
  echo "Creating virtual environment";;
pip)
  while [ -e "$root/hold" ]; do sleep 0.02; done
  cp "$6" "$root/given.txt"
  echo "Looking at https://ada:s3cret@pypi.example.org/simple/six"
  if grep -q missing-package "$6"; then
    echo "error: No solution found" >&2
    echo "  cause: missing-package was not found" >&2
    exit 1
  fi
  echo " + six==1.17.0";;
esac
)sh";

class UvBuilder : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/lazurite-envs-XXXXXX";
    root_ = ::mkdtemp(name);
    settings_.envs_folder = root_ + "/envs";
    settings_.uv = root_ + "/uv";
    ASSERT_TRUE(WriteFile(settings_.uv, kFakeUv, 0755).ok());
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(root_).ok()); }

  static EnvironmentSpec Spec(const std::string& package) {
    EnvironmentSpec spec;
    spec.name = "mine";
    spec.conda = "dependencies:\n- pip:\n  - " + package + "\n";
    return spec;
  }
  Result<PreparedEnvironment> Prepare(const EnvironmentSpec& spec,
                                      EnvironmentBuilder::Canceled canceled = {}) {
    return MakeUvEnvironmentBuilder(settings_)->Prepare(
        spec,
        [this](std::string_view line) {
          log_.With([&](std::string& log) { log.append(line).append("\n"); });
        },
        canceled);
  }
  std::string Log() {
    return log_.With([](std::string& log) { return log; });
  }
  bool WaitForLog(std::string_view words) {
    for (int i = 0; i < 500 && Log().find(words) == std::string::npos; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return Log().find(words) != std::string::npos;
  }
  size_t Runs() {
    const Result<std::string> runs = ReadFile(root_ + "/runs.txt");
    return runs.ok() ? Split(*runs, '\n').size() - 1 : 0;
  }
  void Hold() { ASSERT_TRUE(WriteFile(root_ + "/hold", "").ok()); }
  void Release() { ASSERT_EQ(::unlink((root_ + "/hold").c_str()), 0); }

  std::string root_;
  EnvironmentSettings settings_;
  Locked<std::string> log_;
};

TEST_F(UvBuilder, BuildsOnceAndReuses) {
  const auto first = Prepare(Spec("six"));
  ASSERT_TRUE(first.ok()) << first.status().text();
  EXPECT_FALSE(first->was_reused);
  EXPECT_EQ(first->folder, settings_.envs_folder + "/" + first->hash);
  EXPECT_EQ(first->variables.at("PATH"), first->folder + "/bin");
  EXPECT_EQ(first->variables.at("VIRTUAL_ENV"), first->folder);
  EXPECT_NE(Log().find(" + six==1.17.0"), std::string::npos) << Log();
  EXPECT_EQ(Runs(), 2u);
  const auto second = Prepare(Spec("SIX  # the same"));
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(second->was_reused);
  EXPECT_EQ(second->hash, first->hash);
  EXPECT_EQ(Runs(), 2u);
  EXPECT_NE(Log().find("is reused"), std::string::npos);
}

TEST_F(UvBuilder, AFailedBuildSaysTheResolversWords) {
  const auto failed = Prepare(Spec("missing-package"));
  EXPECT_EQ(failed.status().code(), Code::kInternal);
  EXPECT_NE(failed.status().text().find("cause: missing-package was not found"), std::string::npos)
      << failed.status().text();
  // Nothing half-made is used afterwards: it is tried again.
  const size_t runs = Runs();
  EXPECT_FALSE(Prepare(Spec("missing-package")).ok());
  EXPECT_GT(Runs(), runs);
}

TEST_F(UvBuilder, WhatACrashLeftIsMadeAgain) {
  const auto first = Prepare(Spec("six"));
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(::unlink((first->folder + "/ready").c_str()), 0);
  ASSERT_TRUE(WriteFile(first->folder + "/rubbish", "x").ok());
  const auto again = Prepare(Spec("six"));
  ASSERT_TRUE(again.ok()) << again.status().text();
  EXPECT_FALSE(again->was_reused);
  EXPECT_FALSE(Exists(first->folder + "/rubbish"));
}

TEST_F(UvBuilder, AMovedHomeBuildsAgain) {
  ASSERT_TRUE(Prepare(Spec("six")).ok());
  ASSERT_TRUE(Rename(settings_.envs_folder, root_ + "/moved").ok());
  settings_.envs_folder = root_ + "/moved";
  const auto moved = Prepare(Spec("six"));
  ASSERT_TRUE(moved.ok());
  EXPECT_FALSE(moved->was_reused);
}

TEST_F(UvBuilder, ConcurrentJobsWaitForOneBuild) {
  Hold();
  std::atomic<int> reused = 0;
  std::vector<std::thread> jobs;
  for (int i = 0; i < 4; ++i) {
    jobs.emplace_back([&] {
      const auto prepared = Prepare(Spec("six"));
      if (prepared.ok() && prepared->was_reused) ++reused;
    });
  }
  EXPECT_TRUE(WaitForLog("waiting for it"));
  Release();
  for (std::thread& job : jobs) job.join();
  EXPECT_EQ(reused, 3);
  EXPECT_EQ(Runs(), 2u);
}

TEST_F(UvBuilder, WhoWaitsHearsTheBuilder) {
  Hold();
  std::thread first([&] { EXPECT_TRUE(Prepare(Spec("six")).ok()); });
  EXPECT_TRUE(WaitForLog("Creating virtual environment"));
  Locked<std::string> heard;
  std::thread second([&] {
    EXPECT_TRUE(MakeUvEnvironmentBuilder(settings_)
                    ->Prepare(Spec("six"),
                              [&](std::string_view line) {
                                heard.With(
                                    [&](std::string& text) { text.append(line).append("\n"); });
                              },
                              {})
                    .ok());
  });
  const auto has = [&](const std::string& words) {
    return heard.With(
        [&](const std::string& text) { return text.find(words) != std::string::npos; });
  };
  for (int i = 0; i < 1000 && !has("Creating virtual environment"); ++i) ::usleep(5000);
  EXPECT_TRUE(has("process " + std::to_string(::getpid()) + " builds it, since 2"));
  EXPECT_TRUE(has("Creating virtual environment"));
  Release();
  first.join();
  second.join();
  EXPECT_TRUE(has("was built meanwhile and is reused"));
  // Nothing is left for the next build to be taken for its own words.
  const std::vector<std::string> names = ListDir(settings_.envs_folder).value();
  for (const std::string& name : names) {
    EXPECT_FALSE(name.ends_with(".log")) << name;
  }
}

TEST_F(UvBuilder, ABuildAndAWaitCanBeCanceled) {
  Hold();
  std::atomic<bool> cancel_first = false;
  Status first_status;
  std::thread first(
      [&] { first_status = Prepare(Spec("six"), [&] { return cancel_first.load(); }).status(); });
  EXPECT_TRUE(WaitForLog("Creating virtual environment"));
  std::atomic<bool> cancel_second = false;
  Status second_status;
  std::thread second(
      [&] { second_status = Prepare(Spec("six"), [&] { return cancel_second.load(); }).status(); });
  EXPECT_TRUE(WaitForLog("waiting for it"));
  cancel_second = true;
  second.join();
  EXPECT_EQ(second_status.code(), Code::kCancelled);
  cancel_first = true;
  first.join();
  EXPECT_EQ(first_status.code(), Code::kCancelled);
  Release();
  EXPECT_TRUE(Prepare(Spec("six")).ok());
}

TEST_F(UvBuilder, ABuildThatTakesTooLongIsEnded) {
  Hold();
  settings_.build_timeout = Duration(300);
  const Status late = Prepare(Spec("six")).status();
  EXPECT_EQ(late.code(), Code::kDeadlineExceeded) << late.text();
  EXPECT_NE(late.text().find("build_timeout"), std::string::npos) << late.text();
  EXPECT_NE(late.text().find("uv pip was ended"), std::string::npos) << late.text();
  Release();
  settings_.build_timeout = kBuildTimeoutDefault;
  EXPECT_TRUE(Prepare(Spec("six")).ok());
}

TEST_F(UvBuilder, APasswordReachesUvAndNothingElse) {
  EnvironmentSpec spec = Spec("six");
  spec.conda += "  - --extra-index-url https://ada:s3cret@pypi.example.org/simple\n";
  const auto prepared = Prepare(spec);
  ASSERT_TRUE(prepared.ok()) << prepared.status().text();
  const Result<std::string> given = ReadFile(root_ + "/given.txt");
  ASSERT_TRUE(given.ok());
  EXPECT_NE(given->find("https://ada:s3cret@pypi.example.org/simple"), std::string::npos) << *given;
  EXPECT_EQ(Log().find("s3cret"), std::string::npos) << Log();
  EXPECT_NE(Log().find("https://***@pypi.example.org"), std::string::npos) << Log();
  spec.conda += "  - missing-package\n";
  EXPECT_EQ(Prepare(spec).status().text().find("s3cret"), std::string::npos);
  const std::vector<std::string> names = ListDir(settings_.envs_folder).value();
  for (const std::string& name : names) {
    EXPECT_FALSE(name.ends_with(".requirements")) << name;
    const Result<std::string> text = ReadFile(settings_.envs_folder + "/" + name);
    EXPECT_TRUE(!text.ok() || text->find("s3cret") == std::string::npos) << name;
  }
}

TEST_F(UvBuilder, TheListOfPackagesIsKeptWithTheEnvironment) {
  const auto built = Prepare(Spec("six"));
  ASSERT_TRUE(built.ok());
  EXPECT_EQ(built->freeze, built->folder + "/freeze.txt");
  // One that was made before there were such lists gets its own when it is used.
  ASSERT_EQ(::unlink(built->freeze.c_str()), 0);
  const auto reused = Prepare(Spec("six"));
  ASSERT_TRUE(reused.ok());
  EXPECT_TRUE(Exists(reused->freeze));
}

// A micromamba that makes a folder with a python and keeps the file it was given.
constexpr std::string_view kFakeMamba = R"sh(#!/bin/sh
[ "$1 $2 $3 $5" = "create -y -p -f" ] || exit 8
mkdir -p "$4/bin" && ln -s /bin/sh "$4/bin/python" && cp "$6" "$4/given.yml"
echo "Transaction finished"
)sh";

TEST_F(UvBuilder, CondaBuildsWhatHasCondaPackages) {
  ASSERT_TRUE(WriteFile(root_ + "/micromamba", kFakeMamba, 0755).ok());
  const std::string path = ::getenv("PATH");
  ::setenv("PATH", (root_ + ":" + path).c_str(), 1);
  EnvironmentSpec spec;
  spec.conda = "channels: [conda-forge]\ndependencies:\n- python=3.9\n- r-base=4.1\n";
  const auto prepared = Prepare(spec);
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_TRUE(prepared.ok()) << prepared.status().text();
  EXPECT_EQ(prepared->variables.at("CONDA_PREFIX"), prepared->folder);
  EXPECT_NE(Log().find("Transaction finished"), std::string::npos) << Log();
  const Result<std::string> given = ReadFile(prepared->folder + "/given.yml");
  ASSERT_TRUE(given.ok());
  EXPECT_NE(given->find("r-base=4.1"), std::string::npos) << *given;
  EXPECT_EQ(Runs(), 0u);
}

TEST(RunCommand, TellsTheExitCodeAndEveryLine) {
  std::vector<std::string> lines;
  Command command{.arguments = {"sh", "-c", "echo a; printf 'b\\rc' >&2; exit 3"},
                  .variables = OwnVariables(),
                  .line = [&](std::string_view line) { lines.emplace_back(line); },
                  .canceled = {}};
  const Result<int> code = RunCommand(command);
  ASSERT_TRUE(code.ok());
  EXPECT_EQ(*code, 3);
  EXPECT_EQ(lines, (std::vector<std::string>{"a", "b", "c"}));
  command.arguments = {"sh", "-c", "kill -9 $$"};
  EXPECT_EQ(*RunCommand(command), 128 + 9);
  command.arguments = {"no-such-program"};
  EXPECT_EQ(RunCommand(command).status().code(), Code::kInternal);
}

// What the kernel says of a process; "" if there is none, or one that has ended.
std::string Living(const std::string& pid) {
  const Result<std::string> stat = ReadFile("/proc/" + pid + "/stat");
  return !stat.ok() || stat->find(") Z ") != std::string::npos ? "" : *stat;
}

TEST(RunCommand, ACancelTakesTheChildrenToo) {
  std::string child;
  const Command command{.arguments = {"sh", "-c", "sleep 300 & echo $!; trap '' TERM; wait; wait"},
                        .variables = OwnVariables(),
                        .line = [&](std::string_view line) { child = line; },
                        .canceled = [&] { return !child.empty(); }};
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(RunCommand(command).status().code(), Code::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
  ASSERT_FALSE(child.empty());
  for (int i = 0; i < 200 && !Living(child).empty(); ++i) ::usleep(5000);
  EXPECT_EQ(Living(child), "");
}

// The repository's uv, if `make setup` put it there.
std::string RealUv() {
  std::string folder = DirName(*[] {
    char self[4096];
    const ssize_t length = ::readlink("/proc/self/exe", self, sizeof(self));
    return Result<std::string>(
        std::string(self, static_cast<size_t>(std::max<ssize_t>(length, 0))));
  }());
  for (; folder.size() > 1; folder = DirName(folder)) {
    const std::string uv = JoinPath(folder, ".tools/bin/uv");
    if (Exists(uv)) return uv;
  }
  return FindProgram("uv", ::getenv("PATH"));
}

TEST_F(UvBuilder, TheRealUvMakesAWorkingEnvironment) {
  settings_.uv = RealUv();
  if (settings_.uv.empty()) GTEST_SKIP() << "uv is not installed; run make setup";
  const auto prepared = Prepare(Spec("six==1.16.0"));
  if (!prepared.ok() && (Log().find("Failed to fetch") != std::string::npos ||
                         Log().find("error sending request") != std::string::npos)) {
    GTEST_SKIP() << "no package index is reachable";
  }
  ASSERT_TRUE(prepared.ok()) << prepared.status().text();
  std::string said;
  const Command command{
      .arguments = {prepared->folder + "/bin/python", "-c", "import six; print(six.__version__)"},
      .variables = OwnVariables(),
      .line = [&](std::string_view line) { said += line; },
      .canceled = {}};
  const Result<int> code = RunCommand(command);
  ASSERT_TRUE(code.ok());
  EXPECT_EQ(*code, 0);
  EXPECT_EQ(said, "1.16.0");
}

}  // namespace
}  // namespace lazurite::environment
