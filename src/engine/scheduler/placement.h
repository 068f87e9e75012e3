// Who gets a place on this machine, and why the others wait. Everything here is a pure function of
// its arguments: the same cluster and queue give the same answer.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "domain/attempt/attempt.h"
#include "domain/compute/share.h"

namespace lazurite::scheduler {

// A GPU, a slice of one, or what is to be treated like one.
struct Device {
  std::string name;         // as the variables of the driver take it: "0", "MIG-…"
  std::string holder{};     // who outside of this server holds it, in words; "" = nobody
  int seats_elsewhere = 0;  // of those that jobs share, taken outside of this server
  // For people, and for those who lock it.
  std::string id{}, vendor{"nvidia"}, model{};
  int64_t memory_bytes = 0;
  // The same for every program of this machine.
  const std::string& LockId() const { return id.empty() ? name : id; }
};

// What the machine has to give. One slot is one core.
struct Machine {
  int slots = 1;
  int64_t memory_bytes = 0;
  std::vector<Device> gpus{};
  int seats_per_gpu = 1;  // so many jobs share one
  // What the driver of the GPUs is still to tell: which there are, who computes on them now; and
  // whether it has taken so long that nothing is kept free for those who wait for it.
  bool is_looking = false, is_asking = false, is_silent = false;
  int slots_elsewhere = 0;  // taken by servers of other users
  int64_t memory_elsewhere = 0;
  std::string elsewhere{};  // by whom, in words
};

// A job, and the number of one of its attempts.
using AttemptKey = std::pair<std::string, int>;

// What one job takes or asks for.
struct Ask {
  std::string job;
  std::string compute = "local";  // ComputeKey
  int instances = 1;
  Share wish{};        // of each instance; over what the compute says
  std::string size{};  // Azure's name of an instance, for jobs without a compute
  std::string user{};
  int priority = 0;
  bool is_spot = false;               // gives way to jobs of more weight
  std::optional<Duration> timeout{};  // of its ranks
  int attempt = 0;                    // the number of its newest one so far
};

struct Held {
  Ask ask;
  int slots = 1;
  int64_t memory_bytes = 0;
  std::vector<std::string> gpus{};
  std::optional<Time> started{};  // its ranks
  bool is_ending = false;         // it was asked to end and has not yet
};

struct Placed {
  std::string job;
  int slots = 1;
  int64_t memory_bytes = 0;  // asked for; 0 = none of its own
  std::vector<std::string> gpus{};
  int cpus = 1;  // cores it may count on: its slots, and of those that nobody wants its even part
  std::vector<std::string> notes{};  // what it gets less than it asked for, and why
  int attempt = 1;                   // that gets it
  // Filled in by whoever locks what was chosen.
  std::string gpu_vendor{"nvidia"};
  std::vector<AttemptLock> locks{};
};

struct Cluster {
  Machine machine;
  std::map<std::string, ComputeShape> computes;  // by ComputeKey; "local" is not among them
  std::vector<Held> running;
  int running_per_user_max = 0;  // 0 = no limit
  Time now{};
};

// Names are unique within a workspace. The key of the whole machine is "local" everywhere.
std::string ComputeKey(std::string_view workspace, std::string_view compute);
// The bare name in a key.
std::string_view ComputeName(std::string_view key);

// True if `a` goes before `b` whatever their age: jobs that give way come last, then priority
// decides.
bool HasMoreWeight(const Ask& a, const Ask& b);

// Places jobs in the order of `queue`: weight, then age. The first for which the machine has no
// room is the head, as is one that waits for the driver of the GPUs, unless that is silent; and
// what may pass the head does not delay it: a job passes if it leaves alone what the head is short
// of, and enough of the rest; or if its timeout, and a fixed time to prepare it, end it before the
// timeouts of those who run can make room for the head. A job whose compute or user is at the limit
// holds back nobody but the later ones of the same compute or user.
std::vector<Placed> Place(const Cluster& cluster, const std::vector<Ask>& queue);

struct Preemption {
  std::string job;  // to be ended
  std::string by;   // for whom
};

// Which running jobs to end so that the head of the queue gets its place; none if there is no head,
// it will get its place anyway once those have ended that were asked to, or ending all that give
// way would not help. Only spot jobs of less weight than the head are ended; of them the youngest
// of the least weight first, and no more than needed.
std::vector<Preemption> Preempt(const Cluster& cluster, const std::vector<Ask>& queue);

// Why each ask of the queue waits, in one sentence; "" if it would be placed at once.
std::vector<std::string> ExplainAll(const Cluster& cluster, const std::vector<Ask>& queue);
// The same for the one at `position`.
std::string Explain(const Cluster& cluster, const std::vector<Ask>& queue, size_t position);

}  // namespace lazurite::scheduler
