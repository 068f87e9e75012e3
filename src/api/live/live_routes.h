// Lazurite's own routes for jobs, logs, queue and files (docs/api.md).
#pragma once

#include "api/http/context.h"

namespace lazurite {

void AddLiveRoutes(Router& router, const ApiContext& context);

}  // namespace lazurite
