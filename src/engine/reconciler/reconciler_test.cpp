#include "engine/reconciler/reconciler.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <future>

#include "domain/job/place.h"
#include "domain/schema/database_test.h"

namespace lazurite::reconciler {
namespace {

constexpr Time kNow = FromMillis(1'700'000'000'000);

class FakeBackend final : public ComputeBackend {
 public:
  std::vector<std::optional<Refusal>> Submit(std::span<const AttemptRef> attempts) override {
    return std::vector<std::optional<Refusal>>(attempts.size());
  }
  // As the local backend: by the runner's lock.
  Result<std::vector<Seen>> Poll(std::span<const AttemptRef> attempts) override {
    ++polls;
    if (!poll_result.ok()) return poll_result;
    std::vector<Seen> seen;
    for (const AttemptRef& attempt : attempts) {
      const AttemptChannel channel(AttemptChannel::FolderOf(home, attempt.job, attempt.attempt));
      const Result<AttemptChannel::RunnerView> view = channel.LookAtRunner();
      EXPECT_TRUE(view.ok());
      seen.push_back(SeenOf(view->state));
    }
    return seen;
  }
  Seen SeenOf(AttemptChannel::Runner runner) const {
    switch (runner) {
      case AttemptChannel::Runner::kNever:
        return never;
      case AttemptChannel::Runner::kAlive:
        return {Seen::State::kRunning, "", ""};
      case AttemptChannel::Runner::kGone:
        return {Seen::State::kGone, "runner_lost", "it ended without a word"};
      case AttemptChannel::Runner::kRebooted:
        break;
    }
    return {Seen::State::kGone, "machine_restarted", "the machine was restarted"};
  }
  Status Cancel(std::span<const AttemptRef> attempts) override {
    canceled += static_cast<int>(attempts.size());
    return cancel_result;
  }
  Status Sweep(std::span<const AttemptRef> attempts) override {
    swept += static_cast<int>(attempts.size());
    return sweep_result;
  }

  std::string home;
  Seen never{Seen::State::kWaiting, "", ""};
  int polls = 0;
  Status poll_result;
  int canceled = 0;
  Status cancel_result;
  int swept = 0;
  Status sweep_result;
};

class ReconcilerTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    home_ = backend_.home = folder_;
    ASSERT_TRUE(MakeDirs(home_ + "/run").ok());
    reconciler_.emplace(ReconcilerOptions{
        .database = database_.get(),
        .clock = &clock_,
        .backend = &backend_,
        .home = home_,
        .on_running = [this](Transaction&, const Job&) { return Note("running"); },
        .on_completed = [this](Transaction&, Job&) { return Note("completed"); },
        .replay_spool =
            [this](const Job&, const AttemptChannel&, std::vector<std::string>& notes) {
              notes.insert(notes.end(), replay_notes_.begin(), replay_notes_.end());
              (void)Note("replayed");
              return replay_result_;
            }});
    channel_.emplace(AttemptChannel::FolderOf(home_, "a", 1));
    AddPlacedJob();
  }
  void TearDown() override {
    reconciler_.reset();
    DatabaseTest::TearDown();
  }

