#include "engine/runner/runner.h"

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "engine/runner/runner_harness.h"

namespace lazurite::runner {
namespace {

using RunnerTest = RunnerHarness;
using Names = std::vector<std::string>;

TEST_F(RunnerTest, EchoRunsFromSpecToExit) {
  const ExitRecord exit = RunJob("echo hello; echo problem >&2");
  EXPECT_EQ(exit.cause, "exited");
  EXPECT_EQ(exit.code, 0);
  EXPECT_TRUE(exit.succeeded());
  EXPECT_EQ(LogText(), "hello\nproblem\n");
  EXPECT_EQ(exit.log_bytes.at("user_logs/std_log.txt"), 14);
  Names events = Events();
  EXPECT_EQ(exit.seq, static_cast<int64_t>(events.size()) + 1);
  // Where no mount namespace can be made, a note says so.
  std::erase(events, "note");
  EXPECT_EQ(events, (Names{"started", "environment_ready", "inputs_ready", "ranks_started",
                           "ranks_ended", "outputs_stored", "ended"}));
  EXPECT_LE(*exit.started, *exit.ended);
  EXPECT_EQ(channel_->LookAtRunner()->state, AttemptChannel::Runner::kGone);
  EXPECT_FALSE(Exists(channel_->Path("secrets")));
  EXPECT_EQ(Read("system_logs/environment.txt"), "looking for \n");
}

TEST_F(RunnerTest, ExitCodesAndSignalsAreTold) {
  const ExitRecord exit = RunJob("exit 7");
  EXPECT_EQ(exit.cause, "exited");
  EXPECT_EQ(exit.code, 7);
  EXPECT_FALSE(exit.succeeded());
  EXPECT_EQ(exit.message, "the command ended with exit code 7");
}

TEST_F(RunnerTest, ASignalIsTheCause) {
  const ExitRecord exit = RunJob("kill -SEGV $$");
  EXPECT_EQ(exit.cause, "signaled");
  EXPECT_EQ(exit.signal, SIGSEGV);
  EXPECT_FALSE(exit.code);
}

TEST_F(RunnerTest, OutputIsKeptByteForByte) {
  std::filesystem::create_directories(home_ + "/snapshot");
  std::string bytes;
  for (int i = 0; i < 300'000; ++i) bytes += static_cast<char>(i * 7 % 256);
  ASSERT_TRUE(WriteFile(home_ + "/snapshot/bytes", bytes).ok());
  spec_.code_source = home_ + "/snapshot";
  RunJob("cat bytes; echo more >> bytes; rm -r ../code/outputs; printf x > new");
  EXPECT_EQ(LogText(), bytes);
  EXPECT_EQ(ReadFile(home_ + "/snapshot/bytes").value(), bytes);
  EXPECT_EQ(ListDir(home_ + "/snapshot").value(), Names{"bytes"});
}

TEST_F(RunnerTest, VariablesAreAzuresAndMlflows) {
  spec_.literals = {{"epochs", "3"}};
  spec_.environment_variables = {{"MINE", "a b"}, {"OMP_NUM_THREADS", "1"}};
  setenv("SERVER_PASSWORD", "1234", 1);
  RunJob("env");
  unsetenv("SERVER_PASSWORD");
  const std::string text = "\n" + LogText();
  for (const char* line :
       {"AZUREML_RUN_ID=job", "AZUREML_ARM_WORKSPACE_NAME=default", "AZUREML_PARAMETER_epochs=3",
        "MLFLOW_RUN_ID=job", "MLFLOW_EXPERIMENT_ID=7", "MLFLOW_TRACKING_TOKEN=the-token",
        "MLFLOW_TRACKING_URI=http://127.0.0.1:", "MINE=a b", "SECRET=hush", "FROM_ENV=yes",
        "PATH=/env/bin:", "OMP_NUM_THREADS=1", "OMP_WAIT_POLICY=passive", "AZUREML_NODE_COUNT=1",
        "CUDA_VISIBLE_DEVICES=\n", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT=true\n"}) {
    EXPECT_NE(text.find(std::string("\n") + line), std::string::npos) << line;
  }
  EXPECT_EQ(text.find("SERVER_PASSWORD"), std::string::npos);
  EXPECT_EQ(text.find("CUDA_DEVICE_ORDER"), std::string::npos);
}

TEST_F(RunnerTest, GrantedDevicesAreCountedAsOnTheMachine) {
  spec_.gpus = {"1", "3"};
  spec_.environment_variables = {{"MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "false"}};
  RunJob("echo $CUDA_DEVICE_ORDER $CUDA_VISIBLE_DEVICES $MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT");
  EXPECT_EQ(LogText(), "PCI_BUS_ID 1,3 false\n");
}

TEST_F(RunnerTest, TimeoutEndsTheJob) {
  spec_.timeout = Duration(200);
  const ExitRecord exit = RunJob("trap 'echo asked; exit 0' TERM; sleep 100 & wait");
  EXPECT_EQ(exit.cause, "timeout");
  EXPECT_EQ(LogText(), "asked\n");
  EXPECT_FALSE(exit.succeeded());
}

TEST_F(RunnerTest, CancelEndsAStubbornTreeWithItsDaemons) {
  Start(
      "trap '' TERM; (trap '' TERM; while :; do sleep 0.05; done) &"
      " setsid sh -c 'trap \"\" TERM; (env -i sleep 1000 &) ; sleep 1000' & "
      " (setsid setsid sleep 1001 &) ; echo up; while :; do sleep 0.05; done");
  ASSERT_TRUE(LogBecomes("up"));
  ASSERT_TRUE(Becomes([&] { return Marked().size() >= 4; }));
  kill(runner_, SIGTERM);
  EXPECT_EQ(Wait(), 0);
  EXPECT_EQ(Exit().cause, "canceled");
  EXPECT_TRUE(Marked().empty());
}

TEST_F(RunnerTest, CancelByFileIsSeenAndAGoodJobMayCleanUp) {
  Start("trap 'echo bye; exit 3' TERM; echo up; sleep 100 & wait");
  ASSERT_TRUE(LogBecomes("up"));
  ASSERT_TRUE(channel_->AskCancel().ok());
  EXPECT_EQ(Wait(), 0);
  EXPECT_EQ(Exit().cause, "canceled");
  EXPECT_EQ(LogText(), "up\nbye\n");
}

TEST_F(RunnerTest, CancelBeforeTheStartStartsNothing) {
  ASSERT_TRUE(MakeDirs(channel_->folder()).ok());
  ASSERT_TRUE(channel_->AskCancel().ok());
  const ExitRecord exit = RunJob("echo ran");
  EXPECT_EQ(exit.cause, "canceled");
  EXPECT_FALSE(exit.started);
  EXPECT_EQ(LogText(), "");
}

TEST_F(RunnerTest, CancelIsHeardWhileTheEnvironmentIsBuilt) {
  spec_.environment.name = "slow";
  Start("echo ran");
  ASSERT_TRUE(Becomes([&] { return !Read("system_logs/environment.txt").empty(); }));
  ASSERT_TRUE(channel_->AskCancel().ok());
  EXPECT_EQ(Wait(), 0);
  EXPECT_EQ(Exit().cause, "canceled");
}

TEST_F(RunnerTest, ABrokenEnvironmentIsTheCauseInTheResolversWords) {
  spec_.environment.name = "broken";
  const ExitRecord exit = RunJob("echo ran");
  EXPECT_EQ(exit.cause, "environment");
  EXPECT_TRUE(exit.message.starts_with("no version of numpy==99 exists\n")) << exit.message;
  EXPECT_EQ(LogText(), "");
}

TEST_F(RunnerTest, NothingIsLeftAfterANormalEnd) {
  const ExitRecord exit = RunJob("sleep 1000 & (setsid sleep 1001 &); echo done");
  EXPECT_TRUE(exit.succeeded());
  EXPECT_TRUE(Marked().empty());
}

TEST_F(RunnerTest, AScriptThatKillsItsGroupKillsOnlyItself) {
  const ExitRecord exit = RunJob("sleep 1000 & trap 'trap - TERM; kill 0; wait' EXIT; echo up");
  EXPECT_EQ(exit.cause, "signaled");
  EXPECT_EQ(exit.signal, SIGTERM);
  EXPECT_EQ(LogText(), "up\n");
}

TEST_F(RunnerTest, ASecondRunnerIsRefused) {
  Start("echo up; sleep 100");
  ASSERT_TRUE(LogBecomes("up"));
  const pid_t first = runner_;
  runner_ = StartRunner();
  EXPECT_EQ(Wait(), 3);
  runner_ = first;
  kill(runner_, SIGTERM);
  EXPECT_EQ(Wait(), 0);
  runner_ = StartRunner();
  EXPECT_EQ(Wait(), 3);
  EXPECT_EQ(LogText(), "up\n");
}

TEST_F(RunnerTest, PyTorchRanksKnowTheirPlaces) {
  spec_.distribution = {Distribution::Kind::kPyTorch, 2, 0, 0};
  spec_.instance_count = 2;
  spec_.gpus = {"4", "5"};
  const ExitRecord exit = RunJob(
      "echo $RANK $LOCAL_RANK $NODE_RANK $WORLD_SIZE $MASTER_ADDR $CUDA_VISIBLE_DEVICES; "
      "test -n \"$MASTER_PORT\"");
  EXPECT_TRUE(exit.succeeded()) << exit.message;
  EXPECT_EQ(exit.rank_usage.size(), 4u);
  const Names expected = {"0 0 0 4 127.0.0.1 4\n", "1 1 0 4 127.0.0.1 4\n", "2 0 1 4 127.0.0.1 5\n",
                          "3 1 1 4 127.0.0.1 5\n"};
  for (size_t rank = 0; rank < 4; ++rank) {
    EXPECT_EQ(Read("user_logs/std_log_process_" + std::to_string(rank) + ".txt"), expected[rank]);
  }
}

TEST_F(RunnerTest, AFailedRankTakesTheOthersDown) {
  spec_.distribution = {Distribution::Kind::kPyTorch, 3, 0, 0};
  const ExitRecord exit = RunJob("test $RANK = 1 && exit 9; sleep 1000");
  EXPECT_EQ(exit.cause, "rank_failed");
  EXPECT_EQ(exit.rank, 1);
  EXPECT_EQ(exit.code, 9);
  EXPECT_NE(exit.message.find("rank 1 ended with exit code 9"), std::string::npos);
  EXPECT_TRUE(Marked().empty());
}

TEST_F(RunnerTest, TensorFlowRanksGetTheirTasks) {
  spec_.distribution = {Distribution::Kind::kTensorFlow, 1, 2, 1};
  spec_.instance_count = 1;
  // Parameter servers never end by themselves.
  const ExitRecord exit =
      RunJob("echo $TF_CONFIG; case \"$TF_CONFIG\" in *'\"type\":\"ps\"'*) sleep 1000;; esac");
  EXPECT_TRUE(exit.succeeded()) << exit.message;
  const Result<Json> config = Json::Parse(Read("user_logs/std_log_process_1.txt"));
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->At("cluster.worker")->array().size(), 2u);
  EXPECT_EQ(config->At("cluster.ps")->array().size(), 1u);
  EXPECT_EQ(config->At("task.index")->int_value(), 1);
}

TEST_F(RunnerTest, MpiRanksEachHaveTheirLog) {
  spec_.distribution = {Distribution::Kind::kMpi, 2, 0, 0};
  const bool is_installed = access("/usr/bin/mpirun", X_OK) == 0;
  const ExitRecord exit = RunJob("echo $OMPI_COMM_WORLD_RANK of $OMPI_COMM_WORLD_SIZE");
  if (!is_installed) {
    EXPECT_EQ(exit.cause, "environment");
    EXPECT_NE(exit.message.find("openmpi-bin"), std::string::npos);
    return;
  }
  EXPECT_TRUE(exit.succeeded()) << exit.message << Read("system_logs/mpirun.txt");
  EXPECT_EQ(Read("user_logs/std_log_process_0.txt"), "0 of 2\n");
  EXPECT_EQ(Read("user_logs/std_log_process_1.txt"), "1 of 2\n");
}

TEST_F(RunnerTest, AFailedMpiRankIsNamed) {
  if (access("/usr/bin/mpirun", X_OK) != 0) GTEST_SKIP() << "no mpirun";
  spec_.distribution = {Distribution::Kind::kMpi, 2, 0, 0};
  const ExitRecord exit = RunJob("test $OMPI_COMM_WORLD_RANK = 1 && exit 5; sleep 1000");
  EXPECT_EQ(exit.cause, "rank_failed");
  EXPECT_EQ(exit.rank, 1);
  EXPECT_EQ(exit.code, 5);
  EXPECT_TRUE(Marked().empty());
}

TEST_F(RunnerTest, UseOfTheMachineIsCounted) {
  const ExitRecord exit = RunJob(
      "head -c 100000000 /dev/zero | tail -c 100000000 | sha256sum > /dev/null;"
      " dd if=/dev/zero of=outputs/x bs=1M count=4 conv=fsync 2>/dev/null");
  EXPECT_TRUE(exit.succeeded());
  EXPECT_GT(exit.usage.cpu_s, 0.05);
  EXPECT_GT(exit.usage.rss_max_bytes, 90'000'000);
  EXPECT_GE(exit.usage.written_bytes, 4 << 20);
  EXPECT_EQ(*FileSize(home_ + "/artifacts/outputs/x"), 4 << 20);
}

TEST_F(RunnerTest, TheServersDoorbellRings) {
  const Fd bell(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_TRUE(MakeDirs(home_ + "/run").ok());
  (home_ + "/run/doorbell.sock").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(bell.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  RunJob("true");
  char text[64];
  const ssize_t count = recv(bell.get(), text, sizeof text, MSG_DONTWAIT);
  ASSERT_GT(count, 0);
  EXPECT_EQ(std::string(text, static_cast<size_t>(count)), "job/1");
}

TEST_F(RunnerTest, AFullDiskIsSaidAndTheExitIsStillWritten) {
  const std::string folder = home_ + "/jobs";
  ASSERT_TRUE(MakeDirs(folder).ok());
  if (mount("none", folder.c_str(), "tmpfs", 0, "size=1m") != 0) GTEST_SKIP() << "needs root";
  const ExitRecord exit = RunJob("head -c 4000000 /dev/zero; exit 1");
  umount2(folder.c_str(), MNT_DETACH);
  EXPECT_FALSE(exit.succeeded());
  EXPECT_NE(exit.message.find("is full"), std::string::npos) << exit.message;
}

TEST_F(RunnerTest, AJobThatWentOnWithoutItsLogOnAFullDiskSaysSo) {
  const std::string folder = home_ + "/jobs";
  ASSERT_TRUE(MakeDirs(folder).ok());
  if (mount("none", folder.c_str(), "tmpfs", 0, "size=4m") != 0) GTEST_SKIP() << "needs root";
  const ExitRecord exit = RunJob("head -c 9000000 /dev/zero; true");
  umount2(folder.c_str(), MNT_DETACH);
  EXPECT_TRUE(exit.succeeded()) << exit.message;
  EXPECT_NE(exit.message.find("was full while the job ran"), std::string::npos) << exit.message;
}

TEST_F(RunnerTest, TheExitIsWrittenAlsoWhenOthersTakeWhatRoomComesFree) {
  const std::string folder = home_ + "/jobs";
  ASSERT_TRUE(MakeDirs(folder).ok());
  if (mount("none", folder.c_str(), "tmpfs", 0, "size=4m") != 0) GTEST_SKIP() << "needs root";
  Start("echo up; sleep 0.3");
  ASSERT_TRUE(LogBecomes("up"));
  {
    const Result<Fd> filler = OpenFile(folder + "/filler", O_WRONLY | O_CREAT | O_APPEND);
    ASSERT_TRUE(filler.ok());
    const std::string block(4096, 'x');
    while (waitpid(runner_, nullptr, WNOHANG) == 0) (void)WriteAll(filler->get(), block);
    runner_ = 0;
  }
  EXPECT_TRUE(Exit().succeeded()) << Exit().message;
  umount2(folder.c_str(), MNT_DETACH);
}

TEST_F(RunnerTest, ADiskThatWasFullForAWhileIsSaidAndOneWithRoomIsNot) {
  const std::string folder = home_ + "/jobs";
  ASSERT_TRUE(MakeDirs(folder).ok());
  if (mount("none", folder.c_str(), "tmpfs", 0, "size=4m") != 0) GTEST_SKIP() << "needs root";
  const ExitRecord exit = RunJob("head -c 9000000 /dev/zero > x; sleep 1.3; rm x; echo more");
  EXPECT_TRUE(RemoveTree(channel_->folder()).ok());
  const ExitRecord with_room = RunJob("echo hello");
  umount2(folder.c_str(), MNT_DETACH);
  EXPECT_TRUE(exit.succeeded()) << exit.message;
  EXPECT_NE(exit.message.find("was full while the job ran"), std::string::npos) << exit.message;
  EXPECT_EQ(with_room.message, "");
}

TEST_F(RunnerTest, AnAttemptWithoutASpecEndsWithTheReason) {
  ASSERT_TRUE(MakeDirs(channel_->folder()).ok());
  runner_ = StartRunner();
  EXPECT_EQ(Wait(), 0);
  EXPECT_EQ(Exit().cause, "runner");
}

}  // namespace
}  // namespace lazurite::runner
