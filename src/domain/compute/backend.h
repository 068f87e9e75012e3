// Where attempts run.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace lazurite {

struct AttemptRef {
  std::string job;
  int attempt = 1;
};

// What a backend says of one attempt.
struct Seen {
  enum class State : unsigned char {
    kUnsubmitted,  // nothing was begun: not asked to yet, or asked and refused for a while
    kWaiting,      // begun, but its runner is not there yet
    kRunning,      // its runner lives
    kGone,         // its runner has ended or will never begin
    kUnknown       // nobody answers: silence, which is no death
  } state = State::kUnknown;
  std::string cause;   // of kGone: "runner_lost", "machine_restarted", …, as in Verdict
  std::string reason;  // one sentence for a person: why it waits, what ended it, what is unknown
};

struct Refusal {
  Status why;
  bool is_retryable = false;  // a full queue is; a node that does not exist is not
};

// Implemented by local (and later slurm, kubernetes), and fake in tests. Everything takes many
// attempts at once.
class ComputeBackend {
 public:
  virtual ~ComputeBackend() = default;
  // A Submit follows within moments: what takes a while can be made ready meanwhile. Returns at
  // once.
  virtual void Expect() {}
  // Starts each attempt exactly once: calling again with the same reference finds the earlier
  // start.
  virtual std::vector<std::optional<Refusal>> Submit(std::span<const AttemptRef> attempts) = 0;
  // What the backend says now of each of these, in their order. An error: nothing of any of them is
  // known now. What was seen here is older than what the attempt's files say when read afterwards.
  virtual Result<std::vector<Seen>> Poll(std::span<const AttemptRef> attempts) = 0;
  // Asks for an orderly end, then a hard one after the grace. Idempotent.
  virtual Status Cancel(std::span<const AttemptRef> attempts) = 0;
  // Ends whatever a lost runner has left. An error: not all is gone yet, to be asked again. Soon
  // back.
  virtual Status Sweep(std::span<const AttemptRef> attempts) = 0;
};

}  // namespace lazurite
