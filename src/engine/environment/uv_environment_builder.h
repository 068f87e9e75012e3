// Virtual environments made with uv, one for each content hash.
#pragma once

#include <memory>

#include "domain/environment/environment.h"

namespace lazurite::environment {

// Environments lie at <envs_folder>/<hash>/; one that is being made at <hash>.building/, under a lock file that works
// across processes. An environment is used only if its marker file "ready" is there.
std::unique_ptr<EnvironmentBuilder> MakeUvEnvironmentBuilder(EnvironmentSettings settings);

}  // namespace lazurite::environment
