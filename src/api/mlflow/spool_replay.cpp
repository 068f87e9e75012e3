#include "api/mlflow/spool_replay.h"

#include "api/mlflow/operations.h"
#include "base/log.h"
#include "base/worth_waiting.h"

namespace lazurite {
namespace {

Status Apply(Transaction& transaction, const mlflow::Route& route, const SpoolEntry& entry,
             std::string_view job, Time now) {
  ASSIGN_OR_RETURN(const bool is_new, tracking::TakeReplayId(transaction, entry.id, now));
  if (!is_new) return {};
  ASSIGN_OR_RETURN(const Json body, Json::Parse(entry.body));
  const mlflow::Fields fields(body);
  RandomIdSource ids;
  mlflow::Call call{transaction, fields, ids, now, {std::string(job)}, std::string(job)};
  return route.run(call).status();
}

}  // namespace

Result<std::string> ApplySpoolEntry(Database& database, const SpoolEntry& entry,
                                    std::string_view job, Time now) {
  if (!entry.is_readable) return std::string("its line in the spool cannot be read");
  const mlflow::Route* route = mlflow::FindLogOperation(entry.path);
  Status status = NotFound("no logging call lies at " + entry.path);
  if (route != nullptr) {
    status = database.WriteNow(
        [&](Transaction& transaction) { return Apply(transaction, *route, entry, job, now); });
  }
  if (status.ok()) return std::string();
  if (IsWorthWaiting(status)) return std::move(status).With("replaying " + entry.path);
  Log(LogLevel::kWarning, "dropped a logging call that was kept while the server was away",
      {{"job", job}, {"path", entry.path}, {"reason", status.text()}});
  return status.text();
}

}  // namespace lazurite
