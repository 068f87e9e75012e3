#include "app/cli/job_names.h"
#include "app/cli/noun.h"
#include "app/cli/verbs.h"
#include "base/text.h"
#include "spec/document.h"
#include "spec/problem.h"
#include "spec/rest.h"

namespace lazurite::cli {
namespace {

void Merge(Json& into, const Json& from) {
  if (!into.is_object() || !from.is_object()) {
    into = from;
    return;
  }
  for (const auto& [key, value] : from.object()) Merge(into[key], value);
}

// What --set and the flags ask for, as a partial REST body.
Result<Json> ReadChanges(Context& context, const Noun& noun, const Json& now) {
  spec::LoadOptions options;
  options.noun = noun.word;
  for (const FieldFlag& field : noun.fields) {
    if (field.flag == "--name" || !context.arguments.Has(field.flag)) continue;
    options.overrides.push_back(
        {std::string(field.field), context.arguments.Get(field.flag), std::string(field.flag)});
  }
  for (const std::string& text : context.arguments.All("--set")) {
    ASSIGN_OR_RETURN(spec::Override set, spec::ParseOverride(text));
    options.overrides.push_back(std::move(set));
  }
  if (options.overrides.empty())
    return InvalidArgument("nothing to change: pass --set FIELD=VALUE");
  const std::string type = ViewOf(noun, now).GetString("type");
  const spec::Loaded loaded =
      spec::LoadDocument(type.empty() ? "" : "type: " + type + "\n", options);
  // The rest of the document is on the server: only what the flags say is looked at.
  std::vector<spec::Problem> problems;
  for (const spec::Problem& problem : loaded.problems) {
    if (problem.file.starts_with("--")) problems.push_back(problem);
  }
  if (!problems.empty()) {
    context.details = spec::RenderProblems(problems, "");
    return InvalidArgument("the changes are not valid");
  }
  return spec::ToRest(loaded.kind, loaded.value);
}

}  // namespace

Status RunUpdate(Context& context) {
  const Noun& noun = NounOf(context);
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  std::string target;
  if (noun.word == "job") {
    ASSIGN_OR_RETURN(const std::string name, FindNamedJob(context, *server));
    target = TargetOf(*server, noun, name);
  } else if (noun.is_versioned) {
    ASSIGN_OR_RETURN(const VersionedName found, FindVersion(context, *server, noun));
    target = TargetOf(*server, noun, found.name, found.version);
  } else {
    std::string name = context.OptionalName();
    if (name.empty() && noun.collection.empty()) name = server->settings().scope.workspace;
    if (name.empty()) return context.Name().status();
    target = TargetOf(*server, noun, name);
  }
  const Result<Json> resource = server->Get(target);
  if (!resource.ok()) return Explained(context, resource.status(), noun, context.OptionalName());
  ASSIGN_OR_RETURN(const Json changes, ReadChanges(context, noun, *resource));
  // A job's PATCH takes what changes; everything else is PUT whole.
  Json body = *resource;
  if (noun.word == "job") body = Json::MakeObject();
  Merge(body, changes);
  ASSIGN_OR_RETURN(const Json updated,
                   noun.word == "job" ? server->Patch(target, body) : server->Put(target, body));
  return context.Print(ViewOf(noun, updated), ViewOf(noun));
}

}  // namespace lazurite::cli
