// Azure Resource Manager's paths: /subscriptions/…/workspaces/… and what lies below.
#pragma once

#include "api/http/context.h"

namespace lazurite {

void AddArmRoutes(Router& router, const ApiContext& context);

}  // namespace lazurite
