#include <set>

#include "api/mlflow/operations.h"
#include "api/mlflow/wire.h"
#include "base/hash.h"
#include "domain/run/metric_store.h"
#include "domain/run/run_store.h"

namespace lazurite::mlflow {
namespace {

constexpr size_t kBulkRunsMax = 100;
constexpr int64_t kBulkPointsPreset = 2500;
constexpr int64_t kBulkPointsMax = 2500;
constexpr size_t kBulkPointsOfRunMax = 25000;
// A history asked for without a page: a million points are some 80 MB of JSON.
constexpr size_t kWholeHistoryMax = 1000000;
const MetricStore kMetrics;
const RunStore kRuns;

Json ListOf(const std::vector<Metric>& metrics) {
  Json answer = Json::MakeObject();
  if (metrics.empty()) return answer;
  Json::Array list;
  list.reserve(metrics.size());
  for (const Metric& metric : metrics) list.push_back(ToJson(metric));
  answer["metrics"] = std::move(list);
  return answer;
}

// Where the next page of a history starts: the last point of this one.
std::string PointToken(const Point& point) {
  Json token = Json::MakeObject();
  token["timestamp"] = point.timestamp_ms;
  token["step"] = point.step;
  token["value"] = point.value;
  return Base64UrlEncode(token.Dump());
}

Result<PointCursor> ReadPointToken(const std::string& token) {
  if (token.empty()) return PointCursor();
  const Result<std::string> text = Base64Decode(token);
  const Result<Json> json = text.ok() ? Json::Parse(text.value()) : Result<Json>(text.status());
  if (!json.ok()) return InvalidArgument("Invalid page token, could not base64-decode");
  const Fields fields(json.value());
  Point point;
  ASSIGN_OR_RETURN(point.timestamp_ms, fields.RequiredInt("timestamp"));
  ASSIGN_OR_RETURN(point.step, fields.RequiredInt("step"));
  ASSIGN_OR_RETURN(point.value, fields.RequiredDouble("value"));
  return PointCursor(point);
}

Result<Json> GetHistory(Call& call) {
  ASSIGN_OR_RETURN(const std::string run, call.fields.RunId());
  ASSIGN_OR_RETURN(const std::string key, call.fields.RequiredText("metric_key"));
  ASSIGN_OR_RETURN(const std::string token, call.fields.Text("page_token"));
  ASSIGN_OR_RETURN(const auto count, call.fields.Int("max_results"));
  if (count && *count <= 0) {
    return InvalidArgument("Invalid value " + std::to_string(*count) +
                           " for parameter 'max_results' supplied: It must be a positive integer");
  }
  TRY(kRuns.Get(call.transaction, run).status());
  if (!count && token.empty()) {
    ASSIGN_OR_RETURN(const auto all,
                     kMetrics.WholeHistory(call.transaction, run, key, kWholeHistoryMax));
    return ListOf(all);
  }
  ASSIGN_OR_RETURN(const PointCursor after, ReadPointToken(token));
  const int64_t limit =
      std::min<int64_t>(count.value_or(MetricStore::kPageMax), MetricStore::kPageMax);
  ASSIGN_OR_RETURN(const MetricPage page,
                   kMetrics.History(call.transaction, run, key, after, static_cast<int>(limit)));
  Json answer = ListOf(page.metrics);
  if (page.next) answer["next_page_token"] = PointToken(*page.next);
  return answer;
}

// What a bulk request asks for.
struct Bulk {
  std::vector<std::string> runs;
  std::string key;
  std::optional<int64_t> start;
  std::optional<int64_t> end;
  int64_t count = kBulkPointsPreset;
};

Status CheckRuns(const std::vector<std::string>& runs) {
  if (runs.empty()) {
    return InvalidArgument("GetMetricHistoryBulk request must specify at least one run_id.");
  }
  if (runs.size() <= kBulkRunsMax) return {};
  return InvalidArgument("GetMetricHistoryBulk request cannot specify more than " +
                         std::to_string(kBulkRunsMax) + " run_ids. Received " +
                         std::to_string(runs.size()) + " run_ids.");
}

Status CheckSteps(const Bulk& bulk) {
  if (bulk.start.has_value() != bulk.end.has_value()) {
    return InvalidArgument(
        "If either start step or end step are specified, both must be specified.");
  }
  if (!bulk.start || *bulk.start <= *bulk.end) return {};
  return InvalidArgument(
      "end_step must be greater than start_step. Found start_step=" + std::to_string(*bulk.start) +
      " and end_step=" + std::to_string(*bulk.end) + ".");
}

Result<Bulk> BulkOf(const Call& call) {
  Bulk bulk;
  ASSIGN_OR_RETURN(bulk.runs, call.fields.Texts("run_ids"));
  if (bulk.runs.empty()) return call.fields.RequiredText("run_ids").status();
  if (bulk.runs.size() > kBulkRunsMax) {
    return InvalidArgument("GetMetricHistoryBulkInterval request must specify at most " +
                           std::to_string(kBulkRunsMax) + " run_ids. Received " +
                           std::to_string(bulk.runs.size()) + " run_ids.");
  }
  ASSIGN_OR_RETURN(bulk.key, call.fields.RequiredText("metric_key"));
  ASSIGN_OR_RETURN(bulk.start, call.fields.Int("start_step"));
  ASSIGN_OR_RETURN(bulk.end, call.fields.Int("end_step"));
  TRY(CheckSteps(bulk));
  ASSIGN_OR_RETURN(const auto count, call.fields.Int("max_results"));
  bulk.count = count.value_or(kBulkPointsPreset);
  if (bulk.count >= 1 && bulk.count <= kBulkPointsMax) return bulk;
  return InvalidArgument("max_results must be between 1 and " + std::to_string(kBulkPointsMax) +
                         ", got " + std::to_string(bulk.count) + ".");
}

// The steps that are shown: evenly spread over those that were logged, and the ends of each run.
std::set<int64_t> PickSteps(const Bulk& bulk, const std::vector<std::vector<Metric>>& histories) {
  std::set<int64_t> logged;
  std::set<int64_t> ends;
  for (const std::vector<Metric>& history : histories) {
    if (history.empty()) continue;
    const auto [least, most] =
        std::minmax_element(history.begin(), history.end(),
                            [](const Metric& a, const Metric& b) { return a.step < b.step; });
    ends.insert({least->step, most->step});
    for (const Metric& metric : history) logged.insert(metric.step);
  }
  std::vector<int64_t> steps;
  std::set<int64_t> picked;
  const auto is_inside = [&bulk](int64_t step) {
    return !bulk.start || (step >= *bulk.start && step <= *bulk.end);
  };
  std::copy_if(logged.begin(), logged.end(), std::back_inserter(steps), is_inside);
  std::copy_if(ends.begin(), ends.end(), std::inserter(picked, picked.end()), is_inside);
  const auto count = static_cast<size_t>(bulk.count);
  if (steps.size() <= count) {
    picked.insert(steps.begin(), steps.end());
    return picked;
  }
  const double stride = static_cast<double>(steps.size()) / static_cast<double>(count);
  for (size_t i = 0; i < count; ++i) {
    picked.insert(steps[static_cast<size_t>(static_cast<double>(i) * stride)]);
  }
  picked.insert(steps.back());
  return picked;
}

Result<Json> GetBulkInterval(Call& call) {
  ASSIGN_OR_RETURN(const Bulk bulk, BulkOf(call));
  std::vector<std::vector<Metric>> histories;
  for (const std::string& run : bulk.runs) {
    ASSIGN_OR_RETURN(auto history,
                     kMetrics.WholeHistory(call.transaction, run, bulk.key, kWholeHistoryMax));
    histories.push_back(std::move(history));
  }
  const std::set<int64_t> steps = PickSteps(bulk, histories);
  std::vector<Metric> shown;
  for (size_t i = 0; i < histories.size(); ++i) {
    std::vector<Metric> of_run;
    for (Metric& metric : histories[i]) {
      if (steps.count(metric.step) == 0) continue;
      metric.run = bulk.runs[i];
      of_run.push_back(std::move(metric));
    }
    std::stable_sort(of_run.begin(), of_run.end(),
                     [](const Metric& a, const Metric& b) { return a.step < b.step; });
    if (of_run.size() > kBulkPointsOfRunMax) of_run.resize(kBulkPointsOfRunMax);
    shown.insert(shown.end(), std::make_move_iterator(of_run.begin()),
                 std::make_move_iterator(of_run.end()));
  }
  return ListOf(shown);
}

Result<Json> GetBulk(Call& call) {
  ASSIGN_OR_RETURN(std::vector<std::string> runs, call.fields.Texts("run_id"));
  TRY(CheckRuns(runs));
  ASSIGN_OR_RETURN(const std::string key, call.fields.Text("metric_key"));
  if (key.empty()) {
    return InvalidArgument("GetMetricHistoryBulk request must specify a metric_key.");
  }
  ASSIGN_OR_RETURN(const auto asked, call.fields.Int("max_results"));
  const auto count = static_cast<size_t>(std::clamp<int64_t>(
      asked.value_or(kBulkPointsOfRunMax), 0, static_cast<int64_t>(kBulkPointsOfRunMax)));
  std::sort(runs.begin(), runs.end());
  std::vector<Metric> shown;
  for (const std::string& run : runs) {
    ASSIGN_OR_RETURN(auto history,
                     kMetrics.WholeHistory(call.transaction, run, key, count - shown.size()));
    for (Metric& metric : history) {
      metric.run = run;
      shown.push_back(std::move(metric));
    }
  }
  return ListOf(shown);
}

constexpr Route kRoutes[] = {
    {"GET", "/metrics/get-history", false, GetHistory},
    {"GET", "/metrics/get-history-bulk-interval", false, GetBulkInterval},
    {"GET", "/metrics/get-history-bulk", false, GetBulk},
};

}  // namespace

std::span<const Route> HistoryOperations() { return kRoutes; }

}  // namespace lazurite::mlflow
