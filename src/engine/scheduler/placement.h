// Who gets a place on this machine, and why the others wait.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace lazurite::scheduler {

// What the machine has to give. One slot carries one instance of a job; there is one slot for each
// core, and its even part of the memory goes with it (told, not enforced).
struct Machine {
  int slots = 1;
  int64_t memory_bytes = 0;
  std::vector<std::string> gpus{};
};

// What one job takes or asks for.
struct Ask {
  std::string job;
  std::string compute;  // bare name of the compute
  int instances = 1;
  int gpus = 0;  // in all
};

struct Held {
  Ask ask;
  int slots = 1;
  std::vector<std::string> gpus;
};

struct Placed {
  std::string job;
  int slots = 1;  // fewer than asked for only if the machine has fewer in all
  std::vector<std::string> gpus;
  int cpus = 1;  // cores it may count on: its slots, and of those that nobody wants its even part
};

struct Cluster {
  Machine machine;
  std::map<std::string, int> shares;  // instances_max of each named compute
  std::vector<Held> running;
};

// Places jobs in the order of `queue` (priority, then age). A job that the whole machine has no
// room for holds back all behind it; one whose compute is full holds back only those of the same
// compute.
//
// A pure function: the same cluster and queue give the same answer.
std::vector<Placed> Place(const Cluster& cluster, const std::vector<Ask>& queue);

// Why the ask at `position` of the queue waits, in one sentence; "" if it would be placed at once.
std::string Explain(const Cluster& cluster, const std::vector<Ask>& queue, size_t position);

}  // namespace lazurite::scheduler
