#include "engine/tracking/run_jobs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "domain/schema/database_test.h"
#include "engine/tracking/tracking.h"

namespace lazurite::tracking {
namespace {

constexpr Time kNow = FromMillis(1'700'000'000'000);
constexpr Time kLater = FromMillis(1'700'000'060'000);

class RunJobsTest : public DatabaseTest {
 protected:
  Job MakeRun(const std::string& id, std::vector<KeyValue> tags = {},
              int64_t start_ms = ToMillis(kNow) - 5) {
    Do([&](Transaction& transaction) {
      NewRun run;
      run.id = id;
      run.name = "by hand";
      run.start_ms = start_ms;
      run.tags = tags;
      return CreateRun(transaction, run, {"ann", "default"}, ids_, kNow).status();
    });
    return JobOf(id);
  }
  Job Update(const std::string& id, const RunChange& change) {
    Do([&](Transaction& transaction) {
      return UpdateRun(transaction, id, change, kLater).status();
    });
    return JobOf(id);
  }
  // The script says how its run goes.
  Job Say(const std::string& id, RunStatus status, std::optional<int64_t> end_ms = std::nullopt) {
    RunChange change;
    change.status = status;
    change.end_ms = end_ms;
    return Update(id, change);
  }
  Job JobOf(const std::string& id) {
    Job job;
    Do([&](Transaction& transaction) -> Status {
      ASSIGN_OR_RETURN(job, JobStore().Get(transaction, id));
      return {};
    });
    return job;
  }
  std::vector<std::string> Listed() {
    std::vector<std::string> names;
    Do([&](Transaction& transaction) -> Status {
      names.clear();
      ASSIGN_OR_RETURN(const std::vector<Job> jobs, JobStore().List(transaction, {}));
      for (const Job& job : jobs) names.push_back(job.name);
      return {};
    });
    return names;
  }

  SeededIdSource ids_{5};
};

TEST_F(RunJobsTest, MakesAJobThatRunsAtOnce) {
  const Job job = MakeRun("r", {{"mlflow.source.name", "train.py"}, {"team", "blue"}});
  EXPECT_EQ(job.state, JobState::kRunning);
  EXPECT_EQ(job.attempt, 0);
  EXPECT_EQ(job.created_by, "ann");
  EXPECT_EQ(job.display_name, "by hand");
  EXPECT_EQ(job.experiment, "Default");
  EXPECT_EQ(*job.started, FromMillis(ToMillis(kNow) - 5));
  EXPECT_EQ(job.properties.Dump(),
            R"({"jobType":"Command","displayName":"by hand","experimentName":"Default",)"
            R"("command":"","properties":{"mlflow.source.name":"train.py"},)"
            R"("tags":{"team":"blue"}})");
}

TEST_F(RunJobsTest, DoesNotBelieveTimesThatCannotBe) {
  EXPECT_EQ(*MakeRun("a", {}, INT64_MAX).started, kNow);
  EXPECT_EQ(*MakeRun("b", {}, -1).started, kNow);
  EXPECT_EQ(*Say("a", RunStatus::kFinished, INT64_MIN).ended, kLater);
}

TEST_F(RunJobsTest, EndsTheJobAsTheScriptSays) {
  for (const char* id : {"a", "b", "c"}) MakeRun(id);
  const Job finished = Say("a", RunStatus::kFinished, ToMillis(kNow) + 9);
  EXPECT_EQ(finished.state, JobState::kCompleted);
  EXPECT_EQ(*finished.ended, FromMillis(ToMillis(kNow) + 9));
  const Job failed = Say("b", RunStatus::kFailed);
  EXPECT_EQ(failed.state, JobState::kFailed);
  EXPECT_FALSE(failed.error.empty());
  EXPECT_EQ(*failed.ended, kLater);
  EXPECT_EQ(Say("c", RunStatus::kKilled).state, JobState::kCanceled);
}

TEST_F(RunJobsTest, LeavesAnEndedJobEnded) {
  MakeRun("r");
  Say("r", RunStatus::kFinished);
  EXPECT_EQ(Say("r", RunStatus::kRunning).state, JobState::kCompleted);
  EXPECT_EQ(Say("r", RunStatus::kFailed).state, JobState::kCompleted);
}

TEST_F(RunJobsTest, LeavesTheStateOfAJobsOwnRunToItsRunner) {
  Do([&](Transaction& transaction) -> Status {
    Job job;
    job.name = "own";
    job.created = kNow;
    TRY(JobStore().Insert(transaction, job));
    TRY(JobStore().Move(transaction, job, JobEvent::kSubmitted, "", kNow));
    JobRun run;
    run.job = "own";
    run.experiment_name = "x";
    return RunStore().EnsureJobRun(transaction, run, ids_);
  });
  EXPECT_EQ(Say("own", RunStatus::kFinished).state, JobState::kQueued);
}

TEST_F(RunJobsTest, NamesTheJobLikeTheRun) {
  MakeRun("r");
  RunChange change;
  change.name = "renamed";
  EXPECT_EQ(Update("r", change).display_name, "renamed");
  Do([&](Transaction& transaction) {
    Batch batch;
    batch.tags.push_back({std::string(kRunNameTag), "again"});
    return LogBatch(transaction, "r", batch, Writer());
  });
  EXPECT_EQ(JobOf("r").display_name, "again");
  EXPECT_EQ(JobOf("r").properties.GetString("displayName"), "again");
}

TEST_F(RunJobsTest, ListsParentsOnlyAndArchivesWhatIsDeleted) {
  MakeRun("parent");
  EXPECT_EQ(MakeRun("child", {{"mlflow.parentRunId", "parent"}}).parent, "parent");
  EXPECT_EQ(MakeRun("orphan", {{"mlflow.parentRunId", "nobody"}}).parent, "");
  EXPECT_EQ(Listed(), (std::vector<std::string>{"orphan", "parent"}));
  Do([&](Transaction& transaction) { return SetRunDeleted(transaction, "parent", true, kLater); });
  EXPECT_EQ(Listed(), std::vector<std::string>{"orphan"});
  Do([&](Transaction& transaction) { return SetRunDeleted(transaction, "parent", false, kLater); });
  EXPECT_EQ(Listed(), (std::vector<std::string>{"orphan", "parent"}));
}

TEST_F(RunJobsTest, TakesNoPlaceOfTheMachine) {
  MakeRun("r");
  Do([&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(const std::vector<Job> placed, JobStore().Placed(transaction, 10));
    EXPECT_TRUE(placed.empty());
    return {};
  });
}

}  // namespace
}  // namespace lazurite::tracking
