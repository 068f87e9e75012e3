// Azure's run history, as far as log streaming needs it: /history/v1.0/…
#pragma once

#include "api/http/context.h"

namespace lazurite {

void AddRunHistoryRoutes(Router& router, const ApiContext& context);

}  // namespace lazurite
