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

// "models:/m-…" or "models:/<name>/<version>".
Status ResolveModels(Transaction& transaction, std::string_view rest, ModelVersion& version) {
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) {
    ASSIGN_OR_RETURN(const LoggedModel model, LoggedModelStore().Load(transaction, rest));
    version.model_uri = ModelUriOf(model.artifact_uri);
    version.model = model.id;
    if (version.run.empty()) version.run = model.source_run;
    return {};
  }
  ASSIGN_OR_RETURN(
      const ModelVersion other,
      ModelStore().GetVersion(transaction, rest.substr(0, slash), rest.substr(slash + 1)));
  version.model_uri = other.model_uri;
  return {};
}

// "runs:/<run>/<path>".
Status ResolveRun(Transaction& transaction, std::string_view rest, ModelVersion& version) {
  const size_t slash = rest.find('/');
  const std::string_view run = rest.substr(0, slash);
  const std::string_view path =
      slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  ASSIGN_OR_RETURN(const RunInfo info, RunStore().Get(transaction, run));
  version.model_uri = ModelUriOf(Below(info.artifact_uri, path));
  if (version.run.empty()) version.run = info.id;
  return {};
}

Status Resolve(Transaction& transaction, ModelVersion& version) {
  std::string_view source = version.source;
  // A prompt is a text in a tag: its source says nothing.
  if (FindValue(version.tags, kPromptTag) != nullptr) return {};
  if (HasDotDot(source)) return BadSource(source, "It must not contain '..'");
  for (const std::string_view scheme : {"models:/", "runs:/"}) {
    if (!source.starts_with(scheme)) continue;
    source.remove_prefix(scheme.size());
    while (source.starts_with('/')) source.remove_prefix(1);
    return scheme == "runs:/" ? ResolveRun(transaction, source, version)
                              : ResolveModels(transaction, source, version);
  }
  if (IsLocal(source)) {
    return BadSource(source,
                     "To use a local path as a model version source, log the files to a "
                     "run first and give 'runs:/<run>/<path>'");
  }
  version.model_uri = ModelUriOf(source);
  return {};
}

// The logged model remembers what it was registered as.
Status TellLoggedModel(Transaction& transaction, const ModelVersion& version) {
  if (version.model.empty()) return {};
  const LoggedModelStore models;
  ASSIGN_OR_RETURN(const LoggedModel model, models.Load(transaction, version.model));
  Json list = Json::MakeArray();
  if (const std::string* old = FindValue(model.tags, kVersionsTag)) {
    Result<Json> parsed = Json::Parse(*old);
    if (parsed.ok() && parsed->is_array()) list = std::move(parsed).value();
  }
  Json entry = Json::MakeObject();
  entry["name"] = version.name;
  entry["version"] =
      ParseInt(version.version) ? Json(*ParseInt(version.version)) : Json(version.version);
  list.Push(std::move(entry));
  return models.SetTags(transaction, version.model, {{std::string(kVersionsTag), list.Dump()}});
}

}  // namespace

Result<ModelVersion> RegisterVersion(Transaction& transaction, ModelVersion version, Time now) {
  TRY(Resolve(transaction, version));
  if (!version.model.empty() && version.run.empty()) {
    ASSIGN_OR_RETURN(const LoggedModel model, LoggedModelStore().Load(transaction, version.model));
    version.run = model.source_run;
  }
  ASSIGN_OR_RETURN(ModelVersion made, ModelStore().CreateVersion(transaction, version, now));
  TRY(TellLoggedModel(transaction, made));
  return made;
}

}  // namespace lazurite::tracking
