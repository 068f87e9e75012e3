// Runs one attempt from its directory to exit.json: environment, inputs, ranks, outputs. A process
// of its own that needs no server.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "domain/environment/environment.h"

namespace lazurite::runner {

struct RunnerOptions {
  std::string attempt_folder;  // absolute
  // Engines do not know each other: the one who starts the runner says who makes environments.
  std::function<std::unique_ptr<EnvironmentBuilder>(const EnvironmentSettings&)>
      make_environment_builder;
};

// Returns the exit code of the runner's own process: 0 if exit.json was written (however the job
// ended), 1 if not, 3 if another runner has or had this attempt.
int Run(const RunnerOptions& options);

}  // namespace lazurite::runner
