// Which processes a job consists of, and what each of them is told.
#pragma once

#include <string>
#include <vector>

#include "domain/attempt/attempt.h"
#include "engine/runner/variables.h"

namespace lazurite::runner {

// One process that the runner starts and waits for: a rank, or the launcher of all ranks (MPI).
struct RankPlan {
  int rank = 0;
  std::vector<std::string> arguments;
  Variables variables;     // over the common ones
  std::string log;         // relative to the attempt, "user_logs/std_log.txt"
  bool is_server = false;  // ends when all others have ended (a parameter server)
};

struct JobPlan {
  std::vector<RankPlan> processes;
  std::vector<std::string> logs;  // of all ranks
  // MPI: where its ranks write "<rank> <exit code>" when they fail, relative; else "".
  std::string failures;
};

// How many ranks the attempt has.
int RanksOf(const AttemptSpec& spec);

// `command` has its expressions replaced. kFailedPrecondition: a launcher is missing here.
Result<JobPlan> PlanJob(const AttemptSpec& spec, const std::string& folder,
                        const std::string& command);

}  // namespace lazurite::runner
