#include "engine/scheduler/mirror.h"

#include "domain/job/place.h"
#include "engine/scheduler/asks.h"

namespace lazurite::scheduler {

void Mirror::Leave(const std::string& job) {
  const auto place = queued.find(job);
  if (place != queued.end()) {
    queue.erase(place->second);
    queued.erase(place);
  }
  running.erase(job);
}

void Mirror::Enter(const Job& job) {
  Leave(job.name);
  const bool has_place = HasPlace(job);
  // What runs without an attempt (a run that plain MLflow made) has no place and wants none.
  if (!has_place && job.state != JobState::kQueued) return;
  Held held = HeldBy(job);
  const auto compute = computes.find(held.ask.compute);
  if (compute != computes.end() && compute->second.is_spot) held.ask.is_spot = true;
  if (has_place) {
    running[job.name] = std::move(held);
    return;
  }
  const Key key{held.ask.is_spot, job.priority, job.sequence};
  queue[key] = std::move(held.ask);
  queued[job.name] = key;
}

std::vector<Held> Mirror::Running() const {
  std::vector<Held> all;
  all.reserve(running.size());
  for (const auto& [job, held] : running) all.push_back(held);
  return all;
}

std::vector<Ask> Mirror::Front(size_t limit) const {
  std::vector<Ask> front;
  for (const auto& [key, ask] : queue) {
    if (front.size() == limit) break;
    front.push_back(ask);
  }
  return front;
}

}  // namespace lazurite::scheduler
