#include "api/mlflow/operations.h"
#include "api/mlflow/wire.h"
#include "domain/run/filter.h"
#include "domain/run/logged_model_store.h"
#include "domain/run/run_store.h"

namespace lazurite::mlflow {
namespace {

constexpr int64_t kSearchModelsPreset = 50;
constexpr int64_t kSearchModelsMax = 1000;
constexpr size_t kParamsMax = 100;
const LoggedModelStore kModels;

Result<std::string> WritableModel(const Call& call) {
  ASSIGN_OR_RETURN(std::string id, call.fields.RequiredText("model_id"));
  TRY(tracking::CheckMayWriteModel(call.transaction, id, call.writer));
  return id;
}

Status CheckParams(const std::vector<KeyValue>& params) {
  if (params.size() <= kParamsMax) return {};
  return InvalidArgument("A model can be given at most " + std::to_string(kParamsMax) +
                         " params in one request. Got " + std::to_string(params.size()) +
                         ". Please split them across multiple requests and try again.");
}

Result<Json> Create(Call& call) {
  LoggedModel model;
  ASSIGN_OR_RETURN(model.experiment, call.ExperimentId());
  ASSIGN_OR_RETURN(model.name, call.fields.Text("name"));
  ASSIGN_OR_RETURN(model.model_type, call.fields.Text("model_type"));
  ASSIGN_OR_RETURN(model.source_run, call.fields.Text("source_run_id"));
  ASSIGN_OR_RETURN(model.params, call.fields.Pairs("params"));
  TRY(CheckParams(model.params));
  ASSIGN_OR_RETURN(model.tags, call.fields.Pairs("tags"));
  if (!model.source_run.empty() && call.writer.is_job()) {
    TRY(tracking::GetWritable(call.transaction, model.source_run, call.writer).status());
  }
  ASSIGN_OR_RETURN(const LoggedModel made,
                   kModels.Create(call.transaction, model, call.ids, call.now));
  return Wrap("model", ToJson(made));
}

Result<Json> Get(Call& call) {
  ASSIGN_OR_RETURN(const std::string id, call.fields.RequiredText("model_id"));
  ASSIGN_OR_RETURN(const LoggedModel model, kModels.Load(call.transaction, id));
  return Wrap("model", ToJson(model));
}

Result<LoggedModelStatus> StatusField(const Call& call) {
  const auto number = call.fields.Int("status");
  if (number.ok() && *number && **number >= 0 && **number <= 3) {
    return static_cast<LoggedModelStatus>(**number);
  }
  ASSIGN_OR_RETURN(const std::string text, call.fields.RequiredText("status"));
  const auto status = ParseLoggedModelStatus(text);
  if (!status) return InvalidValue("status", Json(text));
  return *status;
}

Result<Json> Finalize(Call& call) {
  ASSIGN_OR_RETURN(const std::string id, WritableModel(call));
  ASSIGN_OR_RETURN(const LoggedModelStatus status, StatusField(call));
  TRY(kModels.SetStatus(call.transaction, id, status, call.now));
  return Get(call);
}

Result<Json> Delete(Call& call) {
  ASSIGN_OR_RETURN(const std::string id, WritableModel(call));
  TRY(kModels.Delete(call.transaction, id, call.now));
  return Json::MakeObject();
}

Result<Json> SetTags(Call& call) {
  ASSIGN_OR_RETURN(const std::string id, WritableModel(call));
  ASSIGN_OR_RETURN(const auto tags, call.fields.Pairs("tags"));
  TRY(kModels.SetTags(call.transaction, id, tags));
  return Json::MakeObject();
}

Result<Json> DeleteTag(Call& call) {
  ASSIGN_OR_RETURN(const std::string id, WritableModel(call));
  ASSIGN_OR_RETURN(const std::string key, call.fields.RequiredText("tag_key"));
  TRY(kModels.DeleteTag(call.transaction, id, key));
  return Json::MakeObject();
}

Result<Json> LogParams(Call& call) {
  ASSIGN_OR_RETURN(const std::string id, WritableModel(call));
  ASSIGN_OR_RETURN(const auto params, call.fields.Pairs("params"));
  TRY(CheckParams(params));
  TRY(kModels.LogParams(call.transaction, id, params));
  return Json::MakeObject();
}

const FilterSubject& Subject() {
  static const FilterSubject subject = {
      .attributes = {{"name", false, true},
                     {"model_id", false, true},
                     {"model_type", false, true},
                     {"status", false, true},
                     {"source_run_id", false, true},
                     {"creation_timestamp", true, false, {"creation_time"}},
                     {"last_updated_timestamp", true, false, {"last_updated_time"}}},
      .has_metrics = true,
      .has_params = true};
  return subject;
}

// A dataset that scopes the clauses on metrics; an empty digest means any.
struct Scope {
  std::string name;
  std::string digest;
};

bool IsInScope(const Metric& metric, const std::vector<Scope>& scopes) {
  if (scopes.empty()) return true;
  return std::any_of(scopes.begin(), scopes.end(), [&metric](const Scope& scope) {
    return metric.dataset_name == scope.name &&
           (scope.digest.empty() || metric.dataset_digest == scope.digest);
  });
}

FilterValue AttributeOf(const LoggedModel& model, std::string_view key) {
  if (key == "name") return {{}, model.name};
  if (key == "model_id") return {{}, model.id};
  if (key == "model_type") return {{}, model.model_type};
  if (key == "source_run_id") return {{}, model.source_run};
  if (key == "creation_timestamp") return {static_cast<double>(model.created_ms), {}};
  if (key == "last_updated_timestamp") return {static_cast<double>(model.modified_ms), {}};
  std::string status(ToText(model.status));
  return {{}, status.substr(std::string_view("LOGGED_MODEL_").size())};
}

FilterLookup LookupOf(const LoggedModel& model, const std::vector<Scope>& scopes) {
  return [&model, &scopes](FilterEntity entity, std::string_view key) -> FilterValue {
    if (entity == FilterEntity::kAttribute) return AttributeOf(model, key);
    if (entity == FilterEntity::kMetric) {
      for (const Metric& metric : model.metrics) {
        if (metric.key == key && IsInScope(metric, scopes)) return {metric.value, {}};
      }
      return {};
    }
    const auto& pairs = entity == FilterEntity::kTag ? model.tags : model.params;
    const std::string* value = FindValue(pairs, key);
    return value == nullptr ? FilterValue{} : FilterValue{{}, *value};
  };
}

Result<std::vector<Scope>> ScopesOf(const Call& call) {
  ASSIGN_OR_RETURN(const auto datasets, call.fields.Objects("datasets"));
  std::vector<Scope> scopes;
  for (const Fields& fields : datasets) {
    Scope scope;
    ASSIGN_OR_RETURN(scope.name, fields.RequiredText("dataset_name"));
    ASSIGN_OR_RETURN(scope.digest, fields.Text("dataset_digest"));
    scopes.push_back(std::move(scope));
  }
  return scopes;
}

// order_by is a list of objects here, each with the datasets that scope it.
struct Order {
  std::vector<OrderBy> by;
  std::vector<Scope> scopes;
};

Result<std::vector<Order>> OrderOf(const Call& call) {
  ASSIGN_OR_RETURN(const auto entries, call.fields.Objects("order_by"));
  std::vector<Order> orders;
  for (const Fields& fields : entries) {
    Order order;
    ASSIGN_OR_RETURN(const std::string name, fields.RequiredText("field_name"));
    ASSIGN_OR_RETURN(const bool is_ascending, fields.Bool("ascending", true));
    ASSIGN_OR_RETURN(order.by, ParseOrderBy({name + (is_ascending ? " ASC" : " DESC")}, Subject()));
    ASSIGN_OR_RETURN(const std::string dataset, fields.Text("dataset_name"));
    ASSIGN_OR_RETURN(const std::string digest, fields.Text("dataset_digest"));
    if (!dataset.empty()) order.scopes.push_back({dataset, digest});
    orders.push_back(std::move(order));
  }
  return orders;
}

bool IsBefore(const LoggedModel& a, const LoggedModel& b, const std::vector<Order>& orders) {
  for (const Order& order : orders) {
    const int compared = CompareBy(order.by, LookupOf(a, order.scopes), LookupOf(b, order.scopes));
    if (compared != 0) return compared < 0;
  }
  return false;
}

Result<Json> Search(Call& call) {
  ASSIGN_OR_RETURN(const int64_t limit,
                   call.fields.MaxResults(kSearchModelsPreset, kSearchModelsMax));
  ASSIGN_OR_RETURN(const std::string token, call.fields.Text("page_token"));
  ASSIGN_OR_RETURN(const int64_t offset, ReadPageToken(token));
  ASSIGN_OR_RETURN(const auto experiments, call.ExperimentIds());
  ASSIGN_OR_RETURN(const std::string text, call.fields.Text("filter"));
  ASSIGN_OR_RETURN(const auto filter, ParseFilter(text, Subject()));
  ASSIGN_OR_RETURN(const std::vector<Scope> scopes, ScopesOf(call));
  ASSIGN_OR_RETURN(const std::vector<Order> orders, OrderOf(call));
  ASSIGN_OR_RETURN(const auto all, kModels.List(call.transaction, experiments));
  std::vector<const LoggedModel*> found;
  for (const LoggedModel& model : all) {
    const bool is_measured =
        std::any_of(model.metrics.begin(), model.metrics.end(),
                    [&scopes](const Metric& metric) { return IsInScope(metric, scopes); });
    if (!scopes.empty() && !is_measured) continue;
    if (Matches(filter, LookupOf(model, scopes))) found.push_back(&model);
  }
  std::stable_sort(found.begin(), found.end(),
                   [&orders](const auto* a, const auto* b) { return IsBefore(*a, *b, orders); });
  Json answer = Json::MakeObject();
  const auto first = static_cast<size_t>(offset);
  const size_t end = std::min(found.size(), first + static_cast<size_t>(limit));
  for (size_t i = first; i < end; ++i) answer["models"].Push(ToJson(*found[i]));
  if (end < found.size()) answer["next_page_token"] = PageToken(static_cast<int64_t>(end));
  return answer;
}

constexpr Route kRoutes[] = {
    {"POST", "/logged-models", true, Create},
    {"POST", "/logged-models/search", false, Search},
    {"GET", "/logged-models/{model_id}", false, Get},
    {"PATCH", "/logged-models/{model_id}", true, Finalize},
    {"DELETE", "/logged-models/{model_id}", true, Delete},
    {"PATCH", "/logged-models/{model_id}/tags", true, SetTags},
    {"DELETE", "/logged-models/{model_id}/tags/{tag_key}", true, DeleteTag},
    {"POST", "/logged-models/{model_id}/params", true, LogParams},
};

}  // namespace

std::span<const Route> LoggedModelOperations() { return kRoutes; }

}  // namespace lazurite::mlflow
