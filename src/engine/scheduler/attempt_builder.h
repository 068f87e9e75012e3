// From a placed job to everything its attempt needs, with all references resolved to places on this
// machine.
#pragma once

#include <string>

#include "domain/attempt/attempt.h"
#include "domain/job/job_store.h"
#include "engine/scheduler/placement.h"
#include "storage/blob/blob_store.h"
#include "storage/sql/database.h"

namespace lazurite::scheduler {

struct AttemptSettings {
  std::string home;  // absolute
  BlobStore* blobs = nullptr;
  EnvironmentSettings environments;
  std::string slots_folder{};  // SlotBoard's, "" = none
  int64_t cache_bytes_max = 0;  // of files of other servers
  Duration cancel_grace{std::chrono::seconds(30)};
};

// Reads what the job refers to (code, environment, data, models). Sets in `job.detail`: "inputs"
// ([{"name", "uri", "asset"}], for lineage) and "outputs" ([{"name", "uri", "type"}]). kNotFound or
// kInvalidArgument name what is missing.
Result<AttemptSpec> BuildAttemptSpec(Transaction& transaction, const AttemptSettings& settings,
                                     Job& job, const Placed& placed);

}  // namespace lazurite::scheduler
