// The parts that AddLiveRoutes is made of, one for each source of this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/live/live_routes.h"
#include "domain/job/job_store.h"

namespace lazurite::live {

void AddJobRoutes(Router& router, const ApiContext& context);
void AddQueueRoutes(Router& router, const ApiContext& context, const LiveContext& live);
void AddEventRoutes(Router& router, const ApiContext& context, const LiveContext& live);
void AddLogRoutes(Router& router, const ApiContext& context, const LiveContext& live);
void AddFileRoutes(Router& router, const ApiContext& context);
void AddManifestRoutes(Router& router, const ApiContext& context, const LiveContext& live);
void AddSchemaRoutes(Router& router, const ApiContext& context);
void AddSecretRoutes(Router& router, const ApiContext& context);
void AddTokenRoutes(Router& router, const ApiContext& context);

// The job; kNotFound names it.
Task<Result<Job>> FindJob(const ApiContext& context, std::string name);

// "2026-…Z", or null.
Json TimeJson(const std::optional<Time>& time);
Json TransitionJson(const JobTransition& transition);

}  // namespace lazurite::live
