// REST's properties of a job as the domain's JobSpec: the server's reading of what any client sent.
#pragma once

#include "base/json.h"
#include "base/status.h"
#include "domain/job/job_spec.h"

namespace lazurite::spec {

// Reads the "properties" of a PUT body. Unknown members are ignored, what is used is checked:
// kInvalidArgument names the property ("properties.resources.instanceCount is -1, expected 1 to
// 1024"). kFailedPrecondition: a kind of job that this version does not run.
Result<JobSpec> ReadJobSpec(const Json& properties);

inline constexpr int kInstanceCountMax = 1024;
inline constexpr int kProcessCountMax = 1024;
inline constexpr int kGpusMax = 64;     // of one instance
inline constexpr int kRanksMax = 4096;  // of a job in all
inline constexpr size_t kCommandBytesMax = size_t{1} << 20;
// of inputs, outputs, tags, properties, environment variables
inline constexpr size_t kEntriesMax = 1000;

}  // namespace lazurite::spec
