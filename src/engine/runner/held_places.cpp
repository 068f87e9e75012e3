#include "engine/runner/held_places.h"

#include <unistd.h>

#include "base/log.h"
#include "domain/compute/slot_board.h"

namespace lazurite::runner {

Status HeldPlaces::Take(const AttemptSpec& spec) {
  for (const AttemptLock& lock : spec.locks) {
    ASSIGN_OR_RETURN(Fd file, JoinSlot({lock.path, lock.seat}, {spec.job, 0}));
    files_.push_back(std::move(file));
  }
  if (spec.slots_folder.empty()) return {};
  Result<Fd> share = ClaimShare(spec.slots_folder, spec.slots, spec.memory_bytes);
  if (share.ok()) {
    share_ = ShareFile(spec.slots_folder);
    files_.push_back(std::move(share).value());
  } else {
    Log(LogLevel::kWarning, "other users' servers do not see what this job takes",
        {{"error", share.status().text()}});
  }
  return {};
}

void HeldPlaces::GiveBack() {
  if (!share_.empty()) unlink(share_.c_str());
  share_.clear();
  files_.clear();
}

}  // namespace lazurite::runner
