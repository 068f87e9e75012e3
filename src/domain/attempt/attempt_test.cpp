#include "domain/attempt/attempt.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "domain/attempt/spool.h"
#include "domain/attempt/tombstone.h"

namespace lazurite {
namespace {

class AttemptTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "attempt-XXXXXX";
    home_ = mkdtemp(pattern.data());
    channel_.emplace(AttemptChannel::FolderOf(home_, "job", 1));
  }
  void TearDown() override { std::filesystem::remove_all(home_); }

  AttemptSpec Spec() const {
    AttemptSpec spec;
    spec.job = "job";
    spec.home = home_;
    spec.command = "echo \"${{inputs.x}}\"";
    spec.literals = {{"epochs", "3"}};
    spec.inputs = {{"data", "uri_folder", DataMode::kEvalMount, "/data", "azureml://x"}};
    spec.outputs = {{"model", "uri_file", DataMode::kUpload, "/out/model"}};
    spec.environment_variables = {{"A", "b"}};
    spec.environment.name = "sklearn";
    spec.environment.conda = "dependencies: []";
    spec.distribution = {Distribution::Kind::kTensorFlow, 2, 3, 1};
    spec.instance_count = 4;
    spec.cpus = 2.5;
    spec.gpus = {"0", "3"};
    spec.timeout = Duration(90'000);
    spec.cancel_grace = Duration(1'500);
    spec.hidden_paths = {home_ + "/tokens"};
    return spec;
  }
  void AppendEvents(std::string_view text) {
    ASSERT_TRUE(MakeDirs(channel_->Path("nodes/0")).ok());
    const Result<Fd> file =
        OpenFile(channel_->Path("nodes/0/events.jsonl"), O_WRONLY | O_CREAT | O_APPEND);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(WriteAll(file.value().get(), text).ok());
  }

  std::string home_;
  std::optional<AttemptChannel> channel_;
};

const RunnerIdentity kMe{BootId(), 4711, 99};

TEST_F(AttemptTest, SpecComesBackAsItWasWritten) {
  const AttemptSpec spec = Spec();
  ASSERT_TRUE(channel_->Create(spec, {"token", {{"KEY", "secret"}}}).ok());
  const Result<AttemptSpec> read = channel_->ReadSpec();
  ASSERT_TRUE(read.ok()) << read.status().text();
  EXPECT_EQ(read.value().ToJson().Dump(), spec.ToJson().Dump());
  EXPECT_EQ(read.value().inputs[0].mode, DataMode::kEvalMount);
  EXPECT_EQ(read.value().timeout, Duration(90'000));
}

TEST_F(AttemptTest, WhatAnotherLifeOfTheJobLeftIsNotTakenForItsOwn) {
  AttemptSpec spec = Spec();
  spec.life = "first";
  ASSERT_TRUE(channel_->Create(spec, {}).ok());
  ASSERT_TRUE(channel_->TakeRunnerLock(kMe).ok());
  ASSERT_TRUE(channel_->WriteExit(ExitRecord()).ok());
  ASSERT_TRUE(channel_->Create(spec, {}).ok());
  EXPECT_EQ(channel_->LookAtRunner()->state, AttemptChannel::Runner::kGone);
  spec.life = "second";
  ASSERT_TRUE(channel_->Create(spec, {}).ok());
  EXPECT_EQ(channel_->LookAtRunner()->state, AttemptChannel::Runner::kNever);
  EXPECT_FALSE(channel_->ReadExit()->has_value());
  EXPECT_EQ(channel_->ReadSpec()->life, "second");
  EXPECT_EQ(ListDir(home_ + "/jobs")->size(), 1U);
}

TEST_F(AttemptTest, WhatIsBuriedIsAwayAtOnceAndRemovedLater) {
  ASSERT_TRUE(channel_->Create(Spec(), {}).ok());
  const Result<std::string> grave = Bury(home_, home_ + "/jobs/job");
  ASSERT_TRUE(grave.ok()) << grave.status().text();
  EXPECT_FALSE(Exists(home_ + "/jobs/job"));
  EXPECT_TRUE(Exists(*grave + "/1/spec.json"));
  EXPECT_EQ(*Bury(home_, home_ + "/jobs/job"), "");
  ASSERT_TRUE(RemoveBuried(home_).ok());
  EXPECT_FALSE(Exists(*grave));
}

TEST_F(AttemptTest, SecretsAreForTheOwnerAndTakenOnce) {
  ASSERT_TRUE(channel_->Create(Spec(), {"token", {{"KEY", "secret"}}}).ok());
  struct stat info;
  ASSERT_EQ(stat(channel_->Path("secrets").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(ReadFile(channel_->Path("spec.json"))->find("secret"), std::string::npos);
  const Result<AttemptSecrets> secrets = channel_->TakeSecrets();
  ASSERT_TRUE(secrets.ok());
  EXPECT_EQ(secrets.value().token, "token");
  EXPECT_EQ(secrets.value().environment_variables.at("KEY"), "secret");
  EXPECT_FALSE(Exists(channel_->Path("secrets")));
  EXPECT_EQ(channel_->TakeSecrets()->token, "");
}

TEST_F(AttemptTest, SpecsThatMakeNoSenseAreRefused) {
  Json json = Spec().ToJson();
  json["instance_count"] = 0;
  EXPECT_FALSE(AttemptSpec::FromJson(json).ok());
  EXPECT_FALSE(AttemptSpec::FromJson(Json::MakeObject()).ok());
  EXPECT_EQ(channel_->ReadSpec().status().code(), Code::kNotFound);
}

TEST_F(AttemptTest, EventsAreReadFromAnOffsetAndATornLineWaits) {
  EXPECT_TRUE(channel_->ReadEvents()->events.empty());
  AppendEvents(
      "{\"seq\":1,\"time\":\"2026-11-24T10:00:00.000Z\",\"event\":\"started\",\"detail\":{}}\n"
      "{\"seq\":2,\"time\":\"2026-11-24T10:00:01.500Z\",\"event\":\"note\",\"detail\":"
      "{\"text\":\"a\"}}\n{\"seq\":3,\"ti");
  const Result<EventPage> all = channel_->ReadEvents();
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->events.size(), 2u);
  EXPECT_EQ(all->events[1].detail.GetString("text"), "a");
  EXPECT_TRUE(all->is_last);
  EXPECT_TRUE(channel_->ReadEvents(all->end)->events.empty());
  EXPECT_EQ(channel_->ReadEvents(all->end)->end, all->end);
  AppendEvents("me\":\"2026-11-24T10:00:02.000Z\",\"event\":\"ended\"}\n{broken\n");
  const EventPage rest = channel_->ReadEvents(all->end).value();
  ASSERT_EQ(rest.events.size(), 1u);
  EXPECT_EQ(rest.events[0].event, "ended");
  EXPECT_TRUE(rest.has_unreadable);
  EXPECT_FALSE(channel_->ReadEvents(rest.end)->has_unreadable);
}

TEST_F(AttemptTest, EventsComeInPages) {
  std::string lines;
  for (size_t i = 1; i <= EventPage::kLinesMax + 1; ++i) {
    AttemptEvent event;
    event.seq = static_cast<int64_t>(i);
    event.event = "note";
    lines += event.ToJson().Dump() + "\n";
  }
  AppendEvents(lines);
  const EventPage first = channel_->ReadEvents().value();
  EXPECT_EQ(first.events.size(), EventPage::kLinesMax);
  EXPECT_FALSE(first.is_last);
  const EventPage second = channel_->ReadEvents(first.end).value();
  ASSERT_EQ(second.events.size(), 1u);
  EXPECT_EQ(second.events[0].seq, static_cast<int64_t>(EventPage::kLinesMax) + 1);
  EXPECT_TRUE(second.is_last);
}

TEST_F(AttemptTest, ExitAndVerdictComeBack) {
  EXPECT_FALSE(channel_->ReadExit()->has_value());
  EXPECT_FALSE(channel_->ReadVerdict()->has_value());
  ASSERT_TRUE(MakeDirs(channel_->Path("nodes/0")).ok());
  ExitRecord exit;
  exit.seq = 9;
  exit.cause = "rank_failed";
  exit.signal = 9;
  exit.rank = 2;
  exit.message = "rank 2 was killed";
  exit.ended = FromMillis(1'700'000'000'123);
  exit.usage = {1.5, 100, 20, 30};
  exit.rank_usage = {{1, 2, 3, 4}, {5, 6, 7, 8}};
  exit.log_bytes = {{"user_logs/std_log.txt", 7}};
  ASSERT_TRUE(channel_->WriteExit(exit).ok());
  EXPECT_EQ(channel_->ReadExit()->value().ToJson().Dump(), exit.ToJson().Dump());
  EXPECT_FALSE(channel_->ReadExit()->value().succeeded());
  ASSERT_TRUE(channel_->WriteVerdict({"runner_lost", "gone", FromMillis(5)}).ok());
  EXPECT_EQ(channel_->ReadVerdict()->value().cause, "runner_lost");
}

TEST_F(AttemptTest, RunnerIsNeverThenAliveThenGone) {
  using Runner = AttemptChannel::Runner;
  EXPECT_EQ(channel_->LookAtRunner()->state, Runner::kNever);
  ASSERT_TRUE(MakeDirs(channel_->Path("nodes/0")).ok());
  ASSERT_TRUE(WriteFile(channel_->Path("nodes/0/runner.lock"), "").ok());
  EXPECT_EQ(channel_->LookAtRunner()->state, Runner::kNever);
  {
    const Result<Fd> lock = channel_->TakeRunnerLock(kMe);
    ASSERT_TRUE(lock.ok()) << lock.status().text();
    EXPECT_EQ(channel_->LookAtRunner()->state, Runner::kAlive);
    EXPECT_EQ(channel_->LookAtRunner()->identity.pid, 4711);
    EXPECT_EQ(channel_->TakeRunnerLock(kMe).status().code(), Code::kConflict);
  }
  EXPECT_EQ(channel_->LookAtRunner()->state, Runner::kGone);
  EXPECT_EQ(channel_->TakeRunnerLock(kMe).status().code(), Code::kConflict);
}

TEST_F(AttemptTest, LockOfAnotherBootMeansThatTheMachineRestarted) {
  ASSERT_TRUE(MakeDirs(channel_->Path("nodes/0")).ok());
  const RunnerIdentity old{"another-boot", 12, 34};
  ASSERT_TRUE(WriteFile(channel_->Path("nodes/0/runner.lock"), old.ToJson().Dump()).ok());
  EXPECT_EQ(channel_->LookAtRunner()->state, AttemptChannel::Runner::kRebooted);
}

TEST_F(AttemptTest, AttemptWithAVerdictIsNotRun) {
  ASSERT_TRUE(MakeDirs(channel_->folder()).ok());
  ASSERT_TRUE(channel_->WriteVerdict({"runner_lost", "late", FromMillis(5)}).ok());
  EXPECT_EQ(channel_->TakeRunnerLock(kMe).status().code(), Code::kConflict);
}

TEST_F(AttemptTest, AnAttemptThatIsRunGetsNoVerdict) {
  const Result<Fd> lock = channel_->TakeRunnerLock(kMe);
  ASSERT_TRUE(lock.ok()) << lock.status().text();
  EXPECT_EQ(channel_->WriteVerdict({"runner_lost", "late", FromMillis(5)}).code(), Code::kConflict);
  EXPECT_FALSE(Exists(channel_->Path("verdict.json")));
}

TEST_F(AttemptTest, ACancelIsAFile) {
  ASSERT_TRUE(MakeDirs(channel_->folder()).ok());
  ASSERT_TRUE(channel_->AskCancel().ok());
  ASSERT_TRUE(channel_->AskCancel().ok());
  EXPECT_TRUE(Exists(channel_->Path("cancel")));
}

TEST_F(AttemptTest, SpoolGivesBackWhatIsNotReplayedInOrder) {
  ASSERT_TRUE(MakeDirs(channel_->folder()).ok());
  Spool spool(channel_->folder());
  EXPECT_TRUE(spool.Read(10)->empty());
  for (int i = 0; i < 5; ++i) {
    const std::string id = "id" + std::to_string(i);
    ASSERT_TRUE(spool.Append({id, "/log", "{\"a\":\"\\n\"}\n", FromMillis(i), 0}).ok());
  }
  const Spool reader(channel_->folder());
  const Result<std::vector<SpoolEntry>> first = reader.Read(2);
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(first.value().size(), 2u);
  EXPECT_EQ(first.value()[1].id, "id1");
  EXPECT_EQ(first.value()[1].body, "{\"a\":\"\\n\"}\n");
  ASSERT_TRUE(reader.MarkReplayed(first.value()[1].end).ok());
  ASSERT_EQ(reader.Read(10)->size(), 3u);
  EXPECT_EQ(reader.Read(10)->at(0).id, "id2");
  ASSERT_TRUE(reader.MarkReplayed(reader.Read(10)->back().end).ok());
  EXPECT_TRUE(reader.Read(10)->empty());
}

TEST_F(AttemptTest, ABrokenLineOfTheSpoolIsToldAndCanBeSetAside) {
  ASSERT_TRUE(MakeDirs(channel_->Path("spool")).ok());
  ASSERT_TRUE(WriteFile(channel_->Path("spool/0"), "{broken\n").ok());
  Spool spool(channel_->folder());
  ASSERT_TRUE(spool.Append({"id", "/log", "{}", FromMillis(1), 0}).ok());
  const Result<std::vector<SpoolEntry>> entries = spool.Read(10);
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_FALSE(entries->at(0).is_readable);
  EXPECT_EQ(entries->at(1).id, "id");
  ASSERT_TRUE(spool.SetAside(entries->at(0)).ok());
  EXPECT_EQ(*ReadFile(channel_->Path("spool/0.refused")), "{broken\n");
}

TEST(Process, KnowsItselfItsChildrenAndTheirVariables) {
  const std::optional<ProcessView> self = LookAtProcess(getpid());
  ASSERT_TRUE(self);
  EXPECT_EQ(self->parent, getppid());
  EXPECT_GT(self->rss_bytes, 0);
  const pid_t child = fork();
  if (child == 0) {
    setenv("MARK", "42", 1);
    execlp("sleep", "sleep", "100", nullptr);
    _exit(127);
  }
  std::optional<ProcessView> view;
  for (const ProcessView& process : DescendantsOf(getpid())) {
    if (process.pid == child) view = process;
  }
  ASSERT_TRUE(view);
  while (VariableOf(child, "MARK") != "42") usleep(1000);
  EXPECT_FALSE(SignalProcess(child, view->start_time + 1, SIGKILL));
  EXPECT_TRUE(SignalProcess(child, view->start_time, SIGKILL));
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_FALSE(LookAtProcess(child));
}

}  // namespace
}  // namespace lazurite
