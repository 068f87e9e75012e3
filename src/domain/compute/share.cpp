#include "domain/compute/share.h"

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "base/text.h"
#include "sizes_table.h"

namespace lazurite {
namespace {

constexpr std::string_view kPrefix = "standard_";
constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;
constexpr std::string_view kPath = "properties.properties.";

struct Size {
  std::string name;
  Share share;
};

// By lower-case name without the prefix.
const std::map<std::string, Size, std::less<>>& Sizes() {
  static const std::map<std::string, Size, std::less<>> kTable = [] {
    std::map<std::string, Size, std::less<>> table;
    const Result<Json> json = Json::Parse(compute::kSizes);
    LAZURITE_CHECK(json.ok() && json->is_object());
    for (const auto& [name, facts] : json->object()) {
      const std::string low = Lower(name);
      if (!low.starts_with(kPrefix)) continue;  // the row that explains the others
      const Json::Array& row = facts.array();
      Share share;
      share.cpus = static_cast<int>(row[0].int_value());
      share.memory_bytes = static_cast<int64_t>(row[1].double_value() * kGiB);
      share.gpus = row.size() > 2 ? static_cast<int>(row[2].int_value()) : 0;
      table[low.substr(kPrefix.size())] = {name, share};
    }
    return table;
  }();
  return kTable;
}

std::string KeyOf(std::string_view name) {
  std::string low = Lower(Trim(name));
  return low.starts_with(kPrefix) ? low.substr(kPrefix.size()) : low;
}

// A size that means the machine as it is.
bool IsOwnSize(std::string_view name) { return name.empty() || EqualNoCase(name, "local"); }

Result<int> ReadCount(const Json& own, std::string_view key, int least, int most) {
  const Json* value = own.Find(key);
  if (value == nullptr || value->is_null()) return -1;
  if (value->is_int() && value->int_value() >= least && value->int_value() <= most) {
    return static_cast<int>(value->int_value());
  }
  return InvalidArgument(std::string(kPath) + std::string(key) + " is " + value->Dump() +
                         ", expected " + std::to_string(least) + " to " + std::to_string(most));
}

Status ReadOwn(const Json& own, Share& share) {
  ASSIGN_OR_RETURN(const int cpus, ReadCount(own, "cpus", 1, kShareCpusMax));
  ASSIGN_OR_RETURN(const int gpus, ReadCount(own, "gpus", 0, kShareGpusMax));
  if (cpus >= 0) share.cpus = cpus;
  if (gpus >= 0) share.gpus = gpus;
  const Json* memory = own.Find("memory");
  if (memory == nullptr || memory->is_null()) return {};
  if (!memory->is_string()) {
    return InvalidArgument(std::string(kPath) + "memory is " + memory->Dump() +
                           ", expected a number and a unit, such as 16GB or 512MiB");
  }
  Result<int64_t> bytes = ParseMemory(memory->string());
  if (!bytes.ok()) return bytes.status().With(std::string(kPath) + "memory");
  share.memory_bytes = *bytes;
  return {};
}

}  // namespace

std::optional<Share> SizeShare(std::string_view name) {
  const auto found = Sizes().find(KeyOf(name));
  if (found == Sizes().end()) return std::nullopt;
  return found->second.share;
}

std::string NearestSize(std::string_view name) {
  const std::string key = KeyOf(name);
  std::string best;
  int best_distance = std::numeric_limits<int>::max();
  for (const auto& [low, size] : Sizes()) {
    const int distance = EditDistance(key, low);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = size.name;
  }
  // Further away it is another name, not a slip.
  return best_distance <= static_cast<int>(std::max<size_t>(2, key.size() / 2)) ? best : "";
}

Result<int64_t> ParseMemory(std::string_view text) {
  static constexpr auto kUnits =
      std::to_array<std::pair<std::string_view, double>>({{"b", 1},
                                                          {"k", 0x1p10},
                                                          {"ki", 0x1p10},
                                                          {"kib", 0x1p10},
                                                          {"kb", 1e3},
                                                          {"m", 0x1p20},
                                                          {"mi", 0x1p20},
                                                          {"mib", 0x1p20},
                                                          {"mb", 1e6},
                                                          {"g", 0x1p30},
                                                          {"gi", 0x1p30},
                                                          {"gib", 0x1p30},
                                                          {"gb", 1e9},
                                                          {"t", 0x1p40},
                                                          {"ti", 0x1p40},
                                                          {"tib", 0x1p40},
                                                          {"tb", 1e12}});
  const std::string_view trimmed = Trim(text);
  const size_t end = trimmed.find_first_not_of("0123456789.");
  const std::optional<double> number = ParseDouble(trimmed.substr(0, end));
  if (number && end != std::string_view::npos) {
    const std::string unit = Lower(Trim(trimmed.substr(end)));
    for (const auto& [word, factor] : kUnits) {
      const double bytes = *number * factor;
      if (word != unit || bytes < 1 || bytes > static_cast<double>(kShareMemoryMax)) continue;
      return static_cast<int64_t>(std::llround(bytes));
    }
  }
  return InvalidArgument("\"" + std::string(text) +
                         "\" is no size of memory, expected a number and a unit, such as 16GB or "
                         "512MiB");
}

ComputeShape ShapeOf(const Json& properties) {
  ComputeShape shape;
  const Json* own = properties.Find("properties");
  if (own == nullptr || !own->is_object()) return shape;
  shape.size = own->GetString("vmSize");
  if (IsOwnSize(shape.size)) shape.size.clear();
  if (const std::optional<Share> known = SizeShare(shape.size)) shape.instance = *known;
  Share said = shape.instance;
  if (ReadOwn(*own, said).ok()) shape.instance = said;
  const Json* most = own->At("scaleSettings.maxNodeCount");
  if (most != nullptr && most->is_int()) {
    shape.instances_max = static_cast<int>(std::min<int64_t>(
        std::numeric_limits<int>::max(), std::max<int64_t>(0, most->int_value())));
  }
  shape.is_spot = EqualNoCase(own->GetString("vmPriority"), "LowPriority");
  return shape;
}

Status CheckShape(const Json& own) {
  Share said;
  TRY(ReadOwn(own, said));
  const Json* size = own.Find("vmSize");
  if (size == nullptr || size->is_null()) return {};
  if (!size->is_string()) return InvalidArgument("properties.properties.vmSize is not a text");
  const std::string& name = size->string();
  // Who says what an instance has can call it as he likes.
  if (IsOwnSize(name) || SizeShare(name) || said.cpus || said.memory_bytes || said.gpus) return {};
  const std::string nearest = NearestSize(name);
  return InvalidArgument("properties.properties.vmSize is \"" + name +
                         "\", no size of Azure's that is known here" +
                         (nearest.empty() ? "" : "; did you mean " + nearest + "?") +
                         " (with cpus, memory or gpus any name will do)");
}

}  // namespace lazurite
