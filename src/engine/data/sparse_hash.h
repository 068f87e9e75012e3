// The hash of a file that may be huge, sparse, and somebody else's just now.
#pragma once

#include <functional>
#include <string>

#include "base/file.h"

namespace lazurite::data {

// Called after each piece with the bytes done so far; false: it is not wanted any more.
using HashProgress = std::function<bool(int64_t bytes)>;

// BLAKE3 of the first `bytes` of `file`, as Blake3File gives it. Holes are not read, and of the
// system's cache is given back what was not in it before. kCancelled; kFailedPrecondition if the
// file is shorter.
Result<std::string> HashSparsely(const Fd& file, int64_t bytes, const HashProgress& progress);

}  // namespace lazurite::data
