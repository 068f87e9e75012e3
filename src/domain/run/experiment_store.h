// Experiments: what runs are grouped by. Every function works inside the caller's transaction.
// Messages are MLflow's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/run/run.h"
#include "storage/sql/database.h"

namespace lazurite {

// What is said of an experiment that is not there.
Status MissingExperiment(int64_t id);

class ExperimentStore final {
 public:
  // Makes an experiment in its workspace; an empty location becomes "mlflow-artifacts:/<id>".
  // kConflict if the name is taken there, also by a deleted one.
  Result<int64_t> Create(Transaction& transaction, const Experiment& experiment, Time now) const;
  // The id of the workspace's experiment called `name`, made or restored if need be.
  Result<int64_t> GetOrCreate(Transaction& transaction, std::string_view workspace,
                              std::string_view name, Time now) const;
  // The id of the experiment for whoever names none, which is there from the workspace's beginning.
  Result<int64_t> GetOrCreateDefault(Transaction& transaction, std::string_view workspace,
                                     Time now) const;
  // Its id; kNotFound in a workspace that is not there.
  Result<int64_t> FindDefault(Transaction& transaction, std::string_view workspace) const;
  // The experiment with its tags. kNotFound.
  Result<Experiment> Get(Transaction& transaction, int64_t id) const;
  // True if there is such an experiment, but in another workspace.
  Result<bool> IsElsewhere(Transaction& transaction, int64_t id, std::string_view workspace) const;
  Result<std::optional<Experiment>> FindByName(Transaction& transaction, std::string_view workspace,
                                               std::string_view name) const;
  // kFailedPrecondition if it is deleted; kConflict if the name is taken.
  Status Rename(Transaction& transaction, int64_t id, std::string_view name, Time now) const;
  // Marks it and all its runs as deleted, or as active again.
  Status SetDeleted(Transaction& transaction, int64_t id, bool is_deleted, Time now) const;
  Status SetTag(Transaction& transaction, int64_t id, const KeyValue& tag, Time now) const;
  Status DeleteTag(Transaction& transaction, int64_t id, std::string_view key, Time now) const;
  // All of the workspace with their tags, the last made first.
  Result<std::vector<Experiment>> List(Transaction& transaction, std::string_view workspace) const;
  // kNotFound if there is none, kInvalidArgument if it is deleted.
  Status CheckActive(Transaction& transaction, int64_t id) const;
};

}  // namespace lazurite
