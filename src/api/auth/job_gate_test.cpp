#include "api/auth/job_gate.h"

#include "base/net/loop.h"
#include "domain/job/job_store.h"
#include "domain/schema/database_test.h"

namespace lazurite {
namespace {

constexpr Time kNow = FromMillis(1'700'000'000'000);

class JobGateTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    gate_.emplace(*database_, clock_);
  }
  void TearDown() override {
    gate_.reset();
    DatabaseTest::TearDown();
  }
  std::string Make(const std::string& name) {
    Job job;
    job.name = name;
    job.created = job.modified = kNow;
    Do([&](Transaction& transaction) -> Status {
      TRY(store_.Insert(transaction, job));
      TRY(store_.Move(transaction, job, JobEvent::kSubmitted, "", kNow));
      return store_.Move(transaction, job, JobEvent::kPlaced, "", kNow);
    });
    return LifeOf(job);
  }
  void Move(const std::string& name, JobEvent event) {
    Do([&](Transaction& transaction) -> Status {
      ASSIGN_OR_RETURN(Job job, store_.Get(transaction, name));
      return store_.Move(transaction, job, event, "", kNow);
    });
  }
  Status Admit(const std::string& name, const std::string& life) {
    Loop loop;
    Status result;
    const auto ask = [](JobGate& gate, Caller caller, Loop& loop, Status& result) -> Task<void> {
      result = co_await gate.Admit(std::move(caller));
      loop.Stop();
    };
    loop.Post([&] {
      Detach(ask(*gate_, {.kind = Caller::Kind::kJob, .name = name, .life = life}, loop, result));
    });
    loop.Run();
    return result;
  }

  ManualClock clock_{kNow};
  JobStore store_;
  std::optional<JobGate> gate_;
};

TEST_F(JobGateTest, ATokenWorksUntilItsJobHasEnded) {
  const std::string life = Make("a");
  EXPECT_TRUE(Admit("a", life).ok());
  Move("a", JobEvent::kRanksStarted);
  EXPECT_TRUE(Admit("a", life).ok());
  Move("a", JobEvent::kRanksEnded);
  clock_.Advance(JobGate::kBelievedFor);
  EXPECT_TRUE(Admit("a", life).ok()) << "outputs are stored now";
  Move("a", JobEvent::kCompleted);
  clock_.Advance(JobGate::kBelievedFor);
  const Status late = Admit("a", life);
  EXPECT_EQ(late.code(), Code::kUnauthenticated);
  EXPECT_EQ(late.text(), "job a has ended, and its token with it");
}

TEST_F(JobGateTest, AnAnswerIsBelievedForAMomentAndNoLonger) {
  const std::string life = Make("a");
  EXPECT_TRUE(Admit("a", life).ok());
  Move("a", JobEvent::kFailed);
  EXPECT_TRUE(Admit("a", life).ok());
  clock_.Advance(JobGate::kBelievedFor);
  EXPECT_FALSE(Admit("a", life).ok());
}

TEST_F(JobGateTest, ATokenIsWorthNothingForAnotherJobOfTheName) {
  const std::string first = Make("a");
  Move("a", JobEvent::kFailed);
  Do([&](Transaction& transaction) { return store_.Delete(transaction, "a"); });
  EXPECT_FALSE(Admit("a", first).ok());
  Make("other");
  const std::string second = Make("a");
  ASSERT_NE(first, second);
  EXPECT_FALSE(Admit("a", first).ok());
  EXPECT_TRUE(Admit("a", second).ok());
  EXPECT_TRUE(Admit("a", "").ok()) << "tokens of older servers say nothing of it";
}

}  // namespace
}  // namespace lazurite
