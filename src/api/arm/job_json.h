// Jobs as REST shows them, and what a client may change of one. Pure functions.
#pragma once

#include <string>

#include "base/json.h"
#include "domain/job/job_store.h"
#include "domain/workspace/resource_id.h"

namespace lazurite::arm {

// The whole resource; `base_url` is where this request reached the server.
Json JobResource(const Job& job, const Scope& scope, const std::string& base_url);

// Brings a PUT body's properties into the form that is stored: without what the server adds to its
// answers, so that a client may send back what it got. kInvalidArgument: a member of the wrong
// type.
Status NormaliseJob(Json& properties, std::string_view job);

// True if both ask for the same execution; descriptions, tags and the like may differ.
bool IsSameExecution(const Json& a, const Json& b);

// Takes over from `asked` (stored form) what may change in a job's life: names, description, tags,
// properties, archive mark. Members that `asked` lacks stay.
void TakeChangeable(Job& job, const Json& asked);

}  // namespace lazurite::arm
