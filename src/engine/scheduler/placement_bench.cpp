// How long the scheduler thinks: 1 000 queued jobs placed (aim: 10 ms), and all of them explained.
#include <chrono>
#include <cstdio>

#include "engine/scheduler/placement.h"

namespace lazurite::scheduler {
namespace {

constexpr int kJobs = 1000;
constexpr int kRounds = 50;

Cluster MachineWith(int slots, int gpus) {
  Cluster cluster{.machine = {.slots = slots}, .computes = {}, .running = {}};
  for (int i = 0; i < gpus; ++i) cluster.machine.gpus.push_back({.name = std::to_string(i)});
  for (int i = 0; i < 4; ++i) {
    cluster.computes["default/c" + std::to_string(i)] = {.instances_max = kJobs};
  }
  return cluster;
}

std::vector<Ask> Queue() {
  std::vector<Ask> queue;
  for (int i = 0; i < kJobs; ++i) {
    Ask ask{.job = "job-" + std::to_string(i), .compute = "default/c" + std::to_string(i % 4)};
    ask.user = "user-" + std::to_string(i % 7);
    if (i % 5 == 0) ask.wish.gpus = 1;
    queue.push_back(std::move(ask));
  }
  return queue;
}

template <typename Work>
void Show(const char* what, Work work) {
  double best = 1e9;
  size_t result = 0;
  for (int i = 0; i < kRounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    result = work();
    const std::chrono::duration<double, std::milli> spent =
        std::chrono::steady_clock::now() - begin;
    best = std::min(best, spent.count());
  }
  std::printf("%-44s %8.2f ms  (%zu)\n", what, best, result);
}

void Run() {
  const std::vector<Ask> queue = Queue();
  const Cluster large = MachineWith(2 * kJobs, 256);
  Show("1000 jobs placed, all fit", [&] { return Place(large, queue).size(); });
  const Cluster small = MachineWith(64, 8);
  Show("1000 jobs looked at, a machine of 64 and 8", [&] { return Place(small, queue).size(); });
  Show("1000 jobs explained", [&] { return ExplainAll(small, queue).size(); });
}

}  // namespace
}  // namespace lazurite::scheduler

int main() { lazurite::scheduler::Run(); }
