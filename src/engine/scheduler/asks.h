// Jobs as the scheduler sees them: what they ask for, what they hold.
#pragma once

#include "domain/job/job_store.h"
#include "engine/scheduler/placement.h"

namespace lazurite::scheduler {

Ask AskOf(const Job& job);
// Of a job with a place, by the record of its placement.
Held HeldBy(const Job& job);
// The record: job.detail.placement.
Json PlacementJson(const Placed& placed);
// The placement of a job that has one, for making its attempt again.
Placed PlacedAgain(const Job& job);

}  // namespace lazurite::scheduler
