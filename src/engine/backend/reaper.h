// Collects ended children that nobody waits for, and no others.
#pragma once

#include <sys/types.h>

#include <thread>

#include "base/file.h"

namespace lazurite::backend {

// A thread that sleeps until one of its processes ends. Safe for several threads.
class Reaper final {
 public:
  Reaper();
  ~Reaper();  // lets the rest go

  // `pid` is a child of this process, waited for by nobody else.
  void Take(pid_t pid);

 private:
  void Run();

  Fd waiting_;  // epoll; holds a pidfd for each child, closed when the child was taken
  Fd wake_;
  std::thread thread_;
};

}  // namespace lazurite::backend
