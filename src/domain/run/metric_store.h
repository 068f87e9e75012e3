// Metric points of runs: their histories (the series store), the latest of each key, and what they
// say about logged models. Every function works inside the caller's transaction.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/run/run.h"
#include "storage/sql/database.h"

namespace lazurite {

// A piece of a history, and where the next one starts (0 = that was all).
struct MetricPage {
  std::vector<Metric> metrics;
  int64_t next = 0;
};

class MetricStore final {
 public:
  // Most points one page can hold.
  static constexpr int kPageMax = 50000;

  // Adds points that have been checked (CheckMetric). The same point again changes nothing.
  // Infinities are kept as the largest doubles, as MLflow does.
  Status Append(Transaction& transaction, std::string_view run,
                const std::vector<Metric>& metrics) const;
  // Points of one metric in (timestamp, step, value) order from `cursor` (0 = from the start), at
  // most `limit`.
  Result<MetricPage> History(Transaction& transaction, std::string_view run, std::string_view key,
                             int64_t cursor, int limit) const;
  // All points of one metric, at most `points_max`.
  Result<std::vector<Metric>> WholeHistory(Transaction& transaction, std::string_view run,
                                           std::string_view key, size_t points_max) const;
};

}  // namespace lazurite
