// Ending what a lost runner has left.
#pragma once

#include <string>
#include <vector>

#include "domain/attempt/attempt.h"

namespace lazurite::backend {

struct Remains {
  std::string attempt_folder;
  RunnerIdentity runner;              // may be empty
  std::vector<std::string> groups{};  // folders of its control group
};

// Kills every process that carries the mark of one of the attempts, that belongs to its runner's
// session, whose output is one of its logs, that is in its control group, or that descends from
// such a one, until none is left; then the groups go too.
// kInternal if some do not go within a moment (0.2 s): ask again later.
Status KillRemains(const std::vector<Remains>& remains);

}  // namespace lazurite::backend
