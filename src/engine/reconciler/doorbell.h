// Where runners ring: they have something to tell.
#pragma once

#include <set>
#include <string>

#include "base/clock.h"
#include "base/file.h"

namespace lazurite::reconciler {

// A socket that takes datagrams "<job>/<attempt>", and a second way to be woken.
class Doorbell final {
 public:
  // kInternal if there can be no socket at `path`.
  Status Open(const std::string& path);
  // Safe from any thread.
  void Wake() const;

  struct Heard {
    std::set<std::string> jobs;  // those whose runners rang
    bool is_woken = false;
  };
  // Waits for a ring or to be woken, at most `limit`. A ring that is lost is no harm: who listens
  // looks by itself once in a while.
  Heard Listen(Duration limit) const;

 private:
  Fd socket_;
  Fd wake_;  // an eventfd
};

}  // namespace lazurite::reconciler
