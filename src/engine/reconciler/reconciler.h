// Moves jobs along by what their attempts say: the attempt directory is the truth, the database
// follows.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "domain/attempt/attempt.h"
#include "domain/compute/backend.h"
#include "domain/job/job_store.h"
#include "storage/sql/database.h"

namespace lazurite::reconciler {

struct ReconcilerOptions {
  Database* database = nullptr;
  const Clock* clock = nullptr;
  ComputeBackend* backend = nullptr;
  std::string home;
  // Called in the transaction in which the user's processes have started: the job's run begins.
  std::function<Status(Transaction&, const Job&)> on_running = [](Transaction&, const Job&) {
    return Status();
  };
  // Called in the transaction that ends a job as completed, before its state moves: its named
  // outputs become assets (told in job.detail, which is saved).
  std::function<Status(Transaction&, Job&)> on_completed = [](Transaction&, Job&) {
    return Status();
  };
  // Takes in what a runner had spooled and could not deliver. Called outside transactions when the
  // attempt has ended and before that is recorded, again as long as it answers kUnavailable or
  // kResourceExhausted: what was taken already must change nothing. Other failures become notes of
  // the job, as what it adds to `notes` does; they do not hold up the end.
  std::function<Status(const Job&, const AttemptChannel&, std::vector<std::string>& notes)>
      replay_spool =
          [](const Job&, const AttemptChannel&, std::vector<std::string>&) { return Status(); };
};

// A thread of its own that wakes when a runner rings (a datagram "job/attempt" on
// <home>/run/doorbell.sock), when told, or once a second, and takes in the events of the attempts
// concerned. Reading again changes nothing. Silence is no death: a job fails as lost only when its
// runner's lock is free and there is no exit.json.
class Reconciler final {
 public:
  explicit Reconciler(ReconcilerOptions options);
  ~Reconciler();  // stops

  Status Start();  // opens the doorbell; kInternal if its socket cannot be made
  void Stop();
  // Safe from any thread: looks at all active attempts soon (somebody asked for a cancel, say).
  void Wake();

  // One look at one attempt, as the thread does it; for tests.
  Status LookAt(const std::string& job);
  // Looks at all of these, and records what they say in one commit.
  void LookAtThese(const std::set<std::string>& jobs);

 private:
  void Run();
  std::set<std::string> Listen();
  // What the directory of an attempt says that the database does not know yet.
  struct News {
    Job job;
    std::vector<AttemptEvent> events;
    std::optional<ExitRecord> exit;
    std::optional<Verdict> verdict;
    std::vector<std::string> notes;  // of the reconciler's own
  };
  void LookAtAll();
  Result<std::optional<News>> Gather(const std::string& name);
  Status Take(Transaction& transaction, const News& news, bool& has_ended);
  void Forget(const std::string& job);
  Status TakeEvents(Transaction& transaction, Job& job, const std::vector<AttemptEvent>& events);
  Status TakeExit(Transaction& transaction, Job& job, const ExitRecord& exit);
  Status TakeVerdict(Transaction& transaction, Job& job, const Verdict& verdict);
  Status GatherFiles(const Job& job, const AttemptChannel& channel, News& news);
  Status ReplaySpool(const Job& job, const AttemptChannel& channel);
  Status JudgeRunner(const Job& job, const AttemptChannel& channel, News& news);
  Status Sweep(const Job& job);
  void AskBackendToCancel(const Job& job);

  const ReconcilerOptions options_;
  const JobStore store_{};
  Fd doorbell_;
  Fd wake_;  // an eventfd
  std::map<std::string, Instant> cancels_asked_;
  std::map<std::string, Instant> never_seen_since_;
  std::map<std::string, int> sweeps_failed_;
  std::map<std::string, std::vector<std::string>> notes_;  // not recorded yet
  std::optional<Instant> looked_at_all_;
  bool is_stopping_ = false;
  std::mutex mutex_;
  std::thread thread_;
};

}  // namespace lazurite::reconciler
