// What the processes of a job may have of the machine together, and by what that is held to.
#pragma once

#include <optional>
#include <string>

#include "domain/attempt/attempt.h"
#include "domain/attempt/control_group.h"

namespace lazurite::runner {

// By a control group of the kernel's where one can be made. It counts all processes of the job
// together, tells when the kernel ended one of them for want of memory, and lets none escape. Else
// by limits of each process (RLIMIT_DATA: memory that a process has for itself and may write), a
// poor substitute: they know nothing of the others, and of a program that ends by them it cannot be
// told for sure why.
class Limits final {
 public:
  explicit Limits(const AttemptSpec& spec)
      : memory_bytes_(spec.memory_bytes), cores_(std::max(spec.slots, 1)) {}
  ~Limits() { End(); }
  Limits(const Limits&) = delete;
  Limits& operator=(const Limits&) = delete;

  // Makes room for that many ranks.
  void Begin(const AttemptChannel& channel, size_t ranks, const GroupPlaces& places = {});

  // "cgroup v1", "cgroup v2", "rlimit", "none".
  std::string_view how() const;
  int64_t memory_bytes() const { return memory_bytes_; }  // 0 = no limit
  // One line for system_logs.
  std::string Sentence() const;
  Json ToJson() const;

  // In a rank's process before it becomes the program. Not OK: what holds it is less than `how`
  // says.
  Status Enter(size_t rank) const;
  // The kernel has ended a process of the job for want of memory. False where nobody knows.
  bool HasRunOut() const;
  // It is known of this job, and not only of the machine.
  bool is_counted() const { return group_.has_value(); }
  // Whether HasRunOut has to be asked now and then: a rank may outlive one of its processes.
  bool is_watched() const { return group_.has_value() && memory_bytes_ > 0; }
  // After HasRunOut: the rank of which a process was ended; of several the one that had the most.
  size_t RankThatRanOut() const;
  // What ran out, for a person, and which rank it was.
  std::string WhatRanOut() const;
  // Something to add to the message of a rank that failed, or "".
  std::string Hint(int64_t rss_max_bytes) const;
  int64_t Peak() const { return group_ ? group_->Peak() : 0; }
  int64_t PeakOf(size_t rank) const { return group_ ? group_->PeakOf(rank) : 0; }
  // SIGKILL to all of the job.
  void Kill() const;
  // Ends what is left and removes the group.
  void End();

 private:
  Status EnterRlimit() const;

  const int64_t memory_bytes_;
  const int cores_;
  std::optional<ControlGroup> group_;
  size_t ranks_ = 1;
  std::string why_no_group_;
};

}  // namespace lazurite::runner
