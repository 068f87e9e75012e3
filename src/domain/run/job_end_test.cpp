#include "domain/run/job_end.h"

#include "domain/run/run_store.h"
#include "domain/schema/database_test.h"
#include "storage/sql/changes.h"

namespace lazurite {
namespace {

constexpr Time kNow = FromMillis(1'700'000'000'000);
constexpr Time kLater = FromMillis(1'700'000'060'000);

class JobEndTest : public DatabaseTest {
 protected:
  // A job of that name with its run, moved along by these events.
  void Make(const std::string& name, const std::vector<JobEvent>& events) {
    Do([&](Transaction& transaction) -> Status {
      Job job;
      job.name = name;
      job.created = job.modified = kNow;
      job.reason = "waits for a place";
      TRY(jobs_.Insert(transaction, job));
      TRY(runs_.EnsureJobRun(transaction, {name, "e", "", "ann", kNow, {}}, ids_));
      for (const JobEvent event : events) TRY(jobs_.Move(transaction, job, event, "", kNow));
      return {};
    });
  }
  Status End(const std::string& name, const JobEnd& end) {
    return Write([&](Transaction& transaction) -> Status {
      ASSIGN_OR_RETURN(Job job, jobs_.Get(transaction, name));
      return EndJob(transaction, job, end);
    });
  }
  struct Record {
    Job job;
    RunInfo run;
    std::vector<JobTransition> steps;
    Changes changes;
  };
  Record Look(const std::string& name, int64_t after = 0) {
    Record record;
    Do([&](Transaction& transaction) -> Status {
      ASSIGN_OR_RETURN(record.job, jobs_.Get(transaction, name));
      ASSIGN_OR_RETURN(record.run, runs_.Get(transaction, name));
      ASSIGN_OR_RETURN(record.steps, jobs_.Transitions(transaction, name));
      ASSIGN_OR_RETURN(record.changes, ReadChanges(transaction, after, 100));
      return {};
    });
    return record;
  }

  const JobStore jobs_{};
  const RunStore runs_{};
  RandomIdSource ids_;
};

TEST_F(JobEndTest, EndsStateRunAndReasonTogether) {
  Make("a", {JobEvent::kSubmitted, JobEvent::kPlaced, JobEvent::kRanksStarted});
  const int64_t seen = Look("a").changes.seq;
  ASSERT_TRUE(End("a", {.event = JobEvent::kFailed,
                        .cause = "timeout",
                        .sentence = "it ran longer than 3 s",
                        .ended = kNow,
                        .now = kLater})
                  .ok());
  const Record record = Look("a", seen);
  EXPECT_EQ(record.job.state, JobState::kFailed);
  EXPECT_EQ(record.job.cause, "timeout");
  EXPECT_EQ(record.job.error, "it ran longer than 3 s");
  EXPECT_EQ(record.job.reason, "");
  EXPECT_EQ(record.job.ended, kNow);
  EXPECT_EQ(record.run.status, RunStatus::kFailed);
  EXPECT_EQ(record.run.end_ms, ToMillis(kNow));
  EXPECT_EQ(record.steps.back().to, JobState::kFailed);
  EXPECT_EQ(record.steps.back().cause, "it ran longer than 3 s");
  EXPECT_EQ(record.steps.back().time, kLater);
  EXPECT_TRUE(record.changes.objects.contains({"job", "a"}));
  EXPECT_TRUE(record.changes.objects.contains({"run", "a"}));
}

TEST_F(JobEndTest, IsNotBeforeTheStartThoughTheClockWasSetBack) {
  Make("a", {JobEvent::kSubmitted, JobEvent::kPlaced, JobEvent::kRanksStarted});
  Do([&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(Job job, jobs_.Get(transaction, "a"));
    job.started = kLater;
    TRY(jobs_.Save(transaction, job));
    return runs_.StartJobRun(transaction, "a", kLater);
  });
  ASSERT_TRUE(End("a", {.event = JobEvent::kGone,
                        .cause = "runner_lost",
                        .sentence = "gone",
                        .ended = kNow,
                        .now = kNow})
                  .ok());
  const Record record = Look("a");
  EXPECT_EQ(record.job.ended, kLater);
  EXPECT_EQ(record.run.end_ms, ToMillis(kLater));
}

TEST_F(JobEndTest, OnlyAFailureIsAnError) {
  Make("done", {JobEvent::kSubmitted, JobEvent::kPlaced, JobEvent::kRanksStarted});
  ASSERT_TRUE(
      End("done", {.event = JobEvent::kCompleted, .cause = "exited", .ended = kNow, .now = kNow})
          .ok());
  EXPECT_EQ(Look("done").run.status, RunStatus::kFinished);
  EXPECT_EQ(Look("done").job.error, "");
  Make("stopped", {JobEvent::kSubmitted});
  ASSERT_TRUE(End("stopped", {.event = JobEvent::kCancelAsked,
                              .cause = "canceled",
                              .sentence = "asked for",
                              .ended = kNow,
                              .now = kNow})
                  .ok());
  EXPECT_EQ(Look("stopped").run.status, RunStatus::kKilled);
  EXPECT_EQ(Look("stopped").job.error, "");
}

TEST_F(JobEndTest, RefusesWhatIsNoEnd) {
  Make("a", {JobEvent::kSubmitted, JobEvent::kPlaced});
  const Status refused = End("a", {.event = JobEvent::kCancelAsked, .cause = "canceled"});
  EXPECT_EQ(refused.code(), Code::kFailedPrecondition);
  EXPECT_EQ(refused.text(), "job a does not end by \"cancel_asked\" in state Preparing");
  EXPECT_EQ(Look("a").job.state, JobState::kPreparing);
  EXPECT_EQ(Look("a").job.cause, "");
  ASSERT_TRUE(End("a", {.event = JobEvent::kFailed, .cause = "input"}).ok());
  EXPECT_EQ(End("a", {.event = JobEvent::kFailed, .cause = "again"}).code(),
            Code::kFailedPrecondition);
  EXPECT_EQ(Look("a").job.cause, "input");
}

}  // namespace
}  // namespace lazurite
