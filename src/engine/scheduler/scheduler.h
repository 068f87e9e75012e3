// Gives queued jobs their places and starts their attempts.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/locked.h"
#include "domain/attempt/attempt.h"
#include "domain/compute/backend.h"
#include "domain/job/job_store.h"
#include "engine/scheduler/mirror.h"
#include "engine/scheduler/placement.h"
#include "engine/scheduler/surroundings.h"
#include "storage/sql/database.h"

namespace lazurite::scheduler {

// Makes everything an attempt needs out of the job and what it refers to. A failure ends the job:
// its code says whose fault it is, its text what to do. What was found out about inputs and outputs
// is added to `job.detail`.
using BuildAttempt =
    std::function<Result<AttemptSpec>(Transaction& transaction, Job& job, const Placed& placed)>;

struct SchedulerOptions {
  Database* database = nullptr;
  const Clock* clock = nullptr;
  ComputeBackend* backend = nullptr;
  std::string home;
  SurroundingsOptions surroundings;
  int running_per_user_max = 0;  // 0 = no limit
  BuildAttempt build_attempt;
  // A failure ends the job.
  std::function<Result<AttemptSecrets>(const Job& job)> make_secrets;
};

// A thread of its own that wakes when told or once a second. It keeps the queue in memory,
// refreshed from `changes`, so that a tick costs what changed, not what waits. At start it loads
// the queue and starts again what was placed but never reached its runner.
class Scheduler final {
 public:
  // The scheduler looks at so many jobs from the front of the queue at a time; more could hardly
  // start in one tick.
  static constexpr size_t kLookAheadMax = 1000;

  explicit Scheduler(SchedulerOptions options);
  ~Scheduler();  // stops

  void Start();
  void Stop();
  void Wake();  // safe from any thread

  // Why the job waits, in one sentence; "" if it does not wait or is not known. Of one behind more
  // than kLookAheadMax others only that is told.
  std::string Explain(const std::string& job) const;
  // Who holds what, now.
  Cluster Snapshot() const;
  // Who waits and why; at most kLookAheadMax of the front of the queue.
  struct Waiter {
    Ask ask;
    std::string why;
  };
  std::vector<Waiter> Waiters() const;
  // How many jobs wait for a place.
  size_t Waiting() const;

 private:
  struct Beginning {
    Job job;
    AttemptSpec spec;
    Json detail{};  // of the job as it was read
  };

  void Run();
  bool WaitForWork();
  bool IsStopping();
  void Tick();
  Status LoadAll();
  Status Refresh();
  Status RefreshSome(bool& is_all);
  static Status LoadComputes(Transaction& transaction, Mirror& mirror);
  Cluster ClusterOf(const Mirror& mirror) const;
  void LookAround();
  void GiveBack();
  std::vector<Placed> ChoosePlaces();
  bool PlaceSome();
  Status BuildPlaced(const std::vector<Placed>& placed, std::vector<Beginning>& built,
                     std::map<std::string, Status>& failures);
  Status MovePlaced(const std::vector<Beginning>& built, std::vector<Beginning>& starts);
  void StartAttempts(std::vector<Beginning>& starts);
  void PreemptSome();
  void AskToEnd(const AttemptKey& attempt, const std::string& by);
  void Return(const std::string& job, const Status& why);
  // False if not even that could be written.
  bool Fail(const std::string& job, const Status& why, std::string_view cause);
  // Starts what was placed but has no runner: all such jobs, or only those named.
  void StartAgain(const std::optional<std::set<std::string>>& only);

  const SchedulerOptions options_;
  const JobStore store_{};
  Locked<Mirror> mirror_;
  Surroundings surroundings_;
  std::map<AttemptKey, Instant> asked_to_end_;  // for another job, and when
  std::set<std::string> refused_;               // starts that the backend could not take just then
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_woken_ = false;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace lazurite::scheduler
