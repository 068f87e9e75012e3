#include "app/cli/in_place.h"
#include "app/cli/job_names.h"
#include "app/cli/job_summary.h"
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
  Json view = ViewOf(noun, *resource);
  const Json* uri = resource->At("properties.dataUri");
  if (uri != nullptr && uri->is_string() && spec::IsServerPath(uri->string())) {
    const Result<Json> manifest = GetManifest(*server, *resource, true);
    if (manifest.ok()) view["in_place"] = *manifest;
  }
  return context.Print(view, ViewOf(noun));
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
  const Result<Json> live = GetLiveJob(*server, name);
  if (!live.ok() && live.status().code() != Code::kNotFound) return live.status();
  Json view = ViewOf(noun, resource);
  if (!live.ok()) return context.Print(view, ViewOf(noun));
  const std::string form = context.arguments.Get("--output");
  const bool has_query = context.arguments.Has("--query");
  if ((form.empty() || form == "table") && !has_query) {
    WriteOut(DescribeJob(context.terminal, view, *live));
    return {};
  }
  // One row for a program keeps az's columns.
  if (form != "tsv" || has_query) view["lazurite"] = ExtrasOf(*live);
  return context.Print(view, ViewOf(noun));
}

}  // namespace lazurite::cli
