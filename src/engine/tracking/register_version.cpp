#include "base/text.h"
#include "domain/run/artifact_place.h"
#include "domain/run/logged_model_store.h"
#include "domain/run/run_store.h"
#include "engine/tracking/tracking.h"

namespace lazurite::tracking {
namespace {

constexpr std::string_view kVersionsTag = "mlflow.modelVersions";

Status BadSource(std::string_view source, std::string_view why) {
  return InvalidArgument("Invalid model version source: '" + std::string(source) + "'. " +
                         std::string(why));
}

bool HasDotDot(std::string_view source) {
  for (const std::string_view part : Split(source, '/')) {
    const auto decoded = UrlDecode(part);
    if (part == ".." || (decoded && *decoded == "..")) return true;
  }
  return false;
}

bool IsLocal(std::string_view source) {
  return source.starts_with('/') || source.starts_with("file:") ||
         source.find(':') == std::string_view::npos;
}

std::string Below(const std::string& uri, std::string_view path) {
  if (path.empty()) return uri;
  return uri + (uri.ends_with('/') ? "" : "/") + std::string(path);
}

Result<LoggedModel> LoadModel(Transaction& transaction, std::string_view workspace,
                              std::string_view id) {
  const LoggedModelStore models;
  ASSIGN_OR_RETURN(const bool is_elsewhere, models.IsElsewhere(transaction, id, workspace));
  if (is_elsewhere) return MissingLoggedModel(id);
  return models.Load(transaction, id);
}

// "models:/m-…" or "models:/<name>/<version>".
Status ResolveModels(Transaction& transaction, std::string_view workspace, std::string_view rest,
                     ModelVersion& version) {
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) {
    ASSIGN_OR_RETURN(const LoggedModel model, LoadModel(transaction, workspace, rest));
    version.model_uri = ModelUriOf(workspace, model.artifact_uri);
    version.model = model.id;
    if (version.run.empty()) version.run = model.source_run;
    return {};
  }
  ASSIGN_OR_RETURN(
      const ModelVersion other,
      ModelStore(workspace).GetVersion(transaction, rest.substr(0, slash), rest.substr(slash + 1)));
  version.model_uri = other.model_uri;
  return {};
}

// "runs:/<run>/<path>". What names no run of the workspace is kept as it is.
Status ResolveRun(Transaction& transaction, std::string_view workspace, std::string_view rest,
                  ModelVersion& version) {
  const size_t slash = rest.find('/');
  const std::string_view run = rest.substr(0, slash);
  const std::string_view path =
      slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  const Result<RunInfo> info = RunStore().Get(transaction, run);
  if (!info.ok() && info.status().code() != Code::kNotFound) return info.status();
  ASSIGN_OR_RETURN(const bool is_elsewhere, RunStore().IsElsewhere(transaction, run, workspace));
  if (!info.ok() || is_elsewhere) {
    version.model_uri = version.source;
    return {};
  }
  version.model_uri = ModelUriOf(workspace, Below(info->artifact_uri, path));
  if (version.run.empty()) version.run = info->id;
  return {};
}

Status Resolve(Transaction& transaction, std::string_view workspace, ModelVersion& version) {
  std::string_view source = version.source;
  // A prompt is a text in a tag: its source says nothing.
  if (FindValue(version.tags, kPromptTag) != nullptr) return {};
  if (HasDotDot(source)) {
    return BadSource(source,
                     "If supplying a source as an http, https, local file path, ftp, "
                     "objectstore, or mlflow-artifacts uri, an absolute path must be "
                     "provided without relative path references present. Please provide "
                     "an absolute path.");
  }
  for (const std::string_view scheme : {"models:/", "runs:/"}) {
    if (!source.starts_with(scheme)) continue;
    source.remove_prefix(scheme.size());
    while (source.starts_with('/')) source.remove_prefix(1);
    return scheme == "runs:/" ? ResolveRun(transaction, workspace, source, version)
                              : ResolveModels(transaction, workspace, source, version);
  }
  if (IsLocal(source)) {
    return BadSource(source,
                     "To use a local path as a model version source, log the files to a "
                     "run first and give 'runs:/<run>/<path>'");
  }
  version.model_uri = ModelUriOf(workspace, source);
  return {};
}

// One entry of the tag, spaced as Python writes it: scripts compare the text.
std::string EntryText(const Json& name, const Json& version) {
  return "{\"name\": " + name.Dump() + ", \"version\": " + version.Dump() + "}";
}

// The logged model remembers what it was registered as.
Status TellLoggedModel(Transaction& transaction, const ModelVersion& version) {
  if (version.model.empty()) return {};
  const LoggedModelStore models;
  ASSIGN_OR_RETURN(const LoggedModel model, models.Load(transaction, version.model));
  std::vector<std::string> entries;
  if (const std::string* old = FindValue(model.tags, kVersionsTag)) {
    const Result<Json> parsed = Json::Parse(*old);
    const Json::Array none;
    for (const Json& entry : parsed.ok() && parsed->is_array() ? parsed->array() : none) {
      const Json* name = entry.Find("name");
      const Json* number = entry.Find("version");
      if (name != nullptr && number != nullptr) entries.push_back(EntryText(*name, *number));
    }
  }
  const auto number = ParseInt(version.version);
  entries.push_back(EntryText(version.name, number ? Json(*number) : Json(version.version)));
  const std::string list = "[" + Join(entries, ", ") + "]";
  return models.SetTags(transaction, version.model, {{std::string(kVersionsTag), list}});
}

}  // namespace

Result<ModelVersion> RegisterVersion(Transaction& transaction, std::string_view workspace,
                                     ModelVersion version, Time now) {
  TRY(Resolve(transaction, workspace, version));
  if (!version.model.empty() && version.run.empty()) {
    ASSIGN_OR_RETURN(const LoggedModel model, LoadModel(transaction, workspace, version.model));
    version.run = model.source_run;
  }
  ASSIGN_OR_RETURN(ModelVersion made,
                   ModelStore(workspace).CreateVersion(transaction, version, now));
  TRY(TellLoggedModel(transaction, made));
  return made;
}

}  // namespace lazurite::tracking
