// What of the machine this attempt holds against other servers, as long as its runner lives.
#pragma once

#include <vector>

#include "base/file.h"
#include "domain/attempt/attempt.h"

namespace lazurite::runner {

class HeldPlaces final {
 public:
  ~HeldPlaces() { GiveBack(); }

  // Joins the locks that the server took for the attempt. kConflict if somebody else has one of
  // them: the server is gone, and others were faster. What is only told to others (cores, memory)
  // fails no attempt.
  Status Take(const AttemptSpec& spec);
  // When nothing of the job runs any more; before its end is told, so that the next one finds room.
  void GiveBack();

 private:
  std::vector<Fd> files_;
  std::string share_;
};

}  // namespace lazurite::runner
