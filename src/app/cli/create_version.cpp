#include "app/cli/draft.h"
#include "app/cli/environment_check.h"
#include "app/cli/in_place.h"
#include "app/cli/noun.h"
#include "app/cli/server_problems.h"
#include "app/cli/verbs.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

constexpr int kVersionTriesMax = 3;

Result<std::string> NextVersion(Server& server, const Noun& noun, const std::string& name) {
  const Result<Json> container = server.Get(TargetOf(server, noun, name));
  if (container.status().code() == Code::kNotFound) return std::string("1");
  if (!container.ok()) return container.status();
  const Json* next = container->At("properties.nextVersion");
  const std::string version = next == nullptr ? "" : PlainText(*next);
  return version.empty() ? std::string("1") : version;
}

// An environment that is the same as the latest version needs no new one: the server answers 409 if
// it differs.
Result<std::string> LatestVersion(Server& server, const Noun& noun, const std::string& name) {
  const Result<Json> container = server.Get(TargetOf(server, noun, name));
  if (!container.ok()) return std::string();
  const Json* latest = container->At("properties.latestVersion");
  return latest == nullptr ? std::string() : PlainText(*latest);
}

// Two people may ask for the next version at once: who comes second asks again.
Result<Json> PutNext(Server& server, const Noun& noun, const std::string& name, const Json& body) {
  if (noun.word == "environment") {
    ASSIGN_OR_RETURN(const std::string latest, LatestVersion(server, noun, name));
    if (!latest.empty()) {
      Result<Json> same = server.Put(TargetOf(server, noun, name, latest), body);
      if (same.status().code() != Code::kConflict) return same;
    }
  }
  for (int attempt = 1;; ++attempt) {
    ASSIGN_OR_RETURN(const std::string version, NextVersion(server, noun, name));
    Result<Json> created = server.Put(TargetOf(server, noun, name, version), body);
    if (created.status().code() != Code::kConflict || attempt == kVersionTriesMax) return created;
  }
}

// --in-place: the document names the place on the server's machine, and nothing is sent.
Status StayInPlace(Draft& draft) {
  for (const spec::LocalReference& reference : draft.files.references) {
    if (reference.path != "path") continue;
    draft.loaded.value["path"] = "file://" + PathEncode(reference.file);
  }
  draft.files.references.clear();
  const std::string path = draft.Text("path");
  if (spec::IsServerPath(path)) return {};
  return InvalidArgument(
      "--in-place is for a file or folder of the server's machine, and the path is \"" + path +
      "\"; leave --in-place away");
}

// What is used in place, in one line.
void TellInPlace(Context& context, Server& server, const Json& created) {
  const Json* uri = created.At("properties.dataUri");
  if (uri == nullptr || !uri->is_string() || !spec::IsServerPath(uri->string())) return;
  const Result<Json> manifest = GetManifest(server, created, false);
  if (!manifest.ok()) return;
  const int64_t files = manifest->GetInt("files");
  context.terminal.Note(
      "registered " + manifest->GetString("place") + " in place: " + std::to_string(files) +
      (files == 1 ? " file, " : " files, ") + FormatBytes(manifest->GetInt("bytes")) +
      "; nothing was copied, later jobs are told what has changed");
}

}  // namespace

Status RunCreateVersion(Context& context) {
  const Noun& noun = NounOf(context);
  ASSIGN_OR_RETURN(Draft draft, LoadDraft(context, noun.word, noun.fields));
  const std::string name = draft.Text("name");
  const std::string version = draft.Text("version");
  if (name.empty())
    return InvalidArgument("the " + std::string(noun.word) + " needs a name: --name");
  if (context.arguments.Has("--in-place")) TRY(StayInPlace(draft));
  std::vector<std::string> environment;
  if (noun.word == "environment") {
    ASSIGN_OR_RETURN(environment,
                     CheckEnvironment(context, draft, context.arguments.Has("--dry-run")));
  }
  if (context.arguments.Has("--dry-run")) {
    context.terminal.Note("would create " + std::string(noun.word) + " " + name +
                          (version.empty() ? "" : ":" + version));
    WriteErr(DescribePlan(draft, environment));
    return {};
  }
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  if (context.arguments.Has("--if-not-exists") && !version.empty()) {
    const Result<Json> there = server->Get(TargetOf(*server, noun, name, version));
    if (there.ok()) return context.Print(ViewOf(noun, *there), ViewOf(noun));
    if (there.status().code() != Code::kNotFound) return there.status();
  }
  TRY(SendFiles(context, *server, draft));
  const Json body = BodyOf(*server, draft);
  const Result<Json> created = version.empty()
                                   ? PutNext(*server, noun, name, body)
                                   : server->Put(TargetOf(*server, noun, name, version), body);
  if (!created.ok()) return AtFields(context, *server, draft, created.status());
  if (noun.word == "data") TellInPlace(context, *server, *created);
  return context.Print(ViewOf(noun, *created), ViewOf(noun));
}

}  // namespace lazurite::cli
