#include "engine/scheduler/placement.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace lazurite::scheduler {
namespace {

// What is free while a queue is gone through.
class Ledger {
 public:
  explicit Ledger(const Cluster& cluster) : cluster_(cluster), slots_free_(cluster.machine.slots) {
    gpus_free_ = cluster.machine.gpus;
    for (const Held& held : cluster.running) {
      slots_free_ -= held.slots;
      in_use_[held.ask.compute] += held.slots;
      for (const std::string& gpu : held.gpus) std::erase(gpus_free_, gpu);
    }
  }

  enum class Answer : unsigned char { kFits, kComputeFull, kMachineFull, kGpusMissing, kNever };

  Answer Ask(const Ask& ask) const {
    if (ask.gpus > static_cast<int>(cluster_.machine.gpus.size())) return Answer::kNever;
    const int slots = SlotsFor(ask);
    const auto share = cluster_.shares.find(ask.compute);
    if (share != cluster_.shares.end()) {
      const auto used = in_use_.find(ask.compute);
      const int in_use = used == in_use_.end() ? 0 : used->second;
      // A job larger than its compute runs alone on it.
      if (in_use > 0 && in_use + slots > share->second) return Answer::kComputeFull;
    }
    if (slots > slots_free_) return Answer::kMachineFull;
    if (ask.gpus > static_cast<int>(gpus_free_.size())) return Answer::kGpusMissing;
    return Answer::kFits;
  }

  Placed Take(const scheduler::Ask& ask) {
    Placed placed{.job = ask.job, .slots = SlotsFor(ask), .gpus = {}, .cpus = 1};
    placed.gpus.assign(gpus_free_.begin(), gpus_free_.begin() + ask.gpus);
    gpus_free_.erase(gpus_free_.begin(), gpus_free_.begin() + ask.gpus);
    slots_free_ -= placed.slots;
    in_use_[ask.compute] += placed.slots;
    return placed;
  }

  bool HasNothingLeft() const { return slots_free_ <= 0; }
  int slots_free() const { return slots_free_; }
  size_t gpus_free() const { return gpus_free_.size(); }

 private:
  int SlotsFor(const scheduler::Ask& ask) const {
    return std::max(1, std::min(ask.instances, cluster_.machine.slots));
  }

  const Cluster& cluster_;
  int slots_free_;
  std::vector<std::string> gpus_free_;
  std::map<std::string, int> in_use_;
};

std::string Plural(int count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

// "held by job a and 2 more"
std::string Holders(const Cluster& cluster, std::string_view compute) {
  std::vector<std::string> names;
  for (const Held& held : cluster.running) {
    if (compute.empty() || held.ask.compute == compute) names.push_back(held.ask.job);
  }
  if (names.empty()) return "held by nobody";
  std::string out = "held by job " + names.front();
  if (names.size() > 1) out += " and " + std::to_string(names.size() - 1) + " more";
  return out;
}

std::string Sentence(const Cluster& cluster, const Ask& ask, const Ledger& ledger,
                     Ledger::Answer answer) {
  switch (answer) {
    case Ledger::Answer::kNever:
      return "needs " + Plural(ask.gpus, "GPU") + ", this machine has " +
             std::to_string(cluster.machine.gpus.size());
    case Ledger::Answer::kComputeFull:
      return "compute " + ask.compute + " is full: its " +
             Plural(cluster.shares.at(ask.compute), "instance") +
             (cluster.shares.at(ask.compute) == 1 ? " is " : " are ") +
             Holders(cluster, ask.compute);
    case Ledger::Answer::kMachineFull:
      return "needs " + Plural(std::min(ask.instances, cluster.machine.slots), "slot") + " of " +
             std::to_string(cluster.machine.slots) + ", " + std::to_string(ledger.slots_free()) +
             " free: " + Holders(cluster, "");
    case Ledger::Answer::kGpusMissing:
      return "needs " + Plural(ask.gpus, "GPU") + ", " + std::to_string(ledger.gpus_free()) +
             " of " + std::to_string(cluster.machine.gpus.size()) +
             " free: " + Holders(cluster, "");
    case Ledger::Answer::kFits:
      break;
  }
  return "";
}

}  // namespace

namespace {

// Cores that nobody waits for are better used than left idle; they are lent for the whole of a
// job's life.
void LendIdle(int slots_idle, size_t waiting, std::vector<Placed>& placed) {
  const int part =
      waiting == 0 && !placed.empty() ? slots_idle / static_cast<int>(placed.size()) : 0;
  for (Placed& one : placed) one.cpus = one.slots + std::max(0, part);
}

}  // namespace

std::vector<Placed> Place(const Cluster& cluster, const std::vector<Ask>& queue) {
  Ledger ledger(cluster);
  std::vector<Placed> placed;
  std::set<std::string> full;
  for (const Ask& ask : queue) {
    if (ledger.HasNothingLeft()) break;
    if (full.contains(ask.compute)) continue;
    const Ledger::Answer answer = ledger.Ask(ask);
    if (answer == Ledger::Answer::kFits) {
      placed.push_back(ledger.Take(ask));
    } else if (answer == Ledger::Answer::kComputeFull) {
      full.insert(ask.compute);
    } else if (answer != Ledger::Answer::kNever) {
      break;
    }
  }
  LendIdle(ledger.slots_free(), queue.size() - placed.size(), placed);
  return placed;
}

std::string Explain(const Cluster& cluster, const std::vector<Ask>& queue, size_t position) {
  Ledger ledger(cluster);
  std::set<std::string> full;
  const Ask& wanted = queue[position];
  for (size_t i = 0; i < position; ++i) {
    const Ask& ask = queue[i];
    const Ledger::Answer answer = ledger.Ask(ask);
    if (answer == Ledger::Answer::kNever || full.contains(ask.compute)) continue;
    if (answer == Ledger::Answer::kFits) {
      ledger.Take(ask);
    } else if (answer == Ledger::Answer::kComputeFull) {
      full.insert(ask.compute);
    } else {
      return "waits behind " + Plural(static_cast<int>(position), "job") +
             " in the queue; the first of them, " + ask.job + ", " +
             Sentence(cluster, ask, ledger, answer);
    }
  }
  return Sentence(cluster, wanted, ledger, ledger.Ask(wanted));
}

}  // namespace lazurite::scheduler
