#include "engine/runner/redacted_logs.h"

#include <atomic>
#include <future>

#include "engine/runner/runner_harness.h"

namespace lazurite::runner {
namespace {

class RedactedLogsTest : public RunnerHarness {
 protected:
  void SetUp() override {
    RunnerHarness::SetUp();
    hidden_ = {"hush", "hf_secret"};
  }
};

TEST_F(RedactedLogsTest, WhatAJobPrintsOfItsSecretsIsMasked) {
  const ExitRecord exit = RunJob(
      "echo $SECRET; echo error $SECRET >&2; for c in h f _ s e c r e t; do printf $c; done; "
      "printf ' hf_'");
  EXPECT_TRUE(exit.succeeded()) << exit.message;
  EXPECT_EQ(LogText(), "***\nerror ***\n*** hf_");
  EXPECT_EQ(exit.log_bytes.at("user_logs/std_log.txt"), static_cast<int64_t>(LogText().size()));
}

TEST_F(RedactedLogsTest, EverythingElseArrivesByteForByte) {
  std::filesystem::create_directories(home_ + "/snapshot");
  std::string bytes;
  for (int i = 0; i < 3'000'000; ++i) bytes += static_cast<char>(i * 7 % 256);
  ASSERT_TRUE(WriteFile(home_ + "/snapshot/bytes", bytes).ok());
  spec_.code_source = home_ + "/snapshot";
  RunJob("cat bytes; echo end >&2");
  EXPECT_TRUE(LogText() == bytes + "end\n");
}

TEST_F(RedactedLogsTest, LinesAreSeenAtOnce) {
  Start("echo begun $SECRET; sleep 1000");
  EXPECT_TRUE(LogBecomes("begun ***\n"));
}

TEST_F(RedactedLogsTest, EachRankHasItsLog) {
  spec_.distribution = {Distribution::Kind::kPyTorch, 2, 0, 0};
  const ExitRecord exit = RunJob("echo rank $RANK $SECRET");
  EXPECT_TRUE(exit.succeeded()) << exit.message;
  EXPECT_EQ(Read("user_logs/std_log_process_0.txt"), "rank 0 ***\n");
  EXPECT_EQ(Read("user_logs/std_log_process_1.txt"), "rank 1 ***\n");
}

TEST_F(RedactedLogsTest, SoHaveRanksOfMpi) {
  if (access("/usr/bin/mpirun", X_OK) != 0) GTEST_SKIP() << "no mpirun";
  spec_.distribution = {Distribution::Kind::kMpi, 2, 0, 0};
  const ExitRecord exit = RunJob("echo rank $OMPI_COMM_WORLD_RANK $SECRET");
  EXPECT_TRUE(exit.succeeded()) << exit.message << Read("system_logs/mpirun.txt");
  EXPECT_EQ(Read("user_logs/std_log_process_0.txt"), "rank 0 ***\n");
  EXPECT_EQ(Read("user_logs/std_log_process_1.txt"), "rank 1 ***\n");
  EXPECT_FALSE(Exists(channel_->Path("log_pipes")));
}

TEST_F(RedactedLogsTest, WhoGoesOnWritingAfterTheJobKeepsNobody) {
  ASSERT_TRUE(MakeDirs(channel_->folder()).ok());
  const Redaction redaction(hidden_);
  RedactedLogs logs(redaction);
  JobPlan plan;
  plan.processes.emplace_back();
  plan.processes.back().log = "log.txt";
  ASSERT_TRUE(logs.Begin(plan, channel_->folder()).ok());
  const Fd leftover(dup(logs.OutputOf(0)));
  ASSERT_TRUE(WriteAll(leftover.get(), "hush first\n").ok());
  std::atomic<bool> is_over = false;
  // Writes as fast as it is read.
  std::thread writer([&] {
    signal(SIGPIPE, SIG_IGN);
    const std::string text(4096, 'x');
    while (!is_over && WriteAll(leftover.get(), text).ok()) {
    }
  });
  std::future<bool> finished = std::async(std::launch::async, [&] { return logs.Finish(); });
  const bool is_in_time = finished.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  is_over = true;
  writer.join();
  EXPECT_TRUE(is_in_time);
  EXPECT_TRUE(finished.get());
  EXPECT_EQ(Read("log.txt").substr(0, 10), "*** first\n");
}

}  // namespace
}  // namespace lazurite::runner
