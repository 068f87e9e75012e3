// Which workspace a call works in: what it names must be of that one.
#include <algorithm>

#include "api/mlflow/operations.h"
#include "base/text.h"
#include "domain/run/experiment_store.h"
#include "domain/run/logged_model_store.h"
#include "domain/run/run_store.h"

namespace lazurite::mlflow {
namespace {

const ExperimentStore kExperiments;

Status CheckRun(const Call& call, const std::string& run) {
  ASSIGN_OR_RETURN(const bool is_elsewhere,
                   RunStore().IsElsewhere(call.transaction, run, call.workspace));
  return is_elsewhere ? MissingRun(run) : Status();
}

Status CheckModel(const Call& call, const std::string& model) {
  ASSIGN_OR_RETURN(const bool is_elsewhere,
                   LoggedModelStore().IsElsewhere(call.transaction, model, call.workspace));
  return is_elsewhere ? MissingLoggedModel(model) : Status();
}

// Each text of the field; what is none there the operation itself refuses.
Status CheckTexts(const Call& call, const Fields& fields, std::string_view name,
                  Status (*check)(const Call&, const std::string&)) {
  const auto texts = fields.Texts(name);
  if (!texts.ok()) return {};
  for (const std::string& text : *texts) {
    if (!text.empty()) TRY(check(call, text));
  }
  return {};
}

}  // namespace

Status Call::CheckScope() const {
  for (const std::string_view name : {"run_id", "run_uuid", "run_ids", "source_run_id"}) {
    TRY(CheckTexts(*this, fields, name, CheckRun));
  }
  TRY(CheckTexts(*this, fields, "model_id", CheckModel));
  for (const std::string_view list : {"metrics", "models"}) {
    const auto objects = fields.Objects(list);
    if (!objects.ok()) continue;
    for (const Fields& object : *objects) TRY(CheckTexts(*this, object, "model_id", CheckModel));
  }
  return {};
}

Result<int64_t> Call::ExperimentId() const {
  ASSIGN_OR_RETURN(const int64_t id, fields.ExperimentId());
  if (id == kDefaultExperiment) return kExperiments.FindDefault(transaction, workspace);
  ASSIGN_OR_RETURN(const bool is_elsewhere, kExperiments.IsElsewhere(transaction, id, workspace));
  if (is_elsewhere) return MissingExperiment(id);
  return id;
}

Result<std::vector<int64_t>> Call::ExperimentIds() const {
  ASSIGN_OR_RETURN(const std::vector<int64_t> given, fields.ExperimentIds());
  std::vector<int64_t> ids;
  for (int64_t id : given) {
    if (id == kDefaultExperiment) {
      ASSIGN_OR_RETURN(id, kExperiments.FindDefault(transaction, workspace));
    }
    ASSIGN_OR_RETURN(const bool is_elsewhere, kExperiments.IsElsewhere(transaction, id, workspace));
    const bool is_known = std::find(ids.begin(), ids.end(), id) != ids.end();
    if (!is_elsewhere && !is_known) ids.push_back(id);
  }
  return ids;
}

}  // namespace lazurite::mlflow
