#include "app/cli/environment_check.h"

#include <algorithm>

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

bool IsRefusal(const Status& status) {
  return status.code() == Code::kNotFound || status.code() == Code::kInvalidArgument;
}

// The server would not look at the environment: there is none of that name, or it is no
// environment.
spec::Problem RefusedWhole(const Draft& draft, const Status& status) {
  const Part part = IsInside(draft) ? Part::kEnvironment : Part::kWhole;
  const bool is_reference = draft.loaded.kind == "commandJob" && !IsInside(draft);
  return ProblemOf(draft, part, is_reference ? "properties.environmentId" : "", status.text());
}

Result<Json> Ask(Server& server, Json question) {
  Json body = Json::MakeObject();
  body["properties"] = std::move(question);
  return server.Post(server.Workspace("checkEnvironment"), body);
}

// What of a faulty document the server can be asked about: its environment alone, without a conda
// file that could not be read.
Draft Readable(const Draft& draft) {
  Draft out = draft;
  const bool is_job = draft.loaded.kind == "commandJob";
  if (is_job) {
    out.loaded.value = Json::MakeObject();
    const Json* own = draft.loaded.value.Find("environment");
    if (own != nullptr) out.loaded.value["environment"] = *own;
  }
  Json* environment = is_job ? out.loaded.value.Find("environment") : &out.loaded.value;
  if (environment == nullptr || !environment->is_object()) return out;
  const Json* conda = environment->Find("conda_file");
  if (conda != nullptr && !conda->is_object()) environment->Erase("conda_file");
  // Of an empty one the document's own rules say what is missing.
  const bool has_content = environment->Find("image") != nullptr ||
                           environment->Find("build") != nullptr ||
                           environment->Find("conda_file") != nullptr;
  if (!has_content) out.loaded.value = Json::MakeObject();
  return out;
}

bool IsToldAlready(const std::vector<spec::Problem>& problems, const spec::Problem& found) {
  return std::any_of(problems.begin(), problems.end(), [&](const spec::Problem& problem) {
    return problem.file == found.file && problem.line == found.line &&
           found.message.ends_with(problem.message);
  });
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
  const Result<Json> answer = Ask(*server, std::move(question));
  if (answer.status().code() == Code::kUnavailable && is_dry) {
    context.terminal.Note(
        "no server answers: what only it knows of the environment is not checked");
    return std::vector<std::string>();
  }
  if (IsRefusal(answer.status())) {
    // Nothing of the document's is to blame for a workspace that is not there.
    TRY(CheckWorkspace(context, *server));
    return Refuse(context, draft, {RefusedWhole(draft, answer.status())});
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

void AddEnvironmentProblems(Context& context, const Draft& draft,
                            std::vector<spec::Problem>& problems) {
  const Draft asked = Readable(draft);
  if (asked.loaded.value.object().empty()) return;
  const Result<Server*> server = context.Connect();
  if (!server.ok()) return;
  Json question = Question(**server, asked);
  if (question.is_null()) return;
  const Result<Json> answer = Ask(**server, std::move(question));
  const bool is_refused = IsRefusal(answer.status());
  if (is_refused && (*server)->Get((*server)->Workspace("")).ok()) {
    problems.push_back(RefusedWhole(asked, answer.status()));
  }
  if (!answer.ok()) return;
  for (const std::string_view member : {"problems", "warnings"}) {
    for (spec::Problem& found : Findings(asked, *answer, member)) {
      if (!IsToldAlready(problems, found)) problems.push_back(std::move(found));
    }
  }
}

}  // namespace lazurite::cli
