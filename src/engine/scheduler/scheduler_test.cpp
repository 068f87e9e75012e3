#include "engine/scheduler/scheduler.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <future>

#include "domain/job/notes.h"
#include "domain/job/place.h"
#include "domain/schema/database_test.h"
#include "domain/workspace/resource_store.h"

namespace lazurite::scheduler {
namespace {

constexpr Time kNow = FromMillis(1'700'000'000'000);

// Remembers what was started; refuses the jobs it is told to.
class FakeBackend final : public ComputeBackend {
 public:
  std::vector<std::optional<Refusal>> Submit(std::span<const AttemptRef> attempts) override {
    std::vector<std::optional<Refusal>> answers;
    for (const AttemptRef& attempt : attempts) {
      started.With([&](auto& names) { names.push_back(attempt.job); });
      if (on_submit) on_submit(attempt.job);
      const bool is_busy = attempt.job == busy_once && !std::exchange(was_busy, true);
      if (attempt.job == refused || is_busy) {
        answers.push_back(Refusal{Unavailable("no such node"), is_busy});
      } else {
        answers.push_back(std::nullopt);
      }
    }
    return answers;
  }
  Result<std::vector<Seen>> Poll(std::span<const AttemptRef> attempts) override {
    return std::vector<Seen>(attempts.size());
  }
  Status Cancel(std::span<const AttemptRef> attempts) override {
    for (const AttemptRef& attempt : attempts) {
      canceled.With([&](auto& names) { names.push_back(attempt.job); });
    }
    return {};
  }
  Status Sweep(std::span<const AttemptRef>) override { return {}; }

  std::vector<std::string> Started() const {
    return started.With([](const auto& names) { return names; });
  }
  Locked<std::vector<std::string>> started, canceled;
  std::function<void(const std::string& job)> on_submit;
  std::string refused;
  std::string busy_once;
  bool was_busy = false;
};

class SchedulerTest : public DatabaseTest {
 protected:
  void TearDown() override {
    scheduler_.reset();
    DatabaseTest::TearDown();
  }

  void Start(int slots) {
    scheduler_.emplace(
        SchedulerOptions{.database = database_.get(),
                         .clock = &clock_,
                         .backend = &backend_,
                         .home = folder_,
                         .surroundings = surroundings_(slots),
                         .build_attempt = [this](Transaction&, const Job& job,
                                                 const Placed&) -> Result<AttemptSpec> {
                           if (on_build_) std::exchange(on_build_, nullptr)();
                           if (job.name == broken_)
                             return NotFound("there is no environment \"x\"");
                           AttemptSpec spec;
                           spec.job = job.name;
                           spec.home = folder_;
                           return spec;
                         },
                         .make_secrets = [](const Job&) { return AttemptSecrets(); }});
    scheduler_->Start();
  }
  void Submit(
      const std::string& name, int priority = 0,
      const std::function<void(Job&)>& change = [](Job&) {}) {
    const Status added = database_->WriteNow([&](Transaction& transaction) {
      Job job;
      job.name = name;
      job.compute = "local";
      job.priority = priority;
      job.created = job.modified = kNow;
      job.properties["jobType"] = "Command";
      job.properties["command"] = "true";
      job.properties["environmentId"] = "azureml:x:1";
      change(job);
      TRY(store_.Insert(transaction, job));
      return store_.Move(transaction, job, JobEvent::kSubmitted, "", kNow);
    });
    ASSERT_TRUE(added.ok()) << added.text();
    if (scheduler_) scheduler_->Wake();
  }
  void Complete(const std::string& name) {
    const Status ended = database_->WriteNow([&](Transaction& transaction) {
      ASSIGN_OR_RETURN(Job job, store_.Get(transaction, name));
      return store_.Move(transaction, job, JobEvent::kCompleted, "", kNow);
    });
    ASSERT_TRUE(ended.ok()) << ended.text();
    scheduler_->Wake();
  }
  Job Read(const std::string& name) {
    Job job;
    EXPECT_TRUE(database_
                    ->ReadNow([&](Transaction& transaction) {
                      ASSIGN_OR_RETURN(job, store_.Get(transaction, name));
                      return Status();
                    })
                    .ok());
    return job;
  }
  // Waits until `is_true` holds, for at most five seconds.
  static bool Soon(const std::function<bool()>& is_true) {
    for (int i = 0; i < 1000; ++i) {
      if (is_true()) return true;
      usleep(5000);
    }
    return false;
  }
  bool SoonStarted(const std::vector<std::string>& names) {
    return Soon([&] { return backend_.Started() == names; });
  }

