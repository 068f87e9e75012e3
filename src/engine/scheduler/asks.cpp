#include "engine/scheduler/asks.h"

#include "domain/job/place.h"
#include "spec/job_reader.h"

namespace lazurite::scheduler {
namespace {

std::vector<std::string> TextsOf(const Json* array) {
  std::vector<std::string> texts;
  if (array == nullptr || !array->is_array()) return texts;
  for (const Json& item : array->array()) {
    if (item.is_string()) texts.push_back(item.string());
  }
  return texts;
}

}  // namespace

Ask AskOf(const Job& job) {
  Ask ask{.job = job.name,
          .compute = ComputeKey(job.workspace, job.compute),
          .user = job.created_by,
          .priority = job.priority,
          .attempt = job.attempt};
  const Result<JobSpec> spec = spec::ReadJobSpec(job.properties);
  if (!spec.ok()) return ask;
  ask.instances = spec->instance_count;
  ask.wish = {.cpus = spec->cpus_per_instance,
              .memory_bytes = spec->memory_bytes_per_instance,
              .gpus = spec->gpus_per_instance};
  ask.size = spec->instance_type;
  ask.is_spot = spec->is_spot;
  ask.timeout = spec->timeout;
  return ask;
}

Held HeldBy(const Job& job) {
  Held held{.ask = AskOf(job)};
  held.started = job.started;
  held.is_ending = job.state == JobState::kCancelRequested || !PreemptedBy(job).empty();
  const Json* placement = job.detail.Find("placement");
  if (placement == nullptr) return held;
  held.slots = static_cast<int>(placement->GetInt("slots", 1));
  held.memory_bytes = placement->GetInt("memory_bytes");
  held.gpus = TextsOf(placement->Find("gpus"));
  return held;
}

Json PlacementJson(const Placed& placed) {
  Json json = Json::MakeObject();
  json["slots"] = placed.slots;
  json["cpus"] = placed.cpus;
  json["memory_bytes"] = placed.memory_bytes;
  Json gpus = Json::MakeArray();
  for (const std::string& gpu : placed.gpus) gpus.Push(gpu);
  json["gpus"] = std::move(gpus);
  if (!placed.gpus.empty()) json["gpu_vendor"] = placed.gpu_vendor;
  return json;
}

Placed PlacedAgain(const Job& job) {
  const Held held = HeldBy(job);
  Placed placed{.job = job.name,
                .slots = held.slots,
                .memory_bytes = held.memory_bytes,
                .gpus = held.gpus,
                .cpus = held.slots,
                .attempt = job.attempt};
  if (const Json* placement = job.detail.Find("placement")) {
    placed.cpus = static_cast<int>(placement->GetInt("cpus", held.slots));
    placed.gpu_vendor = placement->GetString("gpu_vendor", "nvidia");
  }
  return placed;
}

}  // namespace lazurite::scheduler
