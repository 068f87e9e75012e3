#include "engine/runner/disk_watch.h"

#include <sys/statvfs.h>
#include <unistd.h>

namespace lazurite::runner {

void DiskWatch::Look() {
  struct statvfs info {};
  if (statvfs(folder_.c_str(), &info) != 0) return;
  // What is kept back for root is there for root.
  const auto blocks = geteuid() == 0 ? info.f_bfree : info.f_bavail;
  left_bytes_ = static_cast<int64_t>(blocks * info.f_frsize);
  was_full_ = was_full_ || left_bytes_ < kFullBytes;
}

}  // namespace lazurite::runner
