#include "engine/scheduler/placement.h"

#include <algorithm>

#include "base/text.h"
#include "engine/scheduler/ledger.h"

namespace lazurite::scheduler {
namespace {

constexpr std::string_view kLocal = "local";

// Cores that nobody waits for are better used than left idle; they are lent for the whole of a
// job's life.
void LendIdle(int slots_idle, size_t waiting, std::vector<Placed>& placed) {
  const int part =
      waiting == 0 && !placed.empty() ? slots_idle / static_cast<int>(placed.size()) : 0;
  for (Placed& one : placed) one.cpus = one.slots + std::max(0, part);
}

std::vector<std::string> NotesOf(const Cluster& cluster, const Ask& ask,
                                 const std::vector<std::string>& gpus) {
  std::vector<std::string> notes = CutsOf(cluster, ask);
  const int seats = cluster.machine.seats_per_gpu;
  if (seats > 1 && !gpus.empty()) {
    notes.push_back("the job shares GPU " + Join(gpus, ", ") + " with up to " +
                    std::to_string(seats - 1) + (seats == 2 ? " other" : " others") +
                    " ([compute] gpu_fractions = " + std::to_string(seats) +
                    "); its memory is not divided");
  }
  return notes;
}

// Running jobs in the order in which they are ended for others: least weight first, then youngest.
std::vector<const Held*> Victims(const Cluster& cluster, const Ask& head) {
  std::vector<const Held*> victims;
  for (const Held& held : cluster.running) {
    if (held.ask.is_spot && !held.is_ending && HasMoreWeight(head, held.ask)) {
      victims.push_back(&held);
    }
  }
  const Time never = Time::max();
  std::stable_sort(victims.begin(), victims.end(), [&](const Held* a, const Held* b) {
    if (HasMoreWeight(a->ask, b->ask) != HasMoreWeight(b->ask, a->ask)) {
      return HasMoreWeight(b->ask, a->ask);
    }
    return a->started.value_or(never) > b->started.value_or(never);
  });
  return victims;
}

}  // namespace

std::string ComputeKey(std::string_view workspace, std::string_view compute) {
  if (compute == kLocal || compute.empty()) return std::string(kLocal);
  return std::string(workspace) + "/" + std::string(compute);
}

std::string_view ComputeName(std::string_view key) { return key.substr(key.find('/') + 1); }

bool HasMoreWeight(const Ask& a, const Ask& b) {
  if (a.is_spot != b.is_spot) return b.is_spot;
  return a.priority > b.priority;
}

std::vector<Placed> Place(const Cluster& cluster, const std::vector<Ask>& queue) {
  Walk walk(cluster);
  std::vector<Placed> placed;
  for (const Ask& ask : queue) {
    if (walk.IsOver()) break;
    Walk::Step step = walk.Next(ask);
    if (step.answer != Walk::Answer::kPlaced) continue;
    std::vector<std::string> notes = NotesOf(cluster, ask, step.gpus);
    placed.push_back({.job = ask.job,
                      .slots = step.need.slots,
                      .memory_bytes = step.need.memory_bytes,
                      .gpus = std::move(step.gpus),
                      .cpus = step.need.slots,
                      .notes = std::move(notes),
                      .attempt = ask.attempt + 1});
  }
  LendIdle(walk.ledger().slots_free(), queue.size() - placed.size(), placed);
  return placed;
}

std::vector<Preemption> Preempt(const Cluster& cluster, const std::vector<Ask>& queue) {
  const bool has_spot = std::any_of(cluster.running.begin(), cluster.running.end(),
                                    [](const Held& held) { return held.ask.is_spot; });
  if (!has_spot) return {};
  Walk walk(cluster);
  for (const Ask& ask : queue) {
    walk.Next(ask);
    if (walk.head() != nullptr) break;
  }
  if (walk.head() == nullptr) return {};
  // What it needs is not known.
  if (cluster.machine.is_looking && WantsGpus(cluster, *walk.head())) return {};
  const Need need = NeedOf(cluster, *walk.head());
  Ledger later = walk.ledger();
  for (const Held& held : cluster.running) {
    if (held.is_ending) later.GiveBack(held);
  }
  std::vector<const Held*> chosen;
  for (const Held* victim : Victims(cluster, *walk.head())) {
    if (!later.ShortageOf(need).any()) break;
    later.GiveBack(*victim);
    chosen.push_back(victim);
  }
  if (later.ShortageOf(need).any()) return {};
  // Some may hold only what is not missing.
  std::vector<Preemption> names;
  for (const Held* victim : chosen) {
    Ledger without = later;
    without.Hold(*victim);
    if (without.ShortageOf(need).any()) {
      names.push_back({victim->ask.job, walk.head()->job});
    } else {
      later = without;
    }
  }
  return names;
}

}  // namespace lazurite::scheduler
