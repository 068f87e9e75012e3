// Where the last lines of a file begin.
#pragma once

#include <cstdint>

#include "base/file.h"
#include "base/status.h"

namespace lazurite::live {

// The offset of the last `lines` lines; a last line without a line feed counts. 0 if the file has
// fewer, its size for `lines` = 0. Reads the file from its end.
Result<int64_t> OffsetOfLastLines(const Fd& file, int64_t lines);

}  // namespace lazurite::live
