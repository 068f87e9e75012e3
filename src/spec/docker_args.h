// What a job's docker_args ask of the machine: `docker run`'s words for memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace lazurite::spec {

// The memory of `-m 2g`, `--memory=512m` or `--memory 2g`, the last one if there are several;
// nothing if it asks for none. `arguments` is one text or a list of them. kInvalidArgument: a size
// that docker would not take.
Result<std::optional<int64_t>> MemoryOfDockerArgs(const Json& arguments);

}  // namespace lazurite::spec
