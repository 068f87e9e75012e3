// Metric points: series of (step, time, value), one for each run, metric, logged model and dataset.
// Every function works inside the caller's transaction, so that points and what was logged with
// them are durable together.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "storage/sql/database.h"

namespace lazurite {

struct Point {
  int64_t step = 0;
  int64_t timestamp_ms = 0;
  double value = 0;  // NaN and infinities are values like any other
};
// Equal in all three fields; NaN equals NaN.
bool SamePoint(const Point& a, const Point& b);
// By (step, timestamp, value): which of two points is the later one. NaN counts as greater than
// every number.
bool EarlierPoint(const Point& a, const Point& b);

struct SeriesKey {
  std::string run;
  std::string metric;
  std::string model;    // logged model the points belong to, or ""
  std::string dataset;  // dataset they were measured on, or ""
  bool operator==(const SeriesKey&) const = default;
};

struct SeriesPoint {
  SeriesKey key;
  Point point;
};

// Where to go on reading: the last point that was read.
using PointCursor = std::optional<Point>;

// A stretch of steps of a thinned series: what a chart needs to draw a column of pixels truthfully.
struct Bucket {
  Point first, last;
  double min = 0, max = 0;  // of the values that are numbers; NaN if there is none
  int64_t count = 0;
};

// Safe for several threads (it keeps nothing outside the transaction).
class SeriesStore {
 public:
  static constexpr int kPageMax = 100'000;
  static constexpr int kBucketsMax = 10'000;

  virtual ~SeriesStore() = default;
  // Adds points. One that is there already, equal in all three fields, is dropped.
  virtual Status Append(Transaction& transaction, std::span<const SeriesPoint> points) const = 0;
  // Points in (timestamp, step, value) order after `after`, at most `limit` (1 to kPageMax); none
  // of an unknown series.
  virtual Result<std::vector<Point>> Page(Transaction& transaction, const SeriesKey& key,
                                          const PointCursor& after, int limit) const = 0;
  // At most `buckets` (1 to kBucketsMax) stretches of equal length over [step_first, step_last], in
  // order; those without points are left out. Spikes survive in min and max.
  virtual Result<std::vector<Bucket>> Thin(Transaction& transaction, const SeriesKey& key,
                                           std::pair<int64_t, int64_t> steps,
                                           int buckets) const = 0;
  // The latest point by (step, timestamp, value).
  virtual Result<std::optional<Point>> Latest(Transaction& transaction,
                                              const SeriesKey& key) const = 0;
  // The latest point of each series of a run, by metric name.
  virtual Result<std::vector<SeriesPoint>> LatestOfRun(Transaction& transaction,
                                                       std::string_view run) const = 0;
  // Removes all points of a run.
  virtual Status RemoveRun(Transaction& transaction, std::string_view run) const = 0;
};

// Points as rows of the database.
std::unique_ptr<SeriesStore> MakeSqliteSeriesStore();

}  // namespace lazurite
