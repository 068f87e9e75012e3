#include "app/cli/job_names.h"
#include "app/cli/noun.h"
#include "app/cli/verbs.h"
#include "base/text.h"

namespace lazurite::cli {

Status RunShowVersion(Context& context) {
  const Noun& noun = NounOf(context);
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(const VersionedName found, FindVersion(context, *server, noun));
  const Result<Json> resource = server->Get(TargetOf(*server, noun, found.name, found.version));
  if (!resource.ok()) return Explained(context, resource.status(), noun, found.name, found.version);
  return context.Print(ViewOf(noun, *resource), ViewOf(noun));
}

Status RunShowResource(Context& context) {
  const Noun& noun = NounOf(context);
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  std::string name = context.OptionalName();
  // `az ml workspace show` means the one in use.
  if (name.empty() && noun.collection.empty()) name = server->settings().scope.workspace;
  if (name.empty()) return context.Name().status();
  const Result<Json> resource = server->Get(TargetOf(*server, noun, name));
  if (!resource.ok()) return Explained(context, resource.status(), noun, name);
  return context.Print(ViewOf(noun, *resource), ViewOf(noun));
}

Status RunShowJob(Context& context) {
  const Noun& noun = NounOf(context);
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(const std::string name, FindNamedJob(context, *server));
  ASSIGN_OR_RETURN(const Json resource, server->Get(TargetOf(*server, noun, name)));
  if (context.arguments.Has("--web")) {
    const Json* page = resource.At("properties.services.Studio.endpoint");
    if (page != nullptr) context.terminal.Note(PlainText(*page));
  }
  return context.Print(ViewOf(noun, resource), ViewOf(noun));
}

}  // namespace lazurite::cli
