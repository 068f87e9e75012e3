// Logged models: what log_model makes, before (and whether or not) it is registered. Every function
// works inside the caller's transaction. Messages are MLflow's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "domain/run/run.h"
#include "storage/sql/database.h"

namespace lazurite {

// What is said of a model that is not there.
Status MissingLoggedModel(std::string_view id);

class LoggedModelStore final {
 public:
  // Makes a model (status PENDING) in an active experiment; its id and artifact address are made
  // up.
  Result<LoggedModel> Create(Transaction& transaction, const LoggedModel& model, IdSource& ids,
                             Time now) const;
  // With params, tags and metrics. kNotFound, also if it is deleted.
  Result<LoggedModel> Load(Transaction& transaction, std::string_view id) const;
  // True if there is such a model, but in another workspace.
  Result<bool> IsElsewhere(Transaction& transaction, std::string_view id,
                           std::string_view workspace) const;
  Status SetStatus(Transaction& transaction, std::string_view id, LoggedModelStatus status,
                   Time now) const;
  Status LogParams(Transaction& transaction, std::string_view id,
                   const std::vector<KeyValue>& params) const;
  Status SetTags(Transaction& transaction, std::string_view id,
                 const std::vector<KeyValue>& tags) const;
  Status DeleteTag(Transaction& transaction, std::string_view id, std::string_view key) const;
  Status Delete(Transaction& transaction, std::string_view id, Time now) const;
  // All that are not deleted in these experiments, the last made first.
  Result<std::vector<LoggedModel>> List(Transaction& transaction,
                                        const std::vector<int64_t>& experiments) const;
};

}  // namespace lazurite
