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
  enum class State : unsigned char { kWaiting, kRunning, kGone, kUnknown } state = State::kUnknown;
  std::string native_id;  // pid, Slurm job id, pod name
  std::string reason;     // one sentence for a person
};

struct Refusal {
  Status why;
  bool is_retryable = false;  // a full queue is; a node that does not exist is not
};

// One node with what it has and what is free.
struct NodeView {
  std::string name;
  double cpus = 0, cpus_free = 0;
  int64_t memory_bytes = 0, memory_free_bytes = 0;
  std::vector<std::string> gpus, gpus_free;  // names of devices, "0", "1"…
};

// Implemented by local (and later slurm, kubernetes), and fake in tests. Everything takes many
// attempts at once.
class ComputeBackend {
 public:
  virtual ~ComputeBackend() = default;
  // Starts each attempt exactly once: calling again with the same reference finds the earlier
  // start.
  virtual std::vector<std::optional<Refusal>> Submit(std::span<const AttemptRef> attempts) = 0;
  // What the backend says now. An attempt it does not mention is kUnknown, not gone.
  virtual Result<std::vector<Seen>> Poll(std::span<const AttemptRef> attempts) = 0;
  // Asks for an orderly end, then a hard one after the grace. Idempotent.
  virtual Status Cancel(std::span<const AttemptRef> attempts) = 0;
  // Ends whatever a lost runner has left.
  virtual Status Sweep(std::span<const AttemptRef> attempts) = 0;
  virtual Result<std::string> Explain(const AttemptRef& attempt) = 0;
  virtual Result<std::vector<NodeView>> Capacity() = 0;
};

}  // namespace lazurite
