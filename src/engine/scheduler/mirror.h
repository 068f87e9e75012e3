// The queue and the running jobs in memory.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "domain/job/job_store.h"
#include "engine/scheduler/placement.h"

namespace lazurite::scheduler {

struct Mirror {
  // The order of the queue: jobs that give way last, then priority, then age.
  struct Key {
    bool is_spot = false;
    int priority = 0;
    int64_t sequence = 0;
    bool operator<(const Key& other) const {
      if (is_spot != other.is_spot) return other.is_spot;
      if (priority != other.priority) return priority > other.priority;
      return sequence < other.sequence;
    }
  };

  int64_t seq = 0;  // of `changes`, seen up to here
  std::map<Key, Ask> queue;
  std::map<std::string, Key> queued;  // job -> its place
  std::map<std::string, Held> running;
  std::map<std::string, ComputeShape> computes;  // by ComputeKey
  Machine machine;                               // as it was last seen

  // Puts the job where it belongs now.
  void Enter(const Job& job);
  void Leave(const std::string& job);

  std::vector<Held> Running() const;
  // The front of the queue.
  std::vector<Ask> Front(size_t limit) const;
};

}  // namespace lazurite::scheduler
