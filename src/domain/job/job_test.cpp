#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "domain/job/job_store.h"
#include "domain/job/place.h"
#include "domain/schema/database_test.h"

namespace lazurite {
namespace {

constexpr Time kNow = FromMillis(1'700'000'000'000);

class JobStoreTest : public DatabaseTest {
 protected:
  Job MakeJob(const std::string& name, int priority = 0) {
    Job job;
    job.name = name;
    job.created = job.modified = kNow;
    job.priority = priority;
    job.properties.Set("tags.team", "a");
    return job;
  }
  Status Add(const std::string& name, int priority = 0) {
    return Write([&](Transaction& transaction) {
      Job job = MakeJob(name, priority);
      TRY(store_.Insert(transaction, job));
      return store_.Move(transaction, job, JobEvent::kSubmitted, "", kNow);
    });
  }

  JobStore store_;
};

TEST(JobState, EndsHaveNoWayOut) {
  for (const Transition& row : Transitions()) {
    EXPECT_FALSE(IsTerminal(row.from)) << ToText(row.from) << " " << ToText(row.event);
  }
}

TEST(JobState, EveryStateThatIsNoEndCanBeCanceled) {
  for (int i = 0; i < 11; ++i) {
    const auto state = static_cast<JobState>(i);
    if (IsTerminal(state) || state == JobState::kCancelRequested) continue;
    EXPECT_TRUE(Next(state, JobEvent::kCancelAsked).ok()) << ToText(state);
  }
}

TEST(JobState, SilenceLeadsOnlyToNotResponding) {
  for (const Transition& row : Transitions()) {
    if (row.event != JobEvent::kSilent) continue;
    EXPECT_EQ(row.to, JobState::kNotResponding);
  }
}

TEST(JobState, NamesReadBack) {
  for (int i = 0; i < 11; ++i) {
    const auto state = static_cast<JobState>(i);
    EXPECT_EQ(ParseJobState(ToText(state)).value(), state);
  }
  EXPECT_FALSE(ParseJobState("running").ok());
}

TEST_F(JobStoreTest, KeepsWhatWasInserted) {
  ASSERT_TRUE(Add("a").ok());
  ASSERT_TRUE(database_
                  ->ReadNow([&](Transaction& transaction) {
                    ASSIGN_OR_RETURN(const Job job, store_.Get(transaction, "a"));
                    EXPECT_EQ(job.state, JobState::kQueued);
                    EXPECT_EQ(job.properties.At("tags.team")->string(), "a");
                    EXPECT_EQ(job.created, kNow);
                    ASSIGN_OR_RETURN(const auto steps, store_.Transitions(transaction, "a"));
                    EXPECT_EQ(steps.size(), 2u);
                    EXPECT_EQ(steps[1].event, "submitted");
                    return Status();
                  })
                  .ok());
}

TEST_F(JobStoreTest, RefusesTheSameNameTwice) {
  ASSERT_TRUE(Add("a").ok());
  const Status again = Add("a");
  EXPECT_EQ(again.code(), Code::kConflict);
  EXPECT_EQ(again.text(), "a job named \"a\" exists already");
}

TEST_F(JobStoreTest, AnIllegalMoveChangesNothing) {
  ASSERT_TRUE(Add("a").ok());
  const Status status = Write([&](Transaction& transaction) {
    ASSIGN_OR_RETURN(Job job, store_.Get(transaction, "a"));
    return store_.Move(transaction, job, JobEvent::kRanksEnded, "", kNow);
  });
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(status.text(), "a job in state Queued cannot take \"ranks_ended\"");
}

TEST_F(JobStoreTest, AJobThatWaitsAgainHasNothingOfTheEndOfItsLastAttempt) {
  ASSERT_TRUE(Add("a").ok());
  Do([&](Transaction& transaction) {
    ASSIGN_OR_RETURN(Job job, store_.Get(transaction, "a"));
    job.attempt = 1;
    TRY(store_.Move(transaction, job, JobEvent::kPlaced, "", kNow));
    job.exit_code = 143;
    job.detail["result"]["signal"] = 15;
    return ReturnJob(transaction, job, "preempted", "it gave way", kNow);
  });
  Do([&](Transaction& transaction) {
    ASSIGN_OR_RETURN(const Job job, store_.Get(transaction, "a"));
    EXPECT_EQ(job.state, JobState::kQueued);
    EXPECT_FALSE(job.exit_code.has_value());
    EXPECT_EQ(job.detail.Find("result"), nullptr);
    EXPECT_EQ(job.detail.At("notes")->Dump(), "[\"attempt 1: it gave way\"]");
    return Status();
  });
}

TEST_F(JobStoreTest, ListsNewestFirstInPages) {
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(Add(name).ok());
  ASSERT_TRUE(
      database_
          ->ReadNow([&](Transaction& transaction) {
            ASSIGN_OR_RETURN(const auto first, store_.List(transaction, {.limit = 2}));
            EXPECT_EQ(first.size(), 2u);
            EXPECT_EQ(first[0].name, "c");
            ASSIGN_OR_RETURN(
                const auto rest,
                store_.List(transaction, {.before_sequence = first[1].sequence, .limit = 2}));
            EXPECT_EQ(rest.size(), 1u);
            EXPECT_EQ(rest[0].name, "a");
            ASSIGN_OR_RETURN(const auto tagged, store_.List(transaction, {.tag_name = "team"}));
            EXPECT_EQ(tagged.size(), 3u);
            ASSIGN_OR_RETURN(const auto none,
                             store_.List(transaction, {.tag_name = "team", .tag_value = "b"}));
            EXPECT_TRUE(none.empty());
            return Status();
          })
          .ok());
}

TEST_F(JobStoreTest, ActiveOnesComeByPriorityThenAge) {
  ASSERT_TRUE(Add("old").ok());
  ASSERT_TRUE(Add("new").ok());
  ASSERT_TRUE(Add("urgent", 1).ok());
  ASSERT_TRUE(database_
                  ->ReadNow([&](Transaction& transaction) {
                    ASSIGN_OR_RETURN(const auto jobs,
                                     store_.Active(transaction, JobState::kQueued, 10));
                    EXPECT_EQ(jobs.size(), 3u);
                    EXPECT_EQ(jobs[0].name, "urgent");
                    EXPECT_EQ(jobs[1].name, "old");
                    ASSIGN_OR_RETURN(const auto names, store_.WithPrefix(transaction, "ne", 10));
                    EXPECT_EQ(names, std::vector<std::string>{"new"});
                    return Status();
                  })
                  .ok());
}

TEST_F(JobStoreTest, ListsWhatOneUserMade) {
  for (const char* name : {"a", "b", "c"}) {
    Do([&](Transaction& transaction) {
      Job job = MakeJob(name);
      job.created_by = *name == 'b' ? "bob" : "ada";
      return store_.Insert(transaction, job);
    });
  }
  Do([&](Transaction& transaction) -> Status {
    JobQuery query;
    query.created_by = "ada";
    ASSIGN_OR_RETURN(const auto jobs, store_.List(transaction, query));
    EXPECT_EQ(jobs.size(), 2U);
    EXPECT_EQ(jobs.at(0).name, "c");
    query.before_sequence = jobs.at(0).sequence;
    query.archived_too = true;
    ASSIGN_OR_RETURN(const auto older, store_.List(transaction, query));
    EXPECT_EQ(older.size(), 1U);
    return {};
  });
}

}  // namespace
}  // namespace lazurite
