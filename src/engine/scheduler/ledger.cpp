#include "engine/scheduler/ledger.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace lazurite::scheduler {
namespace {

// What a job that passes the head is taken to spend on its environment and data, and on its end.
// Nothing ends one that takes longer to prepare (docs/shares.md).
constexpr Duration kAroundRanksMax{std::chrono::seconds(90)};

const ComputeShape* ShapeFor(const Cluster& cluster, const Ask& ask) {
  const auto found = cluster.computes.find(ask.compute);
  return found == cluster.computes.end() ? nullptr : &found->second;
}

// Of one instance, before the machine's size is looked at.
Share WantedShare(const Cluster& cluster, const Ask& ask) {
  const ComputeShape* shape = ShapeFor(cluster, ask);
  Share share = shape != nullptr ? shape->instance : SizeShare(ask.size).value_or(Share());
  if (ask.wish.cpus) share.cpus = ask.wish.cpus;
  if (ask.wish.memory_bytes) share.memory_bytes = ask.wish.memory_bytes;
  if (ask.wish.gpus) share.gpus = ask.wish.gpus;
  return share;
}

int CountIn(const std::map<std::string, int>& counts, const std::string& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

std::string Plural(int64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string WhoAsks(const Cluster& cluster, const Ask& ask) {
  const ComputeShape* shape = ShapeFor(cluster, ask);
  if (shape == nullptr) return ask.size.empty() ? "the job" : "the job (" + ask.size + ")";
  std::string name = "compute " + std::string(ComputeName(ask.compute));
  return shape->size.empty() ? name : name + " (" + shape->size + ")";
}

}  // namespace

bool WantsGpus(const Cluster& cluster, const Ask& ask) {
  return WantedShare(cluster, ask).gpus.value_or(0) > 0;
}

Need NeedOf(const Cluster& cluster, const Ask& ask) {
  const Machine& machine = cluster.machine;
  const Share share = WantedShare(cluster, ask);
  const int64_t instances = std::max(1, ask.instances);
  Need need;
  const int64_t slots = instances * std::max(1, share.cpus.value_or(1));
  need.slots = static_cast<int>(std::min<int64_t>(std::max(1, machine.slots), slots));
  const int64_t memory = std::min(share.memory_bytes.value_or(0), machine.memory_bytes);
  need.memory_bytes = std::min(memory * instances, machine.memory_bytes);
  int64_t gpus = std::max(0, share.gpus.value_or(0));
  // What only the name of a size asks for is cut to what there is; a wish is not.
  if (!ask.wish.gpus) {
    gpus = std::min(gpus, static_cast<int64_t>(machine.gpus.size()) / instances);
  }
  need.gpus = static_cast<int>(std::min<int64_t>(gpus * instances, kShareGpusMax));
  return need;
}

std::vector<std::string> CutsOf(const Cluster& cluster, const Ask& ask) {
  const Machine& machine = cluster.machine;
  const Share share = WantedShare(cluster, ask);
  const Need need = NeedOf(cluster, ask);
  const int64_t instances = std::max(1, ask.instances);
  const std::string who = WhoAsks(cluster, ask);
  std::vector<std::string> cuts;
  const auto cut = [&](const std::string& asked, const std::string& has, const std::string& gets) {
    cuts.push_back(who + " asks for " + asked + "; this machine has " + has + ", the job gets " +
                   gets);
  };
  if (const int64_t asked = instances * share.cpus.value_or(1); asked > need.slots) {
    cut(Plural(asked, "core"), Plural(machine.slots, "core"), Plural(need.slots, "core"));
  }
  const int64_t memory = share.memory_bytes.value_or(0);
  if (memory > 0 && memory > need.memory_bytes / instances) {
    cut(FormatBytes(memory) + " of memory" + (instances > 1 ? " for each instance" : ""),
        FormatBytes(machine.memory_bytes), FormatBytes(need.memory_bytes));
  }
  if (const int64_t asked = instances * share.gpus.value_or(0); asked > need.gpus) {
    cut(Plural(asked, "GPU"), std::to_string(machine.gpus.size()), std::to_string(need.gpus));
  }
  return cuts;
}

Ledger::Ledger(const Cluster& cluster)
    : slots_free_(cluster.machine.slots - cluster.machine.slots_elsewhere),
      memory_free_(cluster.machine.memory_bytes - cluster.machine.memory_elsewhere) {
  for (const Device& device : cluster.machine.gpus) {
    const int seats = cluster.machine.seats_per_gpu - device.seats_elsewhere;
    seats_.push_back({&device, device.holder.empty() ? seats : 0});
  }
  for (const Held& held : cluster.running) Hold(held);
}

void Ledger::Count(const Held& held, int sign) {
  slots_free_ -= sign * held.slots;
  memory_free_ -= sign * held.memory_bytes;
  instances_[held.ask.compute] += sign * std::max(1, held.ask.instances);
  jobs_[held.ask.user] += sign;
  for (const std::string& gpu : held.gpus) {
    for (Seats& seats : seats_) {
      // One that others hold as well has no seats to give.
      if (seats.device->name == gpu && seats.device->holder.empty()) seats.free -= sign;
    }
  }
}

int Ledger::gpus_free() const {
  return static_cast<int>(
      std::count_if(seats_.begin(), seats_.end(), [](const Seats& one) { return one.free > 0; }));
}

int Ledger::instances_of(const std::string& compute) const { return CountIn(instances_, compute); }
int Ledger::jobs_of(const std::string& user) const { return CountIn(jobs_, user); }

Shortage Ledger::ShortageOf(const Need& need) const {
  return {.slots = need.slots > slots_free_,
          .memory = need.memory_bytes > 0 && need.memory_bytes > memory_free_,
          .gpus = need.gpus > 0 && need.gpus > gpus_free()};
}

void Ledger::Take(const Ask& ask, const Need& need, std::vector<std::string>* gpus) {
  slots_free_ -= need.slots;
  memory_free_ -= need.memory_bytes;
  instances_[ask.compute] += std::max(1, ask.instances);
  ++jobs_[ask.user];
  if (need.gpus == 0) return;
  // The emptiest first, so that jobs share a GPU only when they must.
  std::vector<Seats*> order;
  for (Seats& seats : seats_) {
    if (seats.free > 0) order.push_back(&seats);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const Seats* a, const Seats* b) { return a->free > b->free; });
  order.resize(std::min(order.size(), static_cast<size_t>(need.gpus)));
  // Given out in the machine's order.
  std::sort(order.begin(), order.end());
  for (Seats* seats : order) {
    --seats->free;
    if (gpus != nullptr) gpus->push_back(seats->device->name);
  }
}

Walk::Answer Walk::LimitOf(const Ask& ask, const Need& need) const {
  const Machine& machine = cluster_.machine;
  const bool is_unknown = machine.is_looking && WantsGpus(cluster_, ask);
  if (!is_unknown && need.gpus > static_cast<int>(machine.gpus.size())) return Answer::kNever;
  const ComputeShape* shape = ShapeFor(cluster_, ask);
  if (shape != nullptr && shape->instances_max) {
    const int in_use = ledger_.instances_of(ask.compute);
    if (*shape->instances_max == 0) return Answer::kComputeOff;
    // A job larger than its compute runs alone on it.
    const bool is_full = in_use > 0 && in_use + std::max(1, ask.instances) > *shape->instances_max;
    if (is_full) return Answer::kComputeFull;
  }
  const int most = cluster_.running_per_user_max;
  if (most > 0 && ledger_.jobs_of(ask.user) >= most) return Answer::kUserFull;
  return is_unknown ? Answer::kLooking : Answer::kPlaced;
}

// What the head waits for stays for it: for each kind that it is short of, nothing is taken; of the
// others its part is left. Or the job is over before the head can start.
bool Walk::MayPass(const Ask& ask, const Need& need) const {
  const bool leaves_slots =
      !head_shortage_.slots && need.slots <= ledger_.slots_free() - head_need_.slots;
  const bool leaves_memory = need.memory_bytes == 0 ||
                             (!head_shortage_.memory &&
                              need.memory_bytes <= ledger_.memory_free() - head_need_.memory_bytes);
  const bool leaves_gpus = need.gpus == 0 || (!head_shortage_.gpus &&
                                              need.gpus <= ledger_.gpus_free() - head_need_.gpus);
  if (leaves_slots && leaves_memory && leaves_gpus) return true;
  if (!head_starts_ || !ask.timeout) return false;
  return cluster_.now + *ask.timeout + kAroundRanksMax <= *head_starts_;
}

void Walk::SetHead(const Ask& ask, const Step& step) {
  // A driver that may never answer holds up nobody else for ever.
  if (head_ != nullptr || (step.answer == Answer::kLooking && cluster_.machine.is_silent)) return;
  head_ = &ask;
  head_need_ = step.need;
  head_shortage_ = step.shortage;
  // The driver may answer at any time.
  if (step.answer != Answer::kLooking) FindStart(step.need);
}

// When the timeouts of those who run have surely made room, if they do.
void Walk::FindStart(const Need& need) {
  std::vector<std::pair<Time, const Held*>> ends;
  for (const Held& held : cluster_.running) {
    if (held.started && held.ask.timeout) {
      ends.emplace_back(*held.started + *held.ask.timeout, &held);
    }
  }
  std::sort(ends.begin(), ends.end());
  Ledger later = ledger_;
  for (const auto& [time, held] : ends) {
    later.GiveBack(*held);
    if (later.ShortageOf(need).any()) continue;
    head_starts_ = time;
    return;
  }
}

Walk::Answer Walk::RoomFor(const Ask& ask, Step& step) const {
  step.shortage = ledger_.ShortageOf(step.need);
  if (step.shortage.any()) return Answer::kShort;
  if (head_ != nullptr && !MayPass(ask, step.need)) return Answer::kBehindHead;
  const bool is_unknown = cluster_.machine.is_asking && step.need.gpus > 0;
  return is_unknown ? Answer::kLooking : Answer::kPlaced;
}

Walk::Step Walk::Next(const Ask& ask) {
  Step step;
  step.need = NeedOf(cluster_, ask);
  if (computes_full_.contains(ask.compute) || users_full_.contains(ask.user)) {
    step.answer = Answer::kBehindOwn;
    return step;
  }
  step.answer = LimitOf(ask, step.need);
  if (step.answer == Answer::kComputeFull) computes_full_.insert(ask.compute);
  if (step.answer == Answer::kUserFull) users_full_.insert(ask.user);
  if (step.answer == Answer::kPlaced) step.answer = RoomFor(ask, step);
  if (step.answer == Answer::kLooking) step.shortage.gpus = true;
  if (step.answer == Answer::kLooking || step.answer == Answer::kShort) SetHead(ask, step);
  if (step.answer != Answer::kPlaced) return step;
  ledger_.Take(ask, step.need, &step.gpus);
  return step;
}

}  // namespace lazurite::scheduler
