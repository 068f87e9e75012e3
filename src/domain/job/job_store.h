// The durable record of jobs. Every function works inside the caller's transaction, so that a job
// and what belongs to it change together; nothing is durable before that commits.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "domain/job/job_state.h"
#include "storage/sql/database.h"

namespace lazurite {

struct Job {
  std::string name;
  std::string workspace = "default";
  std::string experiment;
  std::string display_name;
  std::string type = "Command";
  std::string parent;   // job it belongs to, or ""
  std::string compute;  // bare name of the compute it asked for
  JobState state = JobState::kNotStarted;
  std::string reason;  // why it waits, one sentence
  int priority = 0;
  int attempt = 0;        // number of the newest attempt; 0 = none yet
  int64_t event_seq = 0;  // last event of the attempt's events.jsonl that was taken in
  bool is_archived = false;
  Time created{};
  std::string created_by;
  Time modified{};
  std::optional<Time> started;  // first rank started
  std::optional<Time> ended;
  std::string cause;  // of the end: attempt.h's words; "reported" if a script of no job said so
  std::optional<int> exit_code;
  std::string error;                 // for a person, when it failed
  Json detail = Json::MakeObject();  // placement, resource use, notes: what the platform found out
  Json properties = Json::MakeObject();  // REST `properties` as the client wrote them
  int64_t sequence = 0;                  // order of creation; set by Insert
};

// Tells a job from another one of its name, of which one was deleted before the other was made.
std::string LifeOf(const Job& job);

// One step of a job's life.
struct JobTransition {
  int number = 0;
  Time time{};
  JobState from = JobState::kNotStarted;
  JobState to = JobState::kNotStarted;
  std::string event;
  std::string cause;
};

struct JobQuery {
  std::string workspace = "default";
  bool archived_too = false;
  bool only_archived = false;
  std::string type{};                   // "" = all
  std::string experiment{};             // "" = all
  std::optional<std::string> parent{};  // jobs of this parent; absent: only jobs without a parent
  std::optional<JobState> state{};
  std::string created_by{};             // "" = anybody
  std::string tag_name{}, tag_value{};  // a tag that must be there; value "" = any
  int64_t before_sequence = 0;          // page token: only older ones; 0 = from the newest
  int limit = 100;                      // 1 to kListLimitMax
};

class JobStore final {
 public:
  static constexpr int kListLimitMax = 1000;

  // Adds a job in state NotStarted. kConflict if the name exists.
  Status Insert(Transaction& transaction, Job& job) const;
  // Moves the job's state by `event`, writes the transition row, and saves all other fields of
  // `job` too. kFailedPrecondition if the table has no such move (nothing is written). `cause` is
  // one word or sentence.
  Status Move(Transaction& transaction, Job& job, JobEvent event, std::string_view cause,
              Time now) const;
  // Saves every field but the state. kNotFound if the job is not there.
  Status Save(Transaction& transaction, const Job& job) const;
  Result<std::optional<Job>> Find(Transaction& transaction, std::string_view name) const;
  // The job; kNotFound names it.
  Result<Job> Get(Transaction& transaction, std::string_view name) const;
  // Newest first.
  Result<std::vector<Job>> List(Transaction& transaction, const JobQuery& query) const;
  // Not ended, by priority (high first), then age; of one state if given.
  Result<std::vector<Job>> Active(Transaction& transaction, std::optional<JobState> state,
                                  int limit) const;
  // Those that were given a place and have not ended, oldest first.
  Result<std::vector<Job>> Placed(Transaction& transaction, int limit) const;
  Result<std::vector<JobTransition>> Transitions(Transaction& transaction,
                                                 std::string_view job) const;
  // Removes the job and its transitions. kNotFound.
  Status Delete(Transaction& transaction, std::string_view name) const;
  // Names beginning with `prefix` (at most `limit`), newest first.
  Result<std::vector<std::string>> WithPrefix(Transaction& transaction, std::string_view prefix,
                                              int limit) const;
};

}  // namespace lazurite
