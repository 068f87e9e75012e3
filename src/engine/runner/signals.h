// What the runner waits for: ended children, a cancel (signal or file), or a time.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/file.h"

namespace lazurite::runner {

// One per process. Signals are caught by handlers, not blocked, so that nothing is inherited by
// programs that are started meanwhile.
class Signals final {
 public:
  // Catches SIGCHLD, SIGTERM, SIGINT; ignores SIGHUP and SIGPIPE. Watches `folder` for a file named
  // "cancel".
  explicit Signals(std::string folder);
  ~Signals();

  // Sleeps until something may have happened, at most `limit` if there is one.
  void Wait(std::optional<Duration> limit);
  // SIGTERM or SIGINT came, or the file is there. Stays true.
  bool CancelAsked();

  // In a child, before exec: the handlers as they were at the start of the process.
  static void ResetInChild();

 private:
  const std::string file_;
  Fd watch_;
  bool is_asked_ = false;
};

}  // namespace lazurite::runner
