// What one instance of a compute may have of the machine, and the names Azure has for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace lazurite {

// Of one instance. What is not said is absent: a core, no memory of its own, no GPU.
struct Share {
  std::optional<int> cpus;
  std::optional<int64_t> memory_bytes;
  std::optional<int> gpus;
};

inline constexpr int kShareCpusMax = 4096;
inline constexpr int kShareGpusMax = 1024;
inline constexpr int64_t kShareMemoryMax = int64_t{1} << 50;

// Azure's machine of that name ("Standard_NC6s_v3", any case, "Standard_" may be missing); nothing
// if it is not in the table (azure_sizes.json).
std::optional<Share> SizeShare(std::string_view name);
// The name of the table that is most like this one, or "".
std::string NearestSize(std::string_view name);

// "16GB", "512 MiB", "2g": a number and a unit; g, Gi and GiB are 2^30 bytes, GB is 10^9.
// kInvalidArgument says what was expected.
Result<int64_t> ParseMemory(std::string_view text);

// A compute as jobs see it.
struct ComputeShape {
  std::string size{};                  // as it was written, "" if none
  Share instance{};                    // its own fields over those of its size
  std::optional<int> instances_max{};  // absent: as many as the machine has room for
  bool is_spot = false;                // tier low_priority: its jobs give way
};

// Of what a compute's resource keeps in `properties` (what CheckShape accepted; other things in it
// count as not said).
ComputeShape ShapeOf(const Json& properties);

// Looks at vmSize, cpus, memory and gpus of `properties.properties`. kInvalidArgument names the
// member; an unknown size is told with the nearest known one.
Status CheckShape(const Json& own);

}  // namespace lazurite
