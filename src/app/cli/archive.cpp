#include "app/cli/job_names.h"
#include "app/cli/noun.h"
#include "app/cli/verbs.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

// The resource that is meant: a job, one version, or (without --version) the asset with all of
// them.
Result<std::string> FindTarget(Context& context, Server& server, const Noun& noun) {
  if (!noun.is_versioned) {
    ASSIGN_OR_RETURN(const std::string name, FindNamedJob(context, server));
    return TargetOf(server, noun, name);
  }
  ASSIGN_OR_RETURN(const std::string name, context.Name());
  const bool is_one = context.arguments.Has("--version") || context.arguments.Has("--label") ||
                      name.find_first_of(":@") != std::string::npos;
  if (!is_one) return TargetOf(server, noun, name);
  ASSIGN_OR_RETURN(const VersionedName found, FindVersion(context, server, noun));
  return TargetOf(server, noun, found.name, found.version);
}

Status SetArchived(Context& context, bool is_archived) {
  const Noun& noun = NounOf(context);
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(const std::string target, FindTarget(context, *server, noun));
  Json change = Json::MakeObject();
  change.Set("properties.isArchived", is_archived);
  if (!noun.is_versioned) return server->Patch(target, change).status();
  Result<Json> resource = server->Get(target);
  if (!resource.ok()) return Explained(context, resource.status(), noun, context.OptionalName());
  resource->Set("properties.isArchived", is_archived);
  return server->Put(target, *resource).status();
}

}  // namespace

Status RunArchive(Context& context) { return SetArchived(context, true); }
Status RunRestore(Context& context) { return SetArchived(context, false); }

}  // namespace lazurite::cli