  Status Note(std::string what) {
    told_.push_back(std::move(what));
    return {};
  }
  void AddPlacedJob(const std::string& name = "a") {
    const Status added = database_->WriteNow([&](Transaction& transaction) {
      Job job;
      job.name = name;
      job.created = job.modified = clock_.Now();
      TRY(store_.Insert(transaction, job));
      TRY(store_.Move(transaction, job, JobEvent::kSubmitted, "", kNow));
      job.attempt = 1;
      return store_.Move(transaction, job, JobEvent::kPlaced, "", kNow);
    });
    ASSERT_TRUE(added.ok()) << added.text();
    AttemptSpec spec;
    spec.job = "a";
    spec.home = home_;
    ASSERT_TRUE(channel_->Create(spec, {}).ok());
  }
  void AppendEvent(int64_t seq, const std::string& name) {
    ASSERT_TRUE(MakeDirs(channel_->Path("nodes/0")).ok());
    AttemptEvent event;
    event.seq = seq;
    event.time = kNow;
    event.event = name;
    const Result<Fd> file =
        OpenFile(channel_->Path("nodes/0/events.jsonl"), O_WRONLY | O_CREAT | O_APPEND);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(WriteAll(file->get(), event.ToJson().Dump() + "\n").ok());
  }
  void WriteBelow(const std::string& path, const std::string& content, int flags) {
    ASSERT_TRUE(MakeDirs(DirName(channel_->Path(path))).ok());
    const Result<Fd> file = OpenFile(channel_->Path(path), O_WRONLY | O_CREAT | flags);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(WriteAll(file->get(), content).ok());
  }
  void EndWith(int code) {
    ExitRecord exit;
    exit.seq = 9;
    exit.cause = "exited";
    exit.code = code;
    ASSERT_TRUE(channel_->WriteExit(exit).ok());
  }
  void AskForCancel() {
    ASSERT_TRUE(database_
                    ->WriteNow([&](Transaction& transaction) {
                      ASSIGN_OR_RETURN(Job job, store_.Get(transaction, "a"));
                      return store_.Move(transaction, job, JobEvent::kCancelAsked, "", kNow);
                    })
                    .ok());
  }
  static std::string Notes(const Job& job) {
    const Json* notes = job.detail.Find("notes");
    return notes == nullptr ? "" : notes->Dump();
  }
  Job Look() {
    const Status looked = reconciler_->LookAt("a");
    EXPECT_TRUE(looked.ok()) << looked.text();
    return Read();
  }
  Job Read(const std::string& name = "a") {
    Job job;
    EXPECT_TRUE(database_
                    ->ReadNow([&](Transaction& transaction) {
                      ASSIGN_OR_RETURN(job, store_.Get(transaction, name));
                      return Status();
                    })
                    .ok());
    return job;
  }
  Fd HoldLock() {
    Result<Fd> lock = channel_->TakeRunnerLock({BootId(), getpid(), 1});
    EXPECT_TRUE(lock.ok()) << lock.status().text();
    return lock.ok() ? std::move(*lock) : Fd();
  }

  std::string home_;
  ManualClock clock_{kNow};
  FakeBackend backend_;
  std::optional<Reconciler> reconciler_;
  std::optional<AttemptChannel> channel_;
  JobStore store_;
  std::vector<std::string> told_;
  std::vector<std::string> replay_notes_;
  Status replay_result_;
};

TEST_F(ReconcilerTest, FollowsTheEventsOfAnAttempt) {
  const Fd lock = HoldLock();
  AppendEvent(1, "started");
  AppendEvent(2, "inputs_ready");
  EXPECT_EQ(Look().state, JobState::kStarting);
  AppendEvent(3, "ranks_started");
  const Job running = Look();
  EXPECT_EQ(running.state, JobState::kRunning);
  EXPECT_EQ(running.started, kNow);
  AppendEvent(4, "ranks_ended");
  EXPECT_EQ(Look().state, JobState::kFinalizing);
  EXPECT_EQ(told_, std::vector<std::string>{"running"});
}

TEST_F(ReconcilerTest, ReadingAgainChangesNothing) {
  const Fd lock = HoldLock();
  AppendEvent(1, "inputs_ready");
  AppendEvent(2, "ranks_started");
  const Job once = Look();
  const Job twice = Look();
  EXPECT_EQ(once.event_seq, twice.event_seq);
  EXPECT_EQ(told_.size(), 1U);
}

TEST_F(ReconcilerTest, TakesTheWholeStoryAtOnceAfterABreak) {
  {
    const Fd lock = HoldLock();
    AppendEvent(1, "inputs_ready");
    AppendEvent(2, "ranks_started");
    AppendEvent(3, "ranks_ended");
    ExitRecord exit;
    exit.seq = 4;
    exit.cause = "exited";
    exit.code = 0;
    exit.ended = kNow;
    ASSERT_TRUE(channel_->WriteExit(exit).ok());
  }
  const Job job = Look();
  EXPECT_EQ(job.state, JobState::kCompleted);
  EXPECT_EQ(job.exit_code, 0);
  EXPECT_EQ(told_, (std::vector<std::string>{"replayed", "running", "completed"}));
}

TEST_F(ReconcilerTest, AnExitCodeFailsTheJobAndIsKept) {
  {
    const Fd lock = HoldLock();
    ExitRecord exit;
    exit.seq = 1;
    exit.cause = "exited";
    exit.code = 7;
    ASSERT_TRUE(channel_->WriteExit(exit).ok());
  }
  const Job job = Look();
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.exit_code, 7);
  EXPECT_EQ(job.error, "exit code 7");
}

