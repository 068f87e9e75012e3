// Metric points of runs: their histories (the series store), the latest of each key, and what they
// say about logged models. Every function works inside the caller's transaction.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/run/run.h"
#include "storage/series/series_store.h"
#include "storage/sql/database.h"

namespace lazurite {

// A piece of a history, and where the next one starts (nothing: that was all).
struct MetricPage {
  std::vector<Metric> metrics;
  PointCursor next;
};

class MetricStore final {
 public:
  // Most points one page can hold.
  static constexpr int kPageMax = SeriesStore::kPageMax;

  // Adds points that have been checked (CheckMetric). The same point again changes nothing.
  // Infinities are kept as the largest doubles, as MLflow does.
  Status Append(Transaction& transaction, std::string_view run,
                const std::vector<Metric>& metrics) const;
  // Points of one metric in (timestamp, step, value) order after `after`, at most `limit`.
  Result<MetricPage> History(Transaction& transaction, std::string_view run, std::string_view key,
                             const PointCursor& after, int limit) const;
  // All points of one metric, at most `points_max`.
  Result<std::vector<Metric>> WholeHistory(Transaction& transaction, std::string_view run,
                                           std::string_view key, size_t points_max) const;
  // Removes all points of a run, but those that belong to logged models.
  Status RemoveRun(Transaction& transaction, std::string_view run) const;
};

}  // namespace lazurite
