// Runners by fork: what a new process costs most, loading and linking the program, is done once.
#pragma once

#include <sys/types.h>

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/file.h"

namespace lazurite::backend {

// The server's side. The nursery is a process of one thread that does nothing but fork; it ends
// when this object or the server is gone, its runners live on. Safe for several threads.
class Nursery final {
 public:
  // `scope`: by which command it is started (scope.h); without it for good, which is logged, once
  // one that was started so never answered.
  explicit Nursery(std::string program, std::vector<std::string> scope = {})
      : program_(std::move(program)), scope_(std::move(scope)) {}

  // One more runner, as SpawnRunner starts it. Makes the nursery if there is none. kUnavailable: no
  // room for another process now, or no answer; trying by SpawnRunner does no harm.
  Result<pid_t> Start(const std::string& attempt_folder);
  // The nursery's own process if one was made since the last call, else 0: somebody has to reap it.
  pid_t TakeProcess();

 private:
  Status Make();
  Result<pid_t> Ask(const std::string& attempt_folder);

  const std::string program_;
  std::mutex mutex_;
  std::vector<std::string> scope_;
  Fd socket_;
  pid_t process_ = 0;
};

// The nursery's side, `lazurite runner --nursery`: serves on standard input until that is closed.
// Each runner ends with what `run` gives for its attempt.
// `argv` is main's: a runner writes its folder there, so that `ps` tells runners apart.
int RunNursery(int argc, char** argv, const std::function<int(const std::string&)>& run);

}  // namespace lazurite::backend