TEST_F(ReconcilerTest, ARunnerThatIsGoneWithoutAWordIsLostAndSweptAfter) {
  HoldLock().Close();
  const Job job = Look();
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.cause, "runner_lost");
  EXPECT_EQ(backend_.swept, 1);
}

TEST_F(ReconcilerTest, WhatCannotBeEndedHoldsUpItsJobForAWhileAndIsNoted) {
  HoldLock().Close();
  backend_.sweep_result = Internal("process 7 does not end");
  EXPECT_FALSE(reconciler_->LookAt("a").ok());
  EXPECT_FALSE(reconciler_->LookAt("a").ok());
  EXPECT_EQ(backend_.swept, 1) << "a look that follows at once costs no sweep";
  clock_.Advance(std::chrono::seconds(100));
  EXPECT_FALSE(reconciler_->LookAt("a").ok());
  EXPECT_EQ(backend_.swept, 2);
  EXPECT_EQ(Read().state, JobState::kPreparing);
  clock_.Advance(std::chrono::seconds(30));
  const Job job = Look();
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_NE(Notes(job).find("process 7 does not end"), std::string::npos) << Notes(job);
}

TEST_F(ReconcilerTest, AnotherBootMeansThatTheMachineWasRestarted) {
  {
    Result<Fd> lock = channel_->TakeRunnerLock({"another boot", 1, 1});
    ASSERT_TRUE(lock.ok());
  }
  EXPECT_EQ(Look().cause, "machine_restarted");
}

TEST_F(ReconcilerTest, SilenceIsNoDeath) {
  const Fd lock = HoldLock();
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(Look().state, JobState::kPreparing);
  EXPECT_EQ(backend_.swept, 0);
}

TEST_F(ReconcilerTest, ABackendThatDoesNotAnswerMakesAJobNotRespondingAndEndsNothing) {
  const Fd lock = HoldLock();
  AppendEvent(1, "inputs_ready");
  AppendEvent(2, "ranks_started");
  EXPECT_EQ(Look().state, JobState::kRunning);
  backend_.poll_result = Unavailable("the controller is down");
  EXPECT_EQ(Look().state, JobState::kRunning);
  clock_.Advance(std::chrono::seconds(31));
  const Job silent = Look();
  EXPECT_EQ(silent.state, JobState::kNotResponding);
  EXPECT_EQ(silent.reason, "nobody can say where it is: the controller is down");
  clock_.Advance(std::chrono::hours(24));
  EXPECT_EQ(Look().state, JobState::kNotResponding);
  EXPECT_EQ(backend_.swept, 0);
  backend_.poll_result = Status();
  const Job heard = Look();
  EXPECT_EQ(heard.state, JobState::kRunning);
  EXPECT_EQ(heard.reason, "");
  EXPECT_EQ(told_, std::vector<std::string>{"running"});
}

TEST_F(ReconcilerTest, AJobThatIsHeardAgainIsWhereItWas) {
  const Fd lock = HoldLock();
  const auto fall_silent = [this] {
    backend_.poll_result = Unavailable("down");
    Look();
    clock_.Advance(std::chrono::seconds(31));
    EXPECT_EQ(Look().state, JobState::kNotResponding);
    backend_.poll_result = Status();
  };
  fall_silent();
  EXPECT_EQ(Look().state, JobState::kPreparing);
  AppendEvent(1, "inputs_ready");
  Look();
  fall_silent();
  EXPECT_EQ(Look().state, JobState::kStarting);
  AppendEvent(2, "ranks_started");
  AppendEvent(3, "ranks_ended");
  Look();
  fall_silent();
  EXPECT_EQ(Look().state, JobState::kFinalizing);
  AskForCancel();
  fall_silent();
  EXPECT_EQ(Look().state, JobState::kCancelRequested);
}

TEST_F(ReconcilerTest, WhatFilesSayCountsWhileTheBackendIsSilent) {
  const Fd lock = HoldLock();
  backend_.poll_result = Unavailable("down");
  Look();
  clock_.Advance(std::chrono::seconds(31));
  AppendEvent(1, "inputs_ready");
  EXPECT_EQ(Look().state, JobState::kStarting);
  EndWith(0);
  EXPECT_EQ(Look().state, JobState::kCompleted);
}

