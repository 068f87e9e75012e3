#include "api/auth/job_gate.h"

#include "api/http/database_await.h"
#include "domain/job/job_store.h"

namespace lazurite {
namespace {

bool Runs(const std::optional<Job>& job, const Caller& caller) {
  if (!job || IsTerminal(job->state)) return false;
  return caller.life.empty() || caller.life == LifeOf(*job);
}

}  // namespace

Task<Status> JobGate::Admit(Caller caller) {
  const std::string key = caller.name + "\n" + caller.life;
  const auto seen = ran_.find(key);
  if (seen != ran_.end() && clock_.Steady() - seen->second < kBelievedFor) co_return Status();
  std::optional<Job> job;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(job, JobStore().Find(transaction, caller.name));
    return {};
  };
  const Status read = co_await Read(database_, work);
  if (!read.ok()) co_return read;
  if (!Runs(job, caller)) {
    ran_.erase(key);
    co_return Status(Code::kUnauthenticated,
                     "job " + caller.name + " has ended, and its token with it");
  }
  if (ran_.size() >= kJobsMax) ran_.clear();
  ran_[key] = clock_.Steady();
  co_return Status();
}

}  // namespace lazurite
