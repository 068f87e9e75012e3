#include "api/live/log_tail.h"

#include <algorithm>

namespace lazurite::live {

Result<int64_t> OffsetOfLastLines(const Fd& file, int64_t lines) {
  constexpr int64_t kBlock = int64_t{64} << 10;
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return ErrnoStatus("looking at a log", errno);
  const int64_t size = info.st_size;
  if (lines <= 0) return size;
  int64_t found = 0;
  for (int64_t end = size; end > 0;) {
    const int64_t begin = std::max<int64_t>(0, end - kBlock);
    ASSIGN_OR_RETURN(const std::string block,
                     ReadRange(file, begin, static_cast<size_t>(end - begin)));
    for (auto at = static_cast<int64_t>(block.size()) - 1; at >= 0; --at) {
      // The line feed at the very end closes the last line; it begins none.
      if (block[static_cast<size_t>(at)] != '\n' || begin + at == size - 1) continue;
      if (++found == lines) return begin + at + 1;
    }
    end = begin;
  }
  return int64_t{0};
}

}  // namespace lazurite::live
