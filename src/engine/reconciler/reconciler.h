// Moves jobs along by what their attempts say: the attempt directory is the truth, the database
// follows.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "domain/attempt/attempt.h"
#include "domain/compute/backend.h"
#include "domain/job/job_store.h"
#include "engine/reconciler/doorbell.h"
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
  // attempt has ended and before that is recorded, again as long as it is worth waiting for
  // (base/worth_waiting.h): what was taken already must change nothing. Other failures become notes
  // of the job, as what it adds to `notes` does; they do not hold up the end.
  std::function<Status(const Job&, const AttemptChannel&, std::vector<std::string>& notes)>
      replay_spool =
          [](const Job&, const AttemptChannel&, std::vector<std::string>&) { return Status(); };
};

// A thread of its own that wakes when a runner rings (a datagram "job/attempt" on
// <home>/run/doorbell.sock), when told, or once a second, and takes in the events of the attempts
// concerned; each event is read once. Reading again changes nothing.
//
// Silence is no death: while the backend cannot say where an attempt is, its job becomes
// NotResponding after a while, and goes on from where it was when there is an answer. A job fails
// as lost only when the backend says that its runner is gone and there is no exit.json.
class Reconciler final {
 public:
  explicit Reconciler(ReconcilerOptions options);
  ~Reconciler();  // stops

  Status Start();  // opens the doorbell; kInternal if its socket cannot be made
  void Stop();
  // Safe from any thread: looks at all active attempts soon (somebody asked for a cancel, say).
  void Wake();
  // Why what became of the job could not be recorded at the last look (the disk is full); "" if it
  // was. Safe from any thread.
  std::string Explain(const std::string& job) const;

  // One look at one attempt, as the thread does it; for tests.
  Status LookAt(const std::string& job);
  // Looks at all of these, and records what they say in one commit.
  void LookAtThese(const std::set<std::string>& names);

 private:
  // What the directory of an attempt and its backend say that the database does not know yet.
  struct News {
    Job job;
    std::vector<AttemptEvent> events;
    int64_t events_end = 0;  // up to there events.jsonl was read
    bool is_silent = false, is_heard = false;
    std::string reason;  // why nothing is heard
    std::optional<ExitRecord> exit;
    std::optional<Verdict> verdict;
    std::vector<std::string> notes;  // of the reconciler's own

    bool is_empty() const {
      return events.empty() && notes.empty() && !is_silent && !is_heard && !exit && !verdict;
    }
  };
  // What is remembered of an attempt between two looks.
  struct Memory {
    std::string life;  // of the job: one of the same name is another one
    int attempt = 0;
    int64_t events_end = 0;  // up to there its events are in the database
    std::optional<Instant> cancel_asked, waiting_since, silent_since, swept, sweeping_since;
    bool is_begun = false;           // what it waits for is its runner
    Status sweep_result;             // of the last one, at `swept`
    std::vector<std::string> notes;  // not recorded yet
  };
  // One job under a look.
  struct Look {
    const Job& job;
    const AttemptChannel channel;
    Memory& memory;
    News& news;
  };

  void Run();
  void LookAtAll();
  Result<std::vector<Job>> LoadPlaced(const std::set<std::string>& names) const;
  std::vector<Seen> Poll(const std::vector<Job>& jobs) const;
  Memory& MemoryOf(const Job& job);
  void TellTrouble(const std::string& job, const Status& how);

  // gather.cpp
  Result<std::optional<News>> Gather(Job job, const Seen& seen);
  Status GatherFiles(Look& look) const;
  Status GatherEvents(Look& look) const;
  Status ReplaySpool(const Look& look) const;
  Status Judge(Look& look, const Seen& seen) const;
  bool HasWaitedTooLong(Look& look, const Seen& seen, Verdict& verdict) const;
  void TakeSilence(Look& look, const Seen& seen) const;
  Status GiveUp(Look& look, Verdict verdict) const;
  Status Sweep(const Look& look) const;
  void AskBackendToCancel(const Look& look) const;

  // take.cpp
  Status Take(Transaction& transaction, const News& news, bool& has_ended) const;
  Status TakeSilence(Transaction& transaction, Job& job, const News& news) const;
  Status TakeBackCancel(Transaction& transaction, Job& job) const;
  Status TakeEvents(Transaction& transaction, Job& job,
                    const std::vector<AttemptEvent>& events) const;
  Status TakeExit(Transaction& transaction, Job& job, const ExitRecord& exit) const;
  Status TakeVerdict(Transaction& transaction, Job& job, const Verdict& verdict) const;
  void Remember(const News& news, bool has_ended);

  const ReconcilerOptions options_;
  const JobStore store_{};
  Doorbell doorbell_;
  std::map<std::string, Memory> memories_;
  std::optional<Instant> looked_at_all_;
  bool is_stopping_ = false;
  std::map<std::string, std::string> troubles_;  // by job, of the last looks
  mutable std::mutex mutex_;                     // of the two above
  std::thread thread_;
};

}  // namespace lazurite::reconciler
