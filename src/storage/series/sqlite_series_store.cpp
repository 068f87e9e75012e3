#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "storage/series/point.h"
#include "storage/series/series_store.h"

namespace lazurite {
namespace {

using series::DecodeValue;
using series::EncodeValue;

Status CheckCount(std::string_view name, int count, int count_max) {
  if (count >= 1 && count <= count_max) return {};
  return InvalidArgument(std::string(name) + " is " + std::to_string(count) + ", expected 1 to " +
                         std::to_string(count_max));
}

void BindKey(Statement& statement, const SeriesKey& key) {
  statement.Bind(1, key.run).Bind(2, key.metric).Bind(3, key.model).Bind(4, key.dataset);
}

Result<std::optional<int64_t>> FindSeries(Transaction& transaction, const SeriesKey& key) {
  ASSIGN_OR_RETURN(Statement * select,
                   transaction.Prepare("SELECT id FROM series WHERE run = ?1 AND metric = ?2"
                                       " AND model = ?3 AND dataset = ?4"));
  BindKey(*select, key);
  ASSIGN_OR_RETURN(const bool has_row, select->Step());
  std::optional<int64_t> id;
  if (has_row) id = select->Int(0);
  select->Reset();
  return id;
}

// The series' id; made with its first point if need be.
Result<int64_t> TouchSeries(Transaction& transaction, const SeriesKey& key, const Point& first) {
  ASSIGN_OR_RETURN(const std::optional<int64_t> id, FindSeries(transaction, key));
  if (id) return *id;
  ASSIGN_OR_RETURN(Statement * insert,
                   transaction.Prepare("INSERT INTO series (run, metric, model, dataset,"
                                       " latest_step, latest_time, latest_value)"
                                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
  BindKey(*insert, key);
  insert->Bind(5, first.step).Bind(6, first.timestamp_ms).Bind(7, EncodeValue(first.value));
  TRY(insert->Run());
  return transaction.LastInsertId();
}

// What one call brings for one series.
struct Growth {
  int64_t id = 0;
  Point latest;
};

Status SaveLatest(Transaction& transaction, const Growth& growth) {
  ASSIGN_OR_RETURN(
      Statement * update,
      transaction.Prepare("UPDATE series SET latest_step = ?2, latest_time = ?3, latest_value = ?4"
                          " WHERE id = ?1 AND (latest_step, latest_time, latest_value)"
                          " < (?2, ?3, ?4)"));
  const Point& latest = growth.latest;
  update->Bind(1, growth.id).Bind(2, latest.step).Bind(3, latest.timestamp_ms);
  update->Bind(4, EncodeValue(latest.value));
  return update->Run();
}

struct KeyLess {
  bool operator()(const SeriesKey* a, const SeriesKey* b) const {
    return std::tie(a->run, a->metric, a->model, a->dataset) <
           std::tie(b->run, b->metric, b->model, b->dataset);
  }
};

// Collects points into stretches of steps of equal length.
class Thinner {
 public:
  Thinner(std::pair<int64_t, int64_t> steps, int buckets)
      : first_(steps.first),
        buckets_max_(static_cast<uint64_t>(buckets)),
        // Unsigned, for the widest range there is.
        span_(static_cast<uint64_t>(steps.second) - static_cast<uint64_t>(steps.first)) {}

  void Add(const Point& point) {
    const uint64_t distance = static_cast<uint64_t>(point.step) - static_cast<uint64_t>(first_);
    const auto [found, is_new] = buckets_.try_emplace(Index(distance));
    Bucket& bucket = found->second;
    if (is_new) bucket.min = bucket.max = std::numeric_limits<double>::quiet_NaN();
    if (is_new || EarlierPoint(point, bucket.first)) bucket.first = point;
    if (is_new || !EarlierPoint(point, bucket.last)) bucket.last = point;
    // fmin and fmax pass NaN over.
    bucket.min = std::fmin(bucket.min, point.value);
    bucket.max = std::fmax(bucket.max, point.value);
    ++bucket.count;
  }
  std::vector<Bucket> Take() const {
    std::vector<Bucket> out;
    for (const auto& [index, bucket] : buckets_) out.push_back(bucket);
    return out;
  }

 private:
  uint64_t Index(uint64_t distance) const {
    if (span_ < buckets_max_) return distance;
    const uint64_t width = span_ / buckets_max_ + 1;
    return distance / width;
  }

  const int64_t first_;
  const uint64_t buckets_max_;
  const uint64_t span_;
  std::map<uint64_t, Bucket> buckets_;
};

Point ReadPoint(const Statement& row, int first_column) {
  return {.step = row.Int(first_column),
          .timestamp_ms = row.Int(first_column + 1),
          .value = DecodeValue(row.Int(first_column + 2))};
}

class SqliteSeriesStore final : public SeriesStore {
 public:
  Status Append(Transaction& transaction, std::span<const SeriesPoint> points) const override {
    std::map<const SeriesKey*, Growth, KeyLess> growths;
    for (const auto& [key, point] : points) {
      auto growth = growths.find(&key);
      if (growth == growths.end()) {
        ASSIGN_OR_RETURN(const int64_t id, TouchSeries(transaction, key, point));
        growth = growths.emplace(&key, Growth{id, point}).first;
      }
      if (EarlierPoint(growth->second.latest, point)) growth->second.latest = point;
      ASSIGN_OR_RETURN(Statement * insert,
                       transaction.Prepare("INSERT OR IGNORE INTO points"
                                           " (series, time, step, value) VALUES (?1, ?2, ?3, ?4)"));
      insert->Bind(1, growth->second.id).Bind(2, point.timestamp_ms).Bind(3, point.step);
      insert->Bind(4, EncodeValue(point.value));
      TRY(insert->Run());
    }
    for (const auto& [key, growth] : growths) TRY(SaveLatest(transaction, growth));
    return {};
  }

  Result<std::vector<Point>> Page(Transaction& transaction, const SeriesKey& key,
                                  const PointCursor& after, int limit) const override {
    TRY(CheckCount("limit", limit, kPageMax));
    std::vector<Point> points;
    ASSIGN_OR_RETURN(const std::optional<int64_t> id, FindSeries(transaction, key));
    if (!id) return points;
    ASSIGN_OR_RETURN(Statement * select,
                     transaction.Prepare(std::string("SELECT step, time, value FROM points"
                                                     " WHERE series = ?1") +
                                         (after ? " AND (time, step, value) > (?3, ?4, ?5)" : "") +
                                         " ORDER BY time, step, value LIMIT ?2"));
    select->Bind(1, *id).Bind(2, limit);
    if (after) {
      select->Bind(3, after->timestamp_ms).Bind(4, after->step);
      select->Bind(5, EncodeValue(after->value));
    }
    while (true) {
      ASSIGN_OR_RETURN(const bool more, select->Step());
      if (!more) return points;
      points.push_back(ReadPoint(*select, 0));
    }
  }

  Result<std::vector<Bucket>> Thin(Transaction& transaction, const SeriesKey& key,
                                   std::pair<int64_t, int64_t> steps, int buckets) const override {
    TRY(CheckCount("buckets", buckets, kBucketsMax));
    if (steps.first > steps.second) {
      return InvalidArgument("the first step, " + std::to_string(steps.first) +
                             ", is behind the last, " + std::to_string(steps.second));
    }
    Thinner thinner(steps, buckets);
    ASSIGN_OR_RETURN(const std::optional<int64_t> id, FindSeries(transaction, key));
    if (!id) return thinner.Take();
    ASSIGN_OR_RETURN(Statement * select,
                     transaction.Prepare("SELECT step, time, value FROM points"
                                         " WHERE series = ?1 AND step BETWEEN ?2 AND ?3"));
    select->Bind(1, *id).Bind(2, steps.first).Bind(3, steps.second);
    while (true) {
      ASSIGN_OR_RETURN(const bool more, select->Step());
      if (!more) return thinner.Take();
      thinner.Add(ReadPoint(*select, 0));
    }
  }

  Result<std::optional<Point>> Latest(Transaction& transaction,
                                      const SeriesKey& key) const override {
    ASSIGN_OR_RETURN(Statement * select,
                     transaction.Prepare("SELECT latest_step, latest_time, latest_value"
                                         " FROM series WHERE run = ?1 AND metric = ?2"
                                         " AND model = ?3 AND dataset = ?4"));
    BindKey(*select, key);
    ASSIGN_OR_RETURN(const bool has_row, select->Step());
    std::optional<Point> point;
    if (has_row) point = ReadPoint(*select, 0);
    select->Reset();
    return point;
  }

  Result<std::vector<SeriesPoint>> LatestOfRun(Transaction& transaction,
                                               std::string_view run) const override {
    ASSIGN_OR_RETURN(Statement * select,
                     transaction.Prepare("SELECT run, metric, model, dataset, latest_step,"
                                         " latest_time, latest_value FROM series WHERE run = ?1"
                                         " ORDER BY metric, model, dataset"));
    select->Bind(1, run);
    std::vector<SeriesPoint> latest;
    while (true) {
      ASSIGN_OR_RETURN(const bool more, select->Step());
      if (!more) return latest;
      SeriesKey key{select->Text(0), select->Text(1), select->Text(2), select->Text(3)};
      latest.push_back({std::move(key), ReadPoint(*select, 4)});
    }
  }

  Status RemoveRun(Transaction& transaction, std::string_view run) const override {
    for (const std::string_view sql :
         {"DELETE FROM points WHERE series IN (SELECT id FROM series WHERE run = ?1)",
          "DELETE FROM series WHERE run = ?1"}) {
      ASSIGN_OR_RETURN(Statement * remove, transaction.Prepare(sql));
      remove->Bind(1, run);
      TRY(remove->Run());
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<SeriesStore> MakeSqliteSeriesStore() {
  return std::make_unique<SqliteSeriesStore>();
}

}  // namespace lazurite
