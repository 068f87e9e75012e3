#include "app/cli/environment_check.h"

#include "app/cli/server_problems.h"
#include "spec/rest.h"

namespace lazurite::cli {
namespace {

// The properties to ask about; null if the document has no environment.
Json Question(const Server& server, const Draft& draft) {
  const Json& value = draft.loaded.value;
  if (draft.loaded.kind == "environment") return BodyOf(server, draft)["properties"];
  if (draft.loaded.kind != "commandJob" || value.Find("environment") == nullptr) return {};
  if (const auto inside = spec::TakeInlineEnvironment(value)) {
    return *inside->body.Find("properties");
  }
  const Json body = BodyOf(server, draft);
  const Json* id = body.At("properties.environmentId");
  if (id == nullptr || !id->is_string()) return {};
  return Json(Json::Object{{"environmentId", *id}});
}

// Whether the answer speaks of an environment that is written in the document.
bool IsInside(const Draft& draft) {
  const Json* environment = draft.loaded.value.Find("environment");
  return draft.loaded.kind == "commandJob" && environment != nullptr && environment->is_object();
}

std::vector<spec::Problem> Findings(const Draft& draft, const Json& answer,
                                    std::string_view member) {
  std::vector<spec::Problem> out;
  const Json* findings = answer.Find(member);
  if (findings == nullptr || !findings->is_array()) return out;
  const bool is_reference = draft.loaded.kind == "commandJob" && !IsInside(draft);
  for (const Json& finding : findings->array()) {
    const std::string target =
        is_reference ? "properties.environmentId" : finding.GetString("target");
    out.push_back(ProblemOf(draft, IsInside(draft) ? Part::kEnvironment : Part::kWhole, target,
                            finding.GetString("message")));
    const std::string suggestion = finding.GetString("suggestion");
    if (!suggestion.empty()) out.back().suggestion = suggestion;
    out.back().is_warning = member == "warnings";
  }
  return out;
}

std::vector<std::string> Notes(const Json& answer) {
  std::vector<std::string> out;
  const Json* notes = answer.Find("notes");
  if (notes == nullptr || !notes->is_array()) return out;
  for (const Json& note : notes->array()) out.push_back(PlainText(note));
  return out;
}

Status Refuse(Context& context, const Draft& draft, const std::vector<spec::Problem>& problems) {
  context.details = RenderAll(problems, draft.loaded.file, draft.text);
  return InvalidArgument(draft.loaded.file + " asks for an environment that cannot be had");
}

}  // namespace

Result<std::vector<std::string>> CheckEnvironment(Context& context, const Draft& draft,
                                                  bool is_dry) {
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  Json question = Question(*server, draft);
  if (question.is_null()) return std::vector<std::string>();
  Json body = Json::MakeObject();
  body["properties"] = std::move(question);
  const Result<Json> answer = server->Post(server->Workspace("checkEnvironment"), body);
  if (answer.status().code() == Code::kUnavailable && is_dry) {
    context.terminal.Note(
        "no server answers: what only it knows of the environment is not checked");
    return std::vector<std::string>();
  }
  const bool is_refused =
      answer.status().code() == Code::kNotFound || answer.status().code() == Code::kInvalidArgument;
  if (is_refused) {
    const Part part = IsInside(draft) ? Part::kEnvironment : Part::kWhole;
    const std::string target =
        draft.loaded.kind == "commandJob" && !IsInside(draft) ? "properties.environmentId" : "";
    return Refuse(context, draft, {ProblemOf(draft, part, target, answer.status().text())});
  }
  if (!answer.ok()) return answer.status();
  std::vector<spec::Problem> problems = Findings(draft, *answer, "problems");
  const std::vector<spec::Problem> warnings = Findings(draft, *answer, "warnings");
  if (!problems.empty()) {
    problems.insert(problems.end(), warnings.begin(), warnings.end());
    return Refuse(context, draft, problems);
  }
  if (!warnings.empty() && !context.terminal.is_quiet) {
    WriteErr(RenderAll(warnings, draft.loaded.file, draft.text));
  }
  return Notes(*answer);
}

}  // namespace lazurite::cli
