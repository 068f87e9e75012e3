// Control groups of the kernel (cgroup v1 and v2): what the processes of an attempt may have
// together, what they had, and a sure way to end all of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lazurite {

// Where the kernel shows its groups, and to which this process belongs; tests have others.
struct GroupPlaces {
  std::string root = "/sys/fs/cgroup";
  std::string own = "/proc/self/cgroup";
};

struct GroupLimits {
  int64_t memory_bytes = 0;  // of all processes together, swap included; 0 = no limit
  // How its share of the cores compares with others' when all of them want some. Nothing is taken
  // away while nobody else wants it.
  int cores = 1;
};

// Moves this process to the group where it is already: no change, but the kernel goes through it as
// through any move. kUnavailable where this process's group is not shown or not to be written.
Status StayInOwnGroup(const GroupPlaces& places);

// A group with a part for each rank.
class ControlGroup final {
 public:
  enum class Kind : unsigned char { kV1, kV2 };

  // The name of an attempt's group.
  static std::string NameOf(const std::string& attempt_folder);
  // Makes it below this process's own group, or below the nearest one above that lets it.
  // kUnavailable: no group can be made here, and why. What is left of an earlier one of the name is
  // ended and removed first.
  static Result<ControlGroup> Make(const GroupPlaces& places, const std::string& name, size_t parts,
                                   const GroupLimits& limits);
  // A group that was made earlier, by its folders.
  explicit ControlGroup(std::vector<std::string> folders);

  std::string_view kind() const;  // "cgroup v1"
  const std::vector<std::string>& folders() const { return folders_; }

  // The calling process, and all it will start, belong to that part from now on. Calls nothing that
  // a child of a process with several threads must not call but for memory.
  Status Enter(size_t part) const;
  // Bytes that all of it had at most, page cache included; 0 if the kernel does not tell.
  int64_t Peak() const;
  int64_t PeakOf(size_t part) const;
  // How many processes the kernel has ended here for want of memory.
  int64_t KillsForMemory() const;
  int64_t KillsForMemoryOf(size_t part) const;
  // SIGKILL to all that is in it, once.
  void Kill() const;
  bool IsEmpty() const;
  // Fine if it is gone. kUnavailable: something is still in it.
  Status Remove() const;

 private:
  std::string PartOf(const std::string& folder, size_t part) const;

  Kind kind_ = Kind::kV2;
  std::vector<std::string> folders_;  // the first has the memory
};

}  // namespace lazurite
