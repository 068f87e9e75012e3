#include "engine/runner/data.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "engine/runner/runner_harness.h"

namespace lazurite::runner {
namespace {

// From now on this process and its children can make no namespaces.
void ForbidNamespaces() {
  sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{.len = std::size(rules), .filter = rules};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) _exit(99);
}

class DataTest : public RunnerHarness {
 protected:
  void SetUp() override {
    RunnerHarness::SetUp();
    store_ = home_ + "/store";
    ASSERT_TRUE(MakeDirs(store_ + "/folder/sub").ok());
    ASSERT_TRUE(WriteFile(store_ + "/folder/sub/a.csv", "1,2\n").ok());
    ASSERT_TRUE(WriteFile(store_ + "/b.csv.gz", "bbb").ok());
  }
  void AddInput(const std::string& name, DataMode mode, const std::string& path) {
    spec_.inputs.push_back({name, "uri_folder", mode, path, "azureml://uri"});
  }
  // Whether this machine lets us make mount namespaces at all.
  bool HasSandbox() { return Read("system_logs/data.txt").find("no mount") == std::string::npos; }

  std::string store_;
};

TEST_F(DataTest, AMountedInputCannotBeWritten) {
  AddInput("data", DataMode::kReadOnlyMount, store_ + "/folder");
  AddInput("file", DataMode::kReadOnlyMount, store_ + "/b.csv.gz");
  const ExitRecord exit = RunJob(
      "cat ${{inputs.data}}/sub/a.csv ${{inputs.file}}; echo; basename ${{inputs.file}};"
      " ls $AZUREML_CR_DATA_CAPABILITY_PATH/INPUT_data; rm -r ${{inputs.data}}");
  if (!HasSandbox()) GTEST_SKIP() << Read("system_logs/data.txt");
  EXPECT_EQ(exit.code, 1);
  EXPECT_NE(LogText().find("1,2\nbbb\nb.csv.gz\nsub\n"), std::string::npos) << LogText();
  EXPECT_NE(LogText().find("Read-only file system"), std::string::npos) << LogText();
  EXPECT_EQ(ReadFile(store_ + "/folder/sub/a.csv").value(), "1,2\n");
}

TEST_F(DataTest, EnvironmentsCannotBeChanged) {
  const std::string envs = home_ + "/envs";
  ASSERT_TRUE(MakeDirs(envs + "/hash/lib").ok());
  ASSERT_TRUE(WriteFile(envs + "/hash/lib/a.py", "1").ok());
  spec_.environment_settings.envs_folder = envs;
  RunJob("cat " + envs + "/hash/lib/a.py; echo 2 > " + envs + "/hash/lib/a.py; rm -r " + envs);
  if (!HasSandbox()) GTEST_SKIP() << Read("system_logs/data.txt");
  EXPECT_TRUE(LogText().starts_with("1")) << LogText();
  EXPECT_NE(LogText().find("Read-only file system"), std::string::npos) << LogText();
  EXPECT_EQ(ReadFile(envs + "/hash/lib/a.py").value(), "1");
}

TEST_F(DataTest, AJobCannotSayHowItEnded) {
  const ExitRecord exit = RunJob(
      "cd $LAZURITE_ATTEMPT; echo '{}' > nodes/0/exit.json; echo x >> nodes/0/events.jsonl;"
      " echo x > spool/0; echo x > spec.json; mv nodes away; rm -r nodes spec.json; exit 5");
  if (!HasSandbox()) GTEST_SKIP() << Read("system_logs/data.txt");
  EXPECT_EQ(exit.code, 5) << exit.message;
  EXPECT_NE(LogText().find("exit.json: Read-only file system"), std::string::npos) << LogText();
  EXPECT_NE(LogText().find("events.jsonl: Read-only file system"), std::string::npos) << LogText();
  EXPECT_NE(LogText().find("spec.json: Read-only file system"), std::string::npos) << LogText();
  EXPECT_TRUE(channel_->ReadSpec().ok());
  EXPECT_FALSE(Exists(channel_->Path("away")));
}

TEST_F(DataTest, AJobCannotEndItselfByFilesNorMoveItsFolderAway) {
  const ExitRecord exit = RunJob(
      "cd /; echo '{}' > $LAZURITE_ATTEMPT/verdict.json; touch $LAZURITE_ATTEMPT/cancel;"
      " echo x > $LAZURITE_ATTEMPT/system_logs/runner.txt;"
      " mv $LAZURITE_ATTEMPT ${LAZURITE_ATTEMPT%/*}/2; mv $LAZURITE_ATTEMPT/code " +
      home_ + "/code; rm -f spec.json; mkdir " + home_ + "/new; exit 5");
  if (!HasSandbox()) GTEST_SKIP() << Read("system_logs/data.txt");
  EXPECT_EQ(exit.cause, "exited") << LogText();
  EXPECT_EQ(exit.code, 5) << exit.message;
  for (const char* name : {"verdict.json", "cancel", "../2"}) {
    EXPECT_FALSE(Exists(channel_->Path(name))) << name;
  }
  EXPECT_FALSE(Exists(home_ + "/new"));
  EXPECT_FALSE(Exists(home_ + "/code"));
  EXPECT_NE(LogText().find("verdict.json: Read-only file system"), std::string::npos) << LogText();
}

TEST_F(DataTest, WhatIsTheJobsOwnCanBeWritten) {
  AddInput("copy", DataMode::kDownload, store_ + "/folder");
  AddInput("shared", DataMode::kReadWriteMount, store_ + "/folder");
  spec_.outputs.push_back({"mounted", "uri_folder", DataMode::kReadWriteMount, home_ + "/out/m"});
  spec_.outputs.push_back({"file", "uri_file", DataMode::kReadWriteMount, home_ + "/files/f.txt"});
  spec_.outputs.push_back({"later", "uri_folder", DataMode::kUpload, home_ + "/out/l"});
  const ExitRecord exit = RunJob(
      "set -e; echo 1 > own.txt; mkdir -p outputs; echo 2 > outputs/a;"
      " echo 3 > ${{inputs.copy}}/new; echo 4 > ${{inputs.shared}}/new;"
      " echo 5 > ${{outputs.mounted}}/x; echo 6 > ${{outputs.file}}; echo 7 > ${{outputs.later}}/y;"
      " echo 8 > ../user_logs/mine.txt; mv ${{outputs.mounted}}/x ${{outputs.mounted}}/z");
  EXPECT_TRUE(exit.succeeded()) << exit.message << LogText();
  EXPECT_EQ(Read("code/own.txt"), "1\n");
  EXPECT_EQ(ReadFile(home_ + "/artifacts/outputs/a").value(), "2\n");
  EXPECT_EQ(ReadFile(store_ + "/folder/new").value(), "4\n");
  EXPECT_EQ(ReadFile(home_ + "/out/m/z").value(), "5\n");
  EXPECT_EQ(ReadFile(home_ + "/files/f.txt").value(), "6\n");
  EXPECT_EQ(ReadFile(home_ + "/out/l/y").value(), "7\n");
  EXPECT_EQ(Read("user_logs/mine.txt"), "8\n");
}

TEST_F(DataTest, WhatIsNotStoredOfAnOutputIsANote) {
  spec_.outputs.push_back({"made", "uri_folder", DataMode::kUpload, home_ + "/out/m"});
  spec_.outputs.push_back({"pipe", "uri_file", DataMode::kUpload, home_ + "/out/p"});
  const ExitRecord exit = RunJob(
      "cd ${{outputs.made}}; echo 1 > kept; ln -s kept own; ln -s /etc/passwd there; mkfifo pipe;"
      " mkfifo ${{outputs.pipe}}");
  EXPECT_TRUE(exit.succeeded()) << exit.message << LogText();
  EXPECT_EQ(ReadFile(home_ + "/out/m/own").value(), "1\n");
  EXPECT_FALSE(Exists(home_ + "/out/m/there"));
  EXPECT_FALSE(Exists(home_ + "/out/m/pipe"));
  EXPECT_FALSE(Exists(home_ + "/out/p"));
  const std::string events = Read("nodes/0/events.jsonl");
  EXPECT_NE(events.find("output made: 2 entries are not stored"), std::string::npos) << events;
  EXPECT_NE(events.find("output pipe: 1 entry is not stored"), std::string::npos) << events;
}

TEST_F(DataTest, WhatIsHiddenIsNotSeen) {
  ASSERT_TRUE(MakeDirs(home_ + "/tokens").ok());
  ASSERT_TRUE(WriteFile(home_ + "/tokens/owner", "key").ok());
  ASSERT_TRUE(WriteFile(home_ + "/lazurite.db", "rows").ok());
  spec_.hidden_paths = {home_ + "/tokens", home_ + "/lazurite.db", home_ + "/missing"};
  const ExitRecord exit = RunJob("cat " + home_ + "/tokens/owner; cat " + home_ +
                                 "/lazurite.db; touch " + home_ + "/tokens/x");
  if (!HasSandbox()) GTEST_SKIP() << Read("system_logs/data.txt");
  EXPECT_EQ(LogText().find("key"), std::string::npos);
  EXPECT_EQ(LogText().find("rows"), std::string::npos);
  EXPECT_FALSE(exit.succeeded());
  EXPECT_EQ(ReadFile(home_ + "/tokens/owner").value(), "key");
  EXPECT_FALSE(Exists(home_ + "/tokens/x"));
}

TEST_F(DataTest, WithoutNamespacesInputsAreLinksAndThatIsSaid) {
  AddInput("data", DataMode::kReadOnlyMount, store_ + "/folder");
  AddInput("file", DataMode::kReadOnlyMount, store_ + "/b.csv.gz");
  before_run_ = ForbidNamespaces;
  spec_.distribution = {Distribution::Kind::kPyTorch, 2, 0, 0};
  const ExitRecord exit = RunJob("cat ${{inputs.data}}/sub/a.csv ${{inputs.file}}");
  EXPECT_TRUE(exit.succeeded()) << exit.message;
  EXPECT_EQ(Read("user_logs/std_log_process_1.txt"), "1,2\nbbb");
  const std::vector<std::string> events = Events();
  EXPECT_EQ(std::count(events.begin(), events.end(), "note"), 1);
  EXPECT_EQ(std::filesystem::read_symlink(channel_->Path("inputs/data")), store_ + "/folder");
}

TEST_F(DataTest, ADownloadIsTheJobsOwn) {
  AddInput("data", DataMode::kDownload, store_ + "/folder");
  const ExitRecord exit =
      RunJob("echo more >> ${{inputs.data}}/sub/a.csv; cat ${{inputs.data}}/sub/a.csv");
  EXPECT_TRUE(exit.succeeded()) << LogText();
  EXPECT_EQ(LogText(), "1,2\nmore\n");
  EXPECT_EQ(ReadFile(store_ + "/folder/sub/a.csv").value(), "1,2\n");
}

TEST_F(DataTest, DirectInputsAndLiteralsAreText) {
  AddInput("data", DataMode::kDirect, "");
  spec_.literals = {{"lr", "0.1"}};
  RunJob("echo ${{inputs.data}} ${{inputs.lr}} $[[--x ${{inputs.none}}]]");
  EXPECT_EQ(LogText(), "azureml://uri 0.1\n");
}

TEST_F(DataTest, AMissingInputIsTheCause) {
  AddInput("data", DataMode::kReadOnlyMount, store_ + "/nowhere");
  const ExitRecord exit = RunJob("echo ran");
  EXPECT_EQ(exit.cause, "input");
  EXPECT_EQ(exit.message, "input data: nothing lies at " + store_ + "/nowhere");
}

TEST_F(DataTest, OutputsReachTheirPlaces) {
  spec_.outputs = {{"live", "uri_folder", DataMode::kReadWriteMount, store_ + "/live"},
                   {"late", "uri_folder", DataMode::kUpload, store_ + "/late"},
                   {"file", "uri_file", DataMode::kUpload, store_ + "/f/model.bin"},
                   {"none", "uri_file", DataMode::kUpload, store_ + "/g/none.bin"}};
  const ExitRecord exit = RunJob(
      "echo 1 > ${{outputs.live}}/x; cat " + store_ +
      "/live/x; mkdir ${{outputs.late}}/d; echo 2 > ${{outputs.late}}/d/y; ls " + store_ +
      "/late; echo 3 > ${{outputs.file}}; echo 4 > outputs/z;"
      " ls $AZUREML_CR_DATA_CAPABILITY_PATH; ln -s /etc/passwd outputs/p; ln -s z outputs/q");
  EXPECT_TRUE(exit.succeeded()) << exit.message;
  EXPECT_EQ(LogText(), "1\nls: cannot access '" + store_ +
                           "/late': No such file or directory\nfile\nlate\nlive\nnone\n");
  EXPECT_EQ(ReadFile(store_ + "/late/d/y").value(), "2\n");
  EXPECT_EQ(ReadFile(store_ + "/f/model.bin").value(), "3\n");
  EXPECT_EQ(ReadFile(home_ + "/artifacts/outputs/z").value(), "4\n");
  EXPECT_EQ(ReadFile(home_ + "/artifacts/outputs/q").value(), "4\n");
  EXPECT_FALSE(Exists(home_ + "/artifacts/outputs/p"));
  EXPECT_FALSE(Exists(store_ + "/g/none.bin"));
}

TEST_F(DataTest, OutputsOfAFailedJobAreKeptToo) {
  const ExitRecord exit = RunJob("echo 1 > outputs/checkpoint; exit 4");
  EXPECT_EQ(exit.code, 4);
  EXPECT_EQ(ReadFile(home_ + "/artifacts/outputs/checkpoint").value(), "1\n");
}

}  // namespace
}  // namespace lazurite::runner
