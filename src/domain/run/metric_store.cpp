#include "domain/run/metric_store.h"

#include <cmath>
#include <limits>
#include <map>

#include "domain/run/run_rows.h"

namespace lazurite {
namespace {

const SeriesStore& Series() {
  static const std::unique_ptr<SeriesStore> store = MakeSqliteSeriesStore();
  return *store;
}

double Clamped(double value) {
  constexpr double kMax = std::numeric_limits<double>::max();
  return std::isinf(value) ? std::copysign(kMax, value) : value;
}

Point PointOf(const Metric& metric) {
  return {metric.step, metric.timestamp_ms, Clamped(metric.value)};
}

Metric MetricOf(std::string_view key, const Point& point) {
  Metric metric;
  metric.key = std::string(key);
  metric.value = point.value;
  metric.timestamp_ms = point.timestamp_ms;
  metric.step = point.step;
  return metric;
}

// Replaces the latest point of the key if this one is later: by step, then time, then value; NaN
// beats numbers.
Status PutLatest(Transaction& transaction, std::string_view run, std::string_view key,
                 const Point& point) {
  ASSIGN_OR_RETURN(
      Statement * upsert,
      transaction.Prepare(
          "INSERT INTO run_metrics (run, key, value, timestamp, step) VALUES (?, ?, ?, ?, ?) ON "
          "CONFLICT (run, key) DO UPDATE SET value = excluded.value, timestamp = "
          "excluded.timestamp, step = excluded.step WHERE (excluded.step, excluded.timestamp) > "
          "(run_metrics.step, run_metrics.timestamp) OR ((excluded.step, excluded.timestamp) = "
          "(run_metrics.step, run_metrics.timestamp) AND (excluded.value IS NULL OR "
          "excluded.value > run_metrics.value))"));
  upsert->Bind(1, run).Bind(2, key).Bind(4, point.timestamp_ms).Bind(5, point.step);
  run_rows::BindNumber(*upsert, 3, point.value);
  return upsert->Run();
}

// A point measured on a logged model is the model's too.
Status PutOfModel(Transaction& transaction, std::string_view run, const Metric& metric) {
  ASSIGN_OR_RETURN(
      Statement * insert,
      transaction.Prepare("INSERT OR REPLACE INTO logged_model_metrics (model, key, timestamp, "
                          "step, run, value, dataset_name, dataset_digest) VALUES (?, ?, ?, ?, ?, "
                          "?, ?, ?)"));
  insert->Bind(1, metric.model).Bind(2, metric.key).Bind(3, metric.timestamp_ms);
  insert->Bind(4, metric.step).Bind(5, run);
  run_rows::BindNumber(*insert, 6, Clamped(metric.value));
  return insert->Bind(7, metric.dataset_name).Bind(8, metric.dataset_digest).Run();
}

}  // namespace

Status MetricStore::Append(Transaction& transaction, std::string_view run,
                           const std::vector<Metric>& metrics) const {
  std::vector<SeriesPoint> points;
  points.reserve(metrics.size());
  std::map<std::string_view, Point> latest;
  for (const Metric& metric : metrics) {
    const Point point = PointOf(metric);
    points.push_back({{std::string(run), metric.key, "", ""}, point});
    const auto [place, is_new] = latest.emplace(metric.key, point);
    if (!is_new && EarlierPoint(place->second, point)) place->second = point;
    if (!metric.model.empty()) TRY(PutOfModel(transaction, run, metric));
  }
  TRY(Series().Append(transaction, points));
  for (const auto& [key, point] : latest) TRY(PutLatest(transaction, run, key, point));
  return {};
}

Result<MetricPage> MetricStore::History(Transaction& transaction, std::string_view run,
                                        std::string_view key, const PointCursor& after,
                                        int limit) const {
  const SeriesKey series{std::string(run), std::string(key), "", ""};
  ASSIGN_OR_RETURN(const std::vector<Point> points,
                   Series().Page(transaction, series, after, limit));
  MetricPage page;
  page.metrics.reserve(points.size());
  for (const Point& point : points) page.metrics.push_back(MetricOf(key, point));
  if (points.size() < static_cast<size_t>(limit)) return page;
  ASSIGN_OR_RETURN(const std::vector<Point> more,
                   Series().Page(transaction, series, points.back(), 1));
  if (!more.empty()) page.next = points.back();
  return page;
}

Result<std::vector<Metric>> MetricStore::WholeHistory(Transaction& transaction,
                                                      std::string_view run, std::string_view key,
                                                      size_t points_max) const {
  std::vector<Metric> metrics;
  PointCursor after;
  while (metrics.size() < points_max) {
    const size_t limit = std::min<size_t>(points_max - metrics.size(), kPageMax);
    ASSIGN_OR_RETURN(MetricPage page,
                     History(transaction, run, key, after, static_cast<int>(limit)));
    std::move(page.metrics.begin(), page.metrics.end(), std::back_inserter(metrics));
    if (!page.next) break;
    after = page.next;
  }
  return metrics;
}

Status MetricStore::RemoveRun(Transaction& transaction, std::string_view run) const {
  TRY(Series().RemoveRun(transaction, run));
  ASSIGN_OR_RETURN(Statement * remove,
                   transaction.Prepare("DELETE FROM run_metrics WHERE run = ?"));
  return remove->Bind(1, run).Run();
}

}  // namespace lazurite
