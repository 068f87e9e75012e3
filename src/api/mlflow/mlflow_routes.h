// MLflow's REST API and its artifact proxy.
#pragma once

#include "api/http/context.h"

namespace lazurite {

void AddMlflowRoutes(Router& router, const ApiContext& context);

}  // namespace lazurite
