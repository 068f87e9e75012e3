// A job's token ends with the job.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "base/http/message.h"
#include "base/net/task.h"
#include "storage/sql/database.h"

namespace lazurite {

// Lets in who comes with a job's token only while that very job has not ended. What a job has to
// say is said before: its runner replays the spool and stores the outputs before it tells the end,
// and what it could not deliver the server takes in by itself, without a token. So the commit that
// ends a job (EndJob) ends its token, within kBelievedFor. Lives on the loop's thread.
class JobGate final {
 public:
  // So long an answer is believed: a job that logs a thousand times a second is looked up once.
  static constexpr Duration kBelievedFor{std::chrono::seconds(1)};
  static constexpr size_t kJobsMax = 10'000;

  JobGate(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  // kUnauthenticated: the job has ended, or was deleted.
  Task<Status> Admit(Caller caller);

 private:
  Database& database_;
  const Clock& clock_;
  std::map<std::string, Instant> ran_;  // name and life -> when it was seen
};

}  // namespace lazurite
