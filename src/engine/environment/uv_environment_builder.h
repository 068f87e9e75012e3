// Virtual environments made with uv (or conda where it is installed), one for each content hash.
#pragma once

#include <memory>

#include "domain/environment/environment.h"

namespace lazurite::environment {

// Environments lie at <envs_folder>/<hash>/ and are made in place (their scripts know the path)
// under a lock file <hash>.lock that works across processes. An environment is used only if its
// marker file "ready" is there and names that very folder; anything else is removed and made again.
// Safe for several threads.
std::unique_ptr<EnvironmentBuilder> MakeUvEnvironmentBuilder(EnvironmentSettings settings);

}  // namespace lazurite::environment
