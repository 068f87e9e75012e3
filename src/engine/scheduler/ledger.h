// What is free while a queue is gone through.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/scheduler/placement.h"

namespace lazurite::scheduler {

// What an ask comes to on this machine, in all.
struct Need {
  int slots = 1;
  int64_t memory_bytes = 0;
  int gpus = 0;
};

// Whether it asks for GPUs, be they there or not.
bool WantsGpus(const Cluster& cluster, const Ask& ask);
Need NeedOf(const Cluster& cluster, const Ask& ask);
// What the ask gets less than was asked for, a sentence each.
std::vector<std::string> CutsOf(const Cluster& cluster, const Ask& ask);

// Which kinds of things are missing; none of them: it fits.
struct Shortage {
  bool slots = false, memory = false, gpus = false;
  bool any() const { return slots || memory || gpus; }
};

class Ledger final {
 public:
  explicit Ledger(const Cluster& cluster);

  Shortage ShortageOf(const Need& need) const;
  void Take(const Ask& ask, const Need& need, std::vector<std::string>* gpus = nullptr);
  void Hold(const Held& held) { Count(held, 1); }
  void GiveBack(const Held& held) { Count(held, -1); }

  int slots_free() const { return slots_free_; }
  int64_t memory_free() const { return memory_free_; }
  int gpus_free() const;
  int instances_of(const std::string& compute) const;
  int jobs_of(const std::string& user) const;

 private:
  struct Seats {
    const Device* device;
    int free;
  };
  void Count(const Held& held, int sign);

  int slots_free_;
  int64_t memory_free_;
  std::vector<Seats> seats_;
  std::map<std::string, int> instances_;
  std::map<std::string, int> jobs_;
};

// One way through the queue. Of each ask it says whether it gets a place, and else what holds it
// back.
class Walk final {
 public:
  enum class Answer : unsigned char {
    kPlaced,
    kNever,       // more GPUs than there are
    kComputeOff,  // its compute takes no jobs
    kComputeFull,
    kBehindOwn,  // others of its compute or user wait before it
    kUserFull,
    kLooking,     // it would fit, once the driver has told of the GPUs
    kShort,       // the machine has no room; `shortage` says of what
    kBehindHead,  // there would be room, and the head of the queue needs it
  };
  struct Step {
    Answer answer = Answer::kPlaced;
    Shortage shortage{};
    Need need{};
    std::vector<std::string> gpus{};
  };

  explicit Walk(const Cluster& cluster) : cluster_(cluster), ledger_(cluster) {}

  Step Next(const Ask& ask);

  const Ledger& ledger() const { return ledger_; }
  // The first that the machine has no room for, or that waits for the driver; nullptr as long as
  // there is none.
  const Ask* head() const { return head_; }
  // Nothing can be placed any more.
  bool IsOver() const { return ledger_.slots_free() <= 0; }

 private:
  Answer LimitOf(const Ask& ask, const Need& need) const;
  Answer RoomFor(const Ask& ask, Step& step) const;
  bool MayPass(const Ask& ask, const Need& need) const;
  void SetHead(const Ask& ask, const Step& step);
  void FindStart(const Need& need);

  const Cluster& cluster_;
  Ledger ledger_;
  std::set<std::string> computes_full_, users_full_;
  const Ask* head_ = nullptr;
  Need head_need_;
  Shortage head_shortage_;
  std::optional<Time> head_starts_;  // at the latest, if all timeouts are known
};

}  // namespace lazurite::scheduler
