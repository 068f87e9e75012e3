#include "engine/runner/limits.h"

#include <sys/resource.h>

#include "base/log.h"
#include "base/text.h"

namespace lazurite::runner {
namespace {

// Of its limit a process that failed had so much, in percent, for the limit to be worth a hint.
constexpr int64_t kNearPercent = 80;

}  // namespace

void Limits::Begin(const AttemptChannel& channel, size_t ranks, const GroupPlaces& places) {
  ranks_ = ranks;
  const std::string name = ControlGroup::NameOf(channel.folder());
  Result<ControlGroup> group =
      ControlGroup::Make(places, name, ranks, {.memory_bytes = memory_bytes_, .cores = cores_});
  if (!group.ok()) {
    why_no_group_ = group.status().text();
    return;
  }
  group_ = std::move(group).value();
  // Should this process be lost, the server ends what is in the group.
  const Status told = channel.WriteGroups(group_->folders());
  if (!told.ok()) {
    Log(LogLevel::kWarning, "the job's control group is not written down",
        {{"error", told.text()}});
  }
}

std::string_view Limits::how() const {
  if (group_) return group_->kind();
  return memory_bytes_ > 0 ? "rlimit" : "none";
}

std::string Limits::Sentence() const {
  const std::string memory =
      memory_bytes_ > 0 ? FormatBytes(memory_bytes_) + " of memory" : "memory without a limit";
  const std::string cores = std::to_string(cores_) + (cores_ == 1 ? " core" : " cores");
  if (group_) {
    return memory + " and the weight of " + cores + ", for all processes together, by " +
           std::string(group_->kind()) + " (" + group_->folders().front() + ")";
  }
  if (memory_bytes_ == 0) return "no limits: " + why_no_group_;
  return memory +
         " for each process by itself (RLIMIT_DATA), cores without a limit: " + why_no_group_;
}

Json Limits::ToJson() const {
  Json out = Json::MakeObject();
  out["by"] = std::string(how());
  out["memory_bytes"] = memory_bytes_;
  out["cores"] = cores_;
  return out;
}

Status Limits::EnterRlimit() const {
  if (memory_bytes_ <= 0) return {};
  const auto bytes = static_cast<rlim_t>(memory_bytes_);
  const rlimit limit{bytes, bytes};
  if (setrlimit(RLIMIT_DATA, &limit) == 0) return {};
  return ErrnoStatus("limiting the memory of a process", errno);
}

Status Limits::Enter(size_t rank) const {
  if (!group_) return EnterRlimit();
  Status entered = group_->Enter(rank);
  if (entered.ok()) return {};
  // Better that than nothing.
  (void)EnterRlimit();
  return entered;
}

bool Limits::HasRunOut() const { return group_ && group_->KillsForMemory() > 0; }

size_t Limits::RankThatRanOut() const {
  size_t found = 0;
  std::pair<bool, int64_t> most{false, -1};
  for (size_t rank = 0; rank < ranks_ && group_; ++rank) {
    const std::pair<bool, int64_t> had{group_->KillsForMemoryOf(rank) > 0, group_->PeakOf(rank)};
    if (had <= most) continue;
    most = had;
    found = rank;
  }
  return found;
}

std::string Limits::WhatRanOut() const {
  const std::string who = "rank " + std::to_string(RankThatRanOut());
  const int64_t peak = Peak();
  const std::string had = peak > 0 ? " (it had " + FormatBytes(peak) + " at most)" : "";
  if (memory_bytes_ > 0) {
    return who + " was ended by the kernel: the job needed more than its " +
           FormatBytes(memory_bytes_) + " of memory" + had;
  }
  return who + " was ended by the kernel: the machine ran out of memory" + had;
}

std::string Limits::Hint(int64_t rss_max_bytes) const {
  if (group_ || memory_bytes_ <= 0) return "";
  if (rss_max_bytes < memory_bytes_ / 100 * kNearPercent) return "";
  return "; it may have met its memory limit of " + FormatBytes(memory_bytes_) +
         ", which is set for each process here: it had " + FormatBytes(rss_max_bytes);
}

void Limits::Kill() const {
  if (group_) group_->Kill();
}

void Limits::End() {
  if (!group_) return;
  if (!group_->IsEmpty()) group_->Kill();
  const Status removed = group_->Remove();
  if (!removed.ok()) {
    Log(LogLevel::kWarning, "a control group is left", {{"error", removed.text()}});
  }
  group_.reset();
}

}  // namespace lazurite::runner