TEST_F(ReconcilerTest, OneQuestionIsAskedForAllJobs) {
  AddPlacedJob("b");
  reconciler_->LookAtThese({"a", "b", "no such job"});
  EXPECT_EQ(backend_.polls, 1);
}

TEST_F(ReconcilerTest, EventsAreReadOnce) {
  const Fd lock = HoldLock();
  AppendEvent(1, "inputs_ready");
  EXPECT_EQ(Look().state, JobState::kStarting);
  // What was read is not looked at again: another content of the same length is not seen.
  const std::string path = channel_->EventsPath();
  const std::string seen = ReadFile(path).value();
  WriteBelow("nodes/0/events.jsonl", std::string(seen.size() - 1, 'x') + "\n", O_TRUNC);
  AppendEvent(2, "ranks_started");
  const Job job = Look();
  EXPECT_EQ(job.state, JobState::kRunning);
  EXPECT_EQ(job.detail.Find("notes"), nullptr);
}

TEST_F(ReconcilerTest, ARunnerThatNeverStartedIsGivenUpAfterAWhile) {
  EXPECT_EQ(Look().state, JobState::kPreparing);
  clock_.Advance(std::chrono::seconds(29));
  EXPECT_EQ(Look().state, JobState::kPreparing);
  clock_.Advance(std::chrono::seconds(2));
  EXPECT_EQ(Look().cause, "runner_lost");
}

TEST_F(ReconcilerTest, ARunnerThatCannotBeStartedNowIsWaitedForLonger) {
  backend_.never = {Seen::State::kUnsubmitted, "", "there is no room for another process"};
  EXPECT_EQ(Look().state, JobState::kPreparing);
  clock_.Advance(std::chrono::minutes(9));
  EXPECT_EQ(Look().state, JobState::kPreparing);
  backend_.never.state = Seen::State::kWaiting;
  EXPECT_EQ(Look().state, JobState::kPreparing) << "only now its runner was started";
  clock_.Advance(std::chrono::seconds(29));
  EXPECT_EQ(Look().state, JobState::kPreparing);
  backend_.never.state = Seen::State::kUnsubmitted;
  EXPECT_EQ(Look().state, JobState::kPreparing);
  clock_.Advance(std::chrono::minutes(11));
  const Job job = Look();
  EXPECT_EQ(job.cause, "backend");
  EXPECT_EQ(job.error,
            "it could not be started for 10 minutes: there is no room for another process");
}

TEST_F(ReconcilerTest, ACancelIsKeptWhileNobodyAnswers) {
  Fd lock = HoldLock();
  AskForCancel();
  backend_.poll_result = Unavailable("down");
  Look();
  clock_.Advance(std::chrono::seconds(31));
  EXPECT_EQ(Look().state, JobState::kNotResponding);
  backend_.poll_result = Status();
  lock.Close();
  EXPECT_EQ(Look().state, JobState::kCanceled);
}

TEST_F(ReconcilerTest, EventsOfASilentJobTakeNoCancelBack) {
  const Fd lock = HoldLock();
  AskForCancel();
  backend_.poll_result = Unavailable("down");
  Look();
  clock_.Advance(std::chrono::seconds(31));
  EXPECT_EQ(Look().state, JobState::kNotResponding);
  AppendEvent(1, "ranks_ended");
  EXPECT_EQ(Look().state, JobState::kCancelRequested);
}

TEST_F(ReconcilerTest, AJobOfTheSameNameIsAnotherOne) {
  const Fd lock = HoldLock();
  AppendEvent(1, "inputs_ready");
  AppendEvent(2, "ranks_started");
  const Job before = Look();
  EXPECT_EQ(before.state, JobState::kRunning);
  const Status deleted = database_->WriteNow(
      [&](Transaction& transaction) { return store_.Delete(transaction, "a"); });
  ASSERT_TRUE(deleted.ok()) << deleted.text();
  clock_.Advance(std::chrono::seconds(1));
  AddPlacedJob();
  EXPECT_EQ(Read().sequence, before.sequence) << "its number is used again";
  WriteBelow("nodes/0/events.jsonl", "", O_TRUNC);
  AppendEvent(1, "inputs_ready");
  EXPECT_EQ(Look().state, JobState::kStarting);
}