  // What is around the scheduler: a machine with so many slots.
  std::function<SurroundingsOptions(int)> surroundings_ = [](int slots) {
    return SurroundingsOptions{.machine = {.slots = slots}};
  };
  ManualClock clock_{kNow};
  FakeBackend backend_;
  std::optional<Scheduler> scheduler_;
  JobStore store_;
  std::string broken_;
  std::function<void()> on_build_;  // once
};

TEST_F(SchedulerTest, StartsWhatFitsAndTheNextWhenAPlaceIsFree) {
  Start(1);
  Submit("a");
  Submit("b");
  ASSERT_TRUE(SoonStarted({"a"}));
  EXPECT_TRUE(Soon([&] {
    return scheduler_->Explain("b") == "needs 1 slot of 1, 0 free: held by job a";
  })) << scheduler_->Explain("b");
  Complete("a");
  EXPECT_TRUE(SoonStarted({"a", "b"}));
}

TEST_F(SchedulerTest, HigherPriorityGoesFirst) {
  Submit("low", -1);
  Submit("high", 1);
  Start(1);
  EXPECT_TRUE(SoonStarted({"high"}));
}

TEST_F(SchedulerTest, AJobWhoseNeedsAreMissingFailsWithThemNamed) {
  broken_ = "a";
  Start(1);
  Submit("a");
  Submit("b");
  ASSERT_TRUE(SoonStarted({"b"}));
  const Job job = Read("a");
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.error, "there is no environment \"x\"");
}

TEST_F(SchedulerTest, WhatIsNotedWhileAnAttemptIsBuiltStays) {
  on_build_ = [this] {
    Do([&](Transaction& transaction) {
      ASSIGN_OR_RETURN(Job job, store_.Get(transaction, "a"));
      AddNote(job, "noted meanwhile");
      TRY(store_.Save(transaction, job));
      return transaction.RecordChange("job", job.name);
    });
  };
  Submit("a");
  Start(1);
  ASSERT_TRUE(SoonStarted({"a"}));
  EXPECT_EQ(Read("a").detail.At("notes")->Dump(), "[\"noted meanwhile\"]");
  EXPECT_EQ(Read("a").attempt, 1);
}

TEST_F(SchedulerTest, ARefusalOfTheBackendFailsTheJob) {
  backend_.refused = "a";
  Start(1);
  Submit("a");
  ASSERT_TRUE(Soon([&] { return Read("a").state == JobState::kFailed; }));
  EXPECT_EQ(Read("a").cause, "backend");
}

TEST_F(SchedulerTest, AStartThatCannotBeTakenJustNowIsTriedAgain) {
  backend_.busy_once = "a";
  Start(1);
  Submit("a");
  EXPECT_TRUE(SoonStarted({"a", "a"}));
  EXPECT_EQ(Read("a").state, JobState::kPreparing);
}

TEST_F(SchedulerTest, OfAJobFarBehindOnlyThatIsTold) {
  Do([&](Transaction& transaction) {
    for (size_t i = 0; i < Scheduler::kLookAheadMax + 2; ++i) {
      Job job;
      job.name = "j" + std::to_string(i);
      job.compute = "local";
      TRY(store_.Insert(transaction, job));
      TRY(store_.Move(transaction, job, JobEvent::kSubmitted, "", kNow));
    }
    return Status();
  });
  Start(1);
  ASSERT_TRUE(SoonStarted({"j0"}));
  ASSERT_TRUE(Soon([&] { return scheduler_->Waiting() == Scheduler::kLookAheadMax + 1; }));
  EXPECT_EQ(scheduler_->Explain("j1"), "needs 1 slot of 1, 0 free: held by job j0");
  EXPECT_TRUE(scheduler_->Explain("j1000").starts_with("waits behind 999 jobs in the queue; "));
  EXPECT_EQ(scheduler_->Explain("j1001"), "waits behind 1000 jobs or more in the queue");
}

TEST_F(SchedulerTest, ADeletedJobGivesItsPlaceBack) {
  Start(1);
  Submit("a");
  Submit("b");
  Submit("c");
  ASSERT_TRUE(SoonStarted({"a"}));
  const auto end_and_delete = [this](const std::string& name, JobEvent event) {
    Do([&](Transaction& transaction) {
      ASSIGN_OR_RETURN(Job job, store_.Get(transaction, name));
      TRY(store_.Move(transaction, job, event, "", kNow));
      return store_.Delete(transaction, name);
    });
  };
  end_and_delete("b", JobEvent::kCancelAsked);
  end_and_delete("a", JobEvent::kCompleted);
  scheduler_->Wake();
  EXPECT_TRUE(SoonStarted({"a", "c"}));
  EXPECT_TRUE(Soon([&] { return scheduler_->Waiting() == 0; }));
}

TEST_F(SchedulerTest, AfterARestartThePlacedButNeverStartedIsStartedAgain) {
  Start(1);
  Submit("a");
  ASSERT_TRUE(SoonStarted({"a"}));
  scheduler_.reset();
  Start(1);
  EXPECT_TRUE(SoonStarted({"a", "a"}));
  EXPECT_EQ(Read("a").attempt, 1);
}

TEST_F(SchedulerTest, WhatRunsIsNotStartedAgain) {
  Start(1);
  Submit("a");
  ASSERT_TRUE(SoonStarted({"a"}));
  const AttemptChannel channel(AttemptChannel::FolderOf(folder_, "a", 1));
  const Result<Fd> lock = channel.TakeRunnerLock({BootId(), getpid(), 1});
  ASSERT_TRUE(lock.ok());
  scheduler_.reset();
  Start(2);
  Submit("b");
  ASSERT_TRUE(SoonStarted({"a", "b"}));
}

TEST_F(SchedulerTest, AJobThatGivesWayIsAskedToEndAndRunsAgainLater) {
  Start(1);
  Submit("spot", 0, [](Job& job) { job.properties["queueSettings"]["jobTier"] = "Spot"; });
  ASSERT_TRUE(SoonStarted({"spot"}));
  Submit("firm");
  ASSERT_TRUE(Soon([&] {
    return backend_.canceled.With(
        [](const auto& names) { return names == std::vector<std::string>{"spot"}; });
  }));
  EXPECT_EQ(PreemptedBy(Read("spot")), "firm");
  // What the reconciler does when the attempt has ended.
  Do([&](Transaction& transaction) {
    ASSIGN_OR_RETURN(Job job, store_.Get(transaction, "spot"));
    return ReturnJob(transaction, job, "preempted", "it gave way to job firm", kNow);
  });
  scheduler_->Wake();
  ASSERT_TRUE(SoonStarted({"spot", "firm"}));
  EXPECT_EQ(Read("spot").state, JobState::kQueued);
  EXPECT_EQ(Read("spot").cause, "preempted");
  Complete("firm");
  ASSERT_TRUE(SoonStarted({"spot", "firm", "spot"}));
  const Job again = Read("spot");
  EXPECT_EQ(again.attempt, 2);
  EXPECT_EQ(again.event_seq, 0);
  EXPECT_EQ(PreemptedBy(again), "");
}

TEST_F(SchedulerTest, AnAttemptThatFollowsAtOnceIsNotAskedToEndForTheOneBefore) {
  const auto return_spot = [this](const std::string& name) {
    if (name != "high") return;
    Do([&](Transaction& transaction) {
      ASSIGN_OR_RETURN(Job job, store_.Get(transaction, "spot"));
      TRY(ReturnJob(transaction, job, "preempted", "it gave way to job firm", kNow));
      ASSIGN_OR_RETURN(job, store_.Get(transaction, "firm"));
      return store_.Move(transaction, job, JobEvent::kCancelAsked, "", kNow);
    });
  };
  const auto gives_way = [](Job& job) { job.properties["queueSettings"]["jobTier"] = "Spot"; };
  backend_.on_submit = return_spot;
  Start(2);
  Submit("spot", 0, gives_way);
  ASSERT_TRUE(SoonStarted({"spot"}));
  Submit("firm", 0, [](Job& job) { job.properties["resources"]["cpus"] = 2; });
  const auto has_canceled = [this] {
    return backend_.canceled.With([](const auto& names) { return names.size(); });
  };
  ASSERT_TRUE(Soon([&] { return has_canceled() == 1; }));
  // While this one is started the other comes back, and is placed within the same tick.
  Submit("high", 1);
  ASSERT_TRUE(SoonStarted({"spot", "high", "spot"}));
  clock_.Advance(std::chrono::seconds(6));
  // When the second of these is known, the tick of the first is over.
  for (const char* name : {"later", "last"}) {
    Submit(name, 0, gives_way);
    ASSERT_TRUE(Soon([&] { return !scheduler_->Explain(name).empty(); }));
  }
  EXPECT_EQ(has_canceled(), 1U);
  EXPECT_EQ(Read("spot").attempt, 2);
}

TEST_F(SchedulerTest, TwoServersShareGpusAndEachNamesTheOthersHolder) {
  const std::string locks = folder_ + "/slots";
  const Result<SlotBoard> board = SlotBoard::Open(locks);
  ASSERT_TRUE(board.ok()) << board.status().text();
  surroundings_ = [&](int slots) {
    return SurroundingsOptions{.machine = {.slots = slots, .gpus = {{.name = "0"}, {.name = "1"}}},
                               .board = *board};
  };
  const Result<Fd> others = board->Take(board->PartOf("0"), {"theirs"});
  ASSERT_TRUE(others.ok());
  Start(8);
  const auto wants_gpu = [](Job& job) { job.properties["resources"]["gpus"] = 1; };
  Submit("a", 0, wants_gpu);
  Submit("b", 0, wants_gpu);
  ASSERT_TRUE(SoonStarted({"a"}));
  EXPECT_EQ(Read("a").detail.At("placement.gpus")->Dump(), "[\"1\"]");
  EXPECT_FALSE(board->Take(board->PartOf("1"), {"theirs too"}).ok());
  ASSERT_TRUE(Soon([&] {
    return scheduler_->Explain("b").find("GPU 1 by job a") != std::string::npos;
  })) << scheduler_->Explain("b");
  EXPECT_NE(scheduler_->Explain("b").find("GPU 0 held by job theirs of user "), std::string::npos);
  Complete("a");
  EXPECT_TRUE(SoonStarted({"a", "b"}));
}

// One GPU, about which it thinks for a while.
class SlowDriver final : public GpuDriver {
 public:
  explicit SlowDriver(std::shared_future<void> go) : go_(std::move(go)) {}
  std::vector<Gpu> List() override { return {{"0", "nvidia", "0", "", 0}}; }
  std::vector<std::vector<pid_t>> Processes() override {
    go_.wait();
    usleep(50'000);
    return {{}};
  }

 private:
  std::shared_future<void> go_;
};

TEST_F(SchedulerTest, ADriverThatTakesLongerThanItsAnswerIsGoodForGetsTheJobStarted) {
  std::promise<void> go;
  std::optional<GpuWatch> watch(std::in_place, [open = go.get_future().share()] {
    std::vector<std::unique_ptr<GpuDriver>> drivers;
    drivers.push_back(std::make_unique<SlowDriver>(open));
    return drivers;
  });
  surroundings_ = [&](int slots) {
    return SurroundingsOptions{
        .machine = {.slots = slots}, .gpus = &*watch, .fresh_max = std::chrono::milliseconds(20)};
  };
  Start(2);
  watch->Start([this] { scheduler_->Wake(); });
  Submit("gpu", 0, [](Job& job) {
    job.properties["resources"]["gpus"] = 1;
    job.properties["resources"]["cpus"] = 2;
  });
  ASSERT_TRUE(Soon([&] { return scheduler_->Waiting() == 1; }));
  // It keeps its place, and says what it waits for.
  Submit("cpu");
  ASSERT_TRUE(Soon([&] { return scheduler_->Waiting() == 2; }));
  EXPECT_EQ(scheduler_->Explain("gpu"), "waits for the driver to tell which GPUs this machine has");
  go.set_value();
  EXPECT_TRUE(SoonStarted({"gpu"}));
  scheduler_->Stop();
  watch.reset();
}

TEST_F(SchedulerTest, ComputesOfAllWorkspacesBoundTheirJobs) {
  Do([&](Transaction& transaction) {
    Resource workspace;
    workspace.kind = ResourceKind::kWorkspace;
    workspace.workspace = workspace.name = "team";
    TRY(ResourceStore().Put(transaction, workspace, kNow).status());
    Resource compute;
    compute.kind = ResourceKind::kCompute;
    compute.workspace = "team";
    compute.name = "one";
    compute.properties.Set("properties.scaleSettings.maxNodeCount", 1);
    return ResourceStore().Put(transaction, compute, kNow).status();
  });
  Start(8);
  const auto on_one = [](Job& job) {
    job.workspace = "team";
    job.compute = "one";
  };
  Submit("a", 0, on_one);
  Submit("b", 0, on_one);
  ASSERT_TRUE(SoonStarted({"a"}));
  EXPECT_TRUE(Soon([&] {
    return scheduler_->Explain("b") == "compute one is full: its 1 instance is held by job a";
  })) << scheduler_->Explain("b");
}

}  // namespace
}  // namespace lazurite::scheduler
