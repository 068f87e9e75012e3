// POST …/checkEnvironment: what would become of an environment, without storing or building it.
#include "api/arm/environment_check.h"

#include "spec/environment_finder.h"
#include "spec/environment_reader.h"

namespace lazurite::arm {
namespace {

Json FindingJson(const EnvironmentFinding& finding) {
  return Json(Json::Object{{"target", finding.target.empty() ? std::string("properties")
                                                             : "properties." + finding.target},
                           {"message", finding.message},
                           {"suggestion", finding.suggestion}});
}

Json CheckJson(const EnvironmentCheck& check) {
  Json problems = Json::MakeArray();
  Json warnings = Json::MakeArray();
  for (const EnvironmentFinding& finding : check.findings) {
    (finding.code == Code::kOk ? warnings : problems).Push(FindingJson(finding));
  }
  Json notes = Json::MakeArray();
  for (const std::string& note : check.notes) notes.Push(note);
  return Json(Json::Object{{"problems", std::move(problems)},
                           {"warnings", std::move(warnings)},
                           {"notes", std::move(notes)}});
}

Task<Result<Response>> PostCheck(const ApiContext& context, Request& request) {
  const Scope scope = ScopeOf(request);
  Result<Json> body = co_await ReadBody(request);
  if (!body.ok()) co_return body.status();
  const Json& properties = (*body)["properties"];
  const std::string reference = properties.GetString("environmentId");
  EnvironmentSpec spec;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    TRY(CheckWorkspace(transaction, scope));
    if (reference.empty()) return {};
    ASSIGN_OR_RETURN(spec, spec::FindEnvironment(transaction, scope.workspace, reference));
    return {};
  };
  const Status found = co_await Read(*context.database, work);
  if (!found.ok()) co_return found;
  if (reference.empty()) {
    CO_ASSIGN_OR_RETURN(spec, spec::ReadEnvironment("", "", properties));
  }
  EnvironmentCheck check;
  const std::function<void()> look = [&context, &spec, &check] {
    check = context.check_environment(spec);
  };
  co_await context.loop->Blocking(look);
  co_return Response::OfJson(200, CheckJson(check));
}

}  // namespace

std::vector<Status> ProblemsOf(const EnvironmentCheck& check, std::string_view where) {
  std::vector<Status> out;
  for (const EnvironmentFinding& finding : check.findings) {
    if (finding.code == Code::kOk) continue;
    std::string text(where);
    if (where.empty())
      text = finding.target.empty() ? "properties" : "properties." + finding.target;
    text += ": " + finding.message;
    if (!finding.suggestion.empty()) text += "; " + finding.suggestion;
    out.push_back(InvalidArgument(std::move(text)));
  }
  return out;
}

std::vector<Status> CheckVersion(const ApiContext& context, std::string_view name,
                                 std::string_view version, const Json& properties) {
  const Result<EnvironmentSpec> spec = spec::ReadEnvironment(name, version, properties);
  if (!spec.ok()) return {};
  return ProblemsOf(context.check_environment(*spec), "");
}

void AddEnvironmentCheckRoute(Router& router, const ApiContext& context) {
  router.Post(kWorkspace + "/checkEnvironment", Answering(context, PostCheck));
}

}  // namespace lazurite::arm