TEST_F(ReconcilerTest, AClockThatIsSetEndsNoJobAndAsksForNothingTwice) {
  const Time now = clock_.Now();
  EXPECT_EQ(Look().state, JobState::kPreparing) << "the runner has not started yet";
  for (const auto by : {std::chrono::hours(1), std::chrono::hours(-1)}) {
    clock_.Set(now + by);
    EXPECT_EQ(Look().state, JobState::kPreparing);
  }
  clock_.Advance(std::chrono::seconds(31));
  EXPECT_EQ(Look().cause, "runner_lost") << "set back by an hour, the wait is as long as ever";
}

TEST_F(ReconcilerTest, AnotherBootAndAClockThatWasSetAreARestartedMachine) {
  { ASSERT_TRUE(channel_->TakeRunnerLock({"another boot", 1, 1}).ok()); }
  clock_.Set(kNow - std::chrono::hours(1));
  const Job job = Look();
  EXPECT_EQ(job.cause, "machine_restarted");
  EXPECT_EQ(backend_.swept, 1);
}

TEST_F(ReconcilerTest, AsksForACancelAndAgainOnlyAfterAWhile) {
  const Fd lock = HoldLock();
  ASSERT_TRUE(database_
                  ->WriteNow([&](Transaction& transaction) {
                    ASSIGN_OR_RETURN(Job job, store_.Get(transaction, "a"));
                    return store_.Move(transaction, job, JobEvent::kCancelAsked, "", kNow);
                  })
                  .ok());
  Look();
  Look();
  EXPECT_EQ(backend_.canceled, 1);
  clock_.Set(kNow + std::chrono::hours(1));
  Look();
  EXPECT_EQ(backend_.canceled, 1) << "a clock that is set is no time that passes";
  clock_.Advance(std::chrono::seconds(6));
  Look();
  EXPECT_EQ(backend_.canceled, 2);
}

TEST_F(ReconcilerTest, ABadLineIsSkippedAndNotedOnce) {
  const Fd lock = HoldLock();
  AppendEvent(1, "inputs_ready");
  WriteBelow("nodes/0/events.jsonl", "{broken\n{\"seq\":\"x\"}\n", O_APPEND);
  AppendEvent(2, "ranks_started");
  Look();
  const Job job = Look();
  EXPECT_EQ(job.state, JobState::kRunning);
  EXPECT_EQ(job.detail.Find("notes")->array().size(), 1U);
}

TEST_F(ReconcilerTest, AnExitThatCannotBeReadIsALostRunnerOnceItsLockIsFree) {
  {
    const Fd lock = HoldLock();
    WriteBelow("nodes/0/exit.json", "{broken", O_TRUNC);
    EXPECT_EQ(Look().state, JobState::kPreparing);
  }
  const Job job = Look();
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.cause, "runner_lost");
}

TEST_F(ReconcilerTest, AVerdictThatCannotBeReadIsWrittenAgain) {
  HoldLock().Close();
  WriteBelow("verdict.json", "{broken", O_TRUNC);
  EXPECT_EQ(Look().cause, "runner_lost");
}

TEST_F(ReconcilerTest, ASpoolThatCannotBeTakenBecomesANote) {
  HoldLock().Close();
  EndWith(0);
  replay_notes_ = {"one call was refused"};
  replay_result_ = Internal("broken");
  const Job job = Look();
  EXPECT_EQ(job.state, JobState::kCompleted);
  EXPECT_NE(Notes(job).find("one call was refused"), std::string::npos);
  EXPECT_NE(Notes(job).find("could not be taken in: broken"), std::string::npos);
}

TEST_F(ReconcilerTest, ASpoolThatCanBeTakenLaterIsWaitedFor) {
  HoldLock().Close();
  EndWith(0);
  replay_result_ = Unavailable("busy");
  EXPECT_FALSE(reconciler_->LookAt("a").ok());
  EXPECT_EQ(Read().state, JobState::kPreparing);
  replay_result_ = Status();
  EXPECT_EQ(Look().state, JobState::kCompleted);
}

