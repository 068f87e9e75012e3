// MLflow's calls as operations inside a transaction, in tables: routes and the replay of kept calls
// use the same ones.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/mlflow/fields.h"
#include "base/clock.h"
#include "base/http/message.h"
#include "base/id.h"
#include "domain/workspace/resource_id.h"
#include "engine/tracking/tracking.h"
#include "storage/sql/database.h"

namespace lazurite::mlflow {

// What one call works with.
struct Call {
  Transaction& transaction;
  const Fields& fields;  // body or query, with the path's parameters
  IdSource& ids;
  Time now;
  tracking::Writer writer;
  std::string user;  // who calls
  // Of the tracking URI; for a job its own.
  std::string workspace{kDefaultWorkspace};
  ModelStore models{workspace};

  // The experiment that the call names, or the workspace's default one; kNotFound also for another
  // workspace's.
  Result<int64_t> ExperimentId() const;
  // Those that are asked for and belong to the workspace.
  Result<std::vector<int64_t>> ExperimentIds() const;
  // kNotFound if the call names a run or a logged model of another workspace.
  Status CheckScope() const;
  // kPermissionDenied for a job's token: `what` is for people, "delete experiments".
  Status OnlyForPeople(std::string_view what) const;
};

// Gives the answer's message.
using Operation = Result<Json> (*)(Call& call);

struct Route {
  std::string_view method;
  std::string_view path;  // below /api/2.0/mlflow and /ajax-api/2.0/mlflow
  bool is_write;
  Operation run;
  // False for what a job may ask of its own runs only: then its workspace need not be found out.
  bool in_workspace = true;
};

// The workspace that the request's path names; that of the job whose token it carries; else the one
// that is always there. kNotFound.
Result<std::string> WorkspaceOf(Transaction& transaction, const Request& request);

// What stands before MLflow's own paths: "/api/2.0", and the same below the tracking URI of a
// workspace, as Azure writes it.
std::vector<std::string> ApiPrefixes();

// Each file of operations has a table.
std::span<const Route> ExperimentOperations();
std::span<const Route> RunOperations();
std::span<const Route> LogOperations();
std::span<const Route> HistoryOperations();
std::span<const Route> LoggedModelOperations();
std::span<const Route> RegisteredModelOperations();
std::span<const Route> ModelVersionOperations();

// The operation of LogOperations behind a whole path, "/api/2.0/mlflow/runs/log-metric"; nullptr if
// there is none.
const Route* FindLogOperation(std::string_view path);

}  // namespace lazurite::mlflow
