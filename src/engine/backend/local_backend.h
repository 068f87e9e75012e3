// This machine as a backend: one `lazurite runner` process for each attempt.
#pragma once

#include <memory>
#include <string>

#include "domain/compute/backend.h"

namespace lazurite::backend {

struct LocalBackendOptions {
  std::string home;     // absolute
  std::string program;  // absolute path of lazurite; "/proc/self/exe" follows an upgrade badly, so
                        // it is resolved once
  bool has_nursery = false;  // runners are forked from one process that is kept (nursery.h)
};

// Runners lead sessions of their own and outlive this process. Submit returns when the runner's
// process exists, not when it has done anything. Safe for several threads.
std::unique_ptr<ComputeBackend> MakeLocalBackend(LocalBackendOptions options);

}  // namespace lazurite::backend
