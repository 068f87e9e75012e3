#include "app/cli/job_names.h"

#include "base/text.h"
#include "domain/job/job_state.h"

namespace lazurite::cli {

Result<std::string> FindJob(Context& context, Server& server, const std::string& name) {
  ASSIGN_OR_RETURN(const Json found, server.Get("/lazurite/v1/jobs?prefix=" + UrlEncode(name)));
  std::vector<std::string> names;
  if (const Json* list = found.Find("names"); list != nullptr && list->is_array()) {
    for (const Json& item : list->array()) {
      if (!item.is_string()) continue;
      if (item.string() == name) return name;
      names.push_back(item.string());
    }
  }
  if (names.size() == 1) return names[0];
  if (names.empty()) {
    return context.Fail(NotFound("no job named \"" + name + "\" in workspace \"" +
                                 server.settings().scope.workspace + "\""),
                        "lazurite job list");
  }
  const size_t count = names.size();
  constexpr size_t kShownMax = 10;
  if (count > kShownMax) names.resize(kShownMax);
  return context.Fail(
      InvalidArgument("\"" + name + "\" may be " + std::to_string(count) +
                      " jobs: " + Join(names, ", ") + (count > kShownMax ? ", …" : "")),
      "write more of the name");
}

Result<std::string> FindNamedJob(Context& context, Server& server) {
  const Result<std::string> name = context.Name();
  if (!name.ok()) return context.Fail(name.status(), "lazurite job list");
  return FindJob(context, server, *name);
}

Result<Json> GetLiveJob(Server& server, const std::string& job) {
  return server.Get("/lazurite/v1/jobs/" + UrlEncode(job));
}

Status CancelJob(Server& server, const std::string& job) {
  return server.Post(server.Workspace("jobs/" + UrlEncode(job) + "/cancel"), Json::MakeObject())
      .status();
}

bool IsEnded(const Json& live_job) {
  const Result<JobState> state = ParseJobState(live_job.GetString("state"));
  return state.ok() && IsTerminal(*state);
}

}  // namespace lazurite::cli