TEST_F(ReconcilerTest, AJobThatGaveItsPlaceToAnotherWaitsAgain) {
  const Fd lock = HoldLock();
  AppendEvent(1, "ranks_started");
  EXPECT_EQ(Look().state, JobState::kRunning);
  ASSERT_TRUE(database_
                  ->WriteNow([&](Transaction& transaction) {
                    ASSIGN_OR_RETURN(Job job, store_.Get(transaction, "a"));
                    MarkPreempted(job, "urgent");
                    return store_.Save(transaction, job);
                  })
                  .ok());
  ExitRecord exit;
  exit.seq = 2;
  exit.cause = "canceled";
  ASSERT_TRUE(channel_->WriteExit(exit).ok());
  const Job job = Look();
  EXPECT_EQ(job.state, JobState::kQueued);
  EXPECT_FALSE(job.ended);
  EXPECT_NE(Notes(job).find("it gave its place to job urgent"), std::string::npos) << Notes(job);
  EXPECT_EQ(Look().state, JobState::kQueued);
}

TEST_F(ReconcilerTest, ACancelThatFailsDoesNotHideTheEnd) {
  AskForCancel();
  backend_.cancel_result = Status(Code::kResourceExhausted, "the disk is full");
  HoldLock().Close();
  EndWith(0);
  EXPECT_EQ(Look().state, JobState::kCompleted);
  EXPECT_EQ(backend_.canceled, 1);
}

TEST_F(ReconcilerTest, OneCommitTakesInWhatSeveralJobsSay) {
  AddPlacedJob("b");
  std::atomic<int> commits = 0;
  database_->OnCommit([&](int64_t) { ++commits; });
  for (const char* job : {"a", "b"}) {
    const AttemptChannel channel(AttemptChannel::FolderOf(home_, job, 1));
    AttemptSpec spec;
    spec.job = job;
    ASSERT_TRUE(channel.Create(spec, {}).ok());
    ExitRecord exit;
    exit.cause = "exited";
    exit.code = 0;
    ASSERT_TRUE(channel.WriteExit(exit).ok());
  }
  // The writer is busy until both wait.
  std::promise<void> gate;
  database_->Write(
      [opened = gate.get_future().share()](Transaction&) {
        opened.wait();
        return Status();
      },
      [](const Status&) {});
  std::thread looking([&] { reconciler_->LookAtThese({"a", "b", "no such job"}); });
  usleep(100'000);
  gate.set_value();
  looking.join();
  EXPECT_EQ(Read("a").state, JobState::kCompleted);
  EXPECT_EQ(Read("b").state, JobState::kCompleted);
  EXPECT_EQ(commits, 1);
}

TEST_F(ReconcilerTest, ARingMakesItLookAtOnce) {
  const Fd lock = HoldLock();
  ASSERT_TRUE(reconciler_->Start().ok());
  AppendEvent(1, "inputs_ready");
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (home_ + "/run/doorbell.sock").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(sendto(socket.get(), "a/1", 3, 0, reinterpret_cast<const sockaddr*>(&address),
                   sizeof address),
            3);
  for (int i = 0; i < 400 && Read().state != JobState::kStarting; ++i) usleep(5000);
  EXPECT_EQ(Read().state, JobState::kStarting);
  reconciler_->Stop();
}

TEST_F(ReconcilerTest, AnEndThatCannotBeRecordedIsExplainedUntilItIs) {
  ExitRecord exit;
  exit.seq = 1;
  exit.cause = "exited";
  exit.code = 0;
  exit.started = exit.ended = kNow;
  exit.message = "some lines are missing";
  ASSERT_TRUE(channel_->WriteExit(exit).ok());
  replay_result_ = Status(Code::kNoSpace, "database or disk is full");
  reconciler_->LookAtThese({"a"});
  EXPECT_NE(reconciler_->Explain("a").find("the disk of the home is full"), std::string::npos)
      << reconciler_->Explain("a");
  EXPECT_EQ(reconciler_->Explain("b"), "");
  replay_result_ = Status();
  reconciler_->LookAtThese({"a"});
  EXPECT_EQ(reconciler_->Explain("a"), "");
  EXPECT_EQ(Read().state, JobState::kCompleted);
  EXPECT_EQ(Read().error, "");
  EXPECT_EQ(Notes(Read()), R"(["some lines are missing"])");
}

}  // namespace
}  // namespace lazurite::reconciler
