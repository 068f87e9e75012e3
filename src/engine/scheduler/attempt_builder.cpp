#include "engine/scheduler/attempt_builder.h"

#include "base/text.h"
#include "domain/asset/asset_store.h"
#include "domain/data/data_resolver.h"
#include "domain/run/experiment_store.h"
#include "domain/workspace/places.h"
#include "spec/environment_finder.h"
#include "spec/expression.h"
#include "spec/job_reader.h"

namespace lazurite::scheduler {
namespace {

// Where a job may not look: what opens the server to whoever holds it.
std::vector<std::string> HiddenPaths(const std::string& home) {
  const std::string database = DatabaseFile(home);
  // The configuration may name an index with its password.
  return {KeysFolder(home), TokensFolder(home), TlsFolder(home),  JoinPath(home, "config.toml"),
          database,         database + "-wal",  database + "-shm"};
}

class Builder {
 public:
  Builder(Transaction& transaction, const AttemptSettings& settings, Job& job)
      : transaction_(transaction),
        settings_(settings),
        job_(job),
        scope_{.workspace = job.workspace},
        resolver_(*settings.blobs, scope_) {}

  Result<AttemptSpec> Build(const Placed& placed) {
    ASSIGN_OR_RETURN(asked_, spec::ReadJobSpec(job_.properties));
    Describe(placed);
    TRY(AddExperiment());
    TRY(AddCode().With("code"));
    TRY(AddEnvironment().With("environment"));
    TRY(AddInputs());
    TRY(AddOutputs());
    return std::move(spec_);
  }

 private:
  void Describe(const Placed& placed) {
    spec_.job = job_.name;
    spec_.life = LifeOf(job_);
    spec_.attempt = job_.attempt;
    spec_.home = settings_.home;
    spec_.display_name = job_.display_name;
    spec_.experiment_name = job_.experiment;
    spec_.workspace = job_.workspace;
    spec_.resource_group = scope_.resource_group;
    spec_.subscription = scope_.subscription;
    spec_.command = asked_.command;
    spec_.environment_variables = asked_.environment_variables;
    // Those come beside the spec, which is no place for their values.
    std::erase_if(spec_.environment_variables,
                  [](const auto& entry) { return !spec::SecretsIn(entry.second).empty(); });
    spec_.environment_settings = settings_.environments;
    spec_.distribution = asked_.distribution;
    spec_.instance_count = asked_.instance_count;
    spec_.cpus = placed.cpus;
    spec_.memory_bytes = placed.memory_bytes;
    spec_.gpus = placed.gpus;
    spec_.gpu_vendor = placed.gpu_vendor;
    spec_.locks = placed.locks;
    spec_.slots_folder = settings_.slots_folder;
    spec_.slots = placed.slots;
    spec_.timeout = asked_.timeout;
    spec_.cancel_grace = settings_.cancel_grace;
    spec_.cache_bytes_max = settings_.cache_bytes_max;
    spec_.hidden_paths = HiddenPaths(settings_.home);
    spec_.artifacts_folder =
        JoinPath(JoinPath(settings_.blobs->root(), kArtifactDatastore), ArtifactsPath(job_.name));
  }

  Status AddExperiment() {
    ASSIGN_OR_RETURN(const auto experiment,
                     ExperimentStore().FindByName(transaction_, job_.workspace, job_.experiment));
    if (experiment) spec_.experiment_id = std::to_string(experiment->id);
    return {};
  }

  Status AddCode() {
    if (asked_.code_id.empty()) return {};
    ASSIGN_OR_RETURN(
        const AssetVersion code,
        AssetStore(job_.workspace).Resolve(transaction_, AssetKind::kCode, asked_.code_id));
    ASSIGN_OR_RETURN(const ResolvedData place,
                     resolver_.Resolve(transaction_, code.properties.GetString("codeUri")));
    spec_.code_source = place.path;
    return {};
  }

  Status AddEnvironment() {
    ASSIGN_OR_RETURN(spec_.environment,
                     spec::FindEnvironment(transaction_, job_.workspace, asked_.environment_id));
    return {};
  }

  // Again, as when the job was submitted: what lies at the place may have changed since.
  Status Check(const ResolvedData& place, DataAccess access) const {
    return CheckJobPlace(*settings_.blobs, place, access);
  }

  // A direct input may lie anywhere: the job itself goes there.
  Result<ResolvedData> PlaceOf(const std::string& name, const JobInput& input) {
    const Result<DataUri> uri = ParseDataUri(input.value);
    if (input.mode == DataMode::kDirect && uri.ok() && uri->kind == DataUri::Kind::kRemote) {
      ResolvedData place;
      place.uri = input.value;
      return place;
    }
    Result<ResolvedData> place = resolver_.Resolve(transaction_, input.value, RemoteData::kGiven);
    if (!place.ok()) return place.status().With("input " + name);
    if (place->path.empty()) {
      TRY(CheckRemoteInput(place->uri, input.type, input.mode).With("input " + name));
    }
    const bool is_written =
        input.mode == DataMode::kReadWriteMount || input.mode == DataMode::kUpload;
    TRY(Check(*place, is_written ? DataAccess::kWrite : DataAccess::kRead).With("input " + name));
    return place;
  }

  Status AddInputs() {
    Json told = Json::MakeArray();
    for (const auto& [name, input] : asked_.inputs) {
      if (input.is_literal()) {
        spec_.literals[name] = input.value;
        continue;
      }
      ASSIGN_OR_RETURN(const ResolvedData place, PlaceOf(name, input));
      told.Push(Json(Json::Object{
          {"name", name}, {"uri", place.uri}, {"asset", place.asset}, {"type", input.type}}));
      const bool is_direct = input.mode == DataMode::kDirect;
      spec_.inputs.push_back({.name = name,
                              .type = input.type,
                              .mode = input.mode,
                              .source = is_direct ? "" : place.path,
                              .uri = place.uri});
      TRY(AddManifest(place, spec_.inputs.back()));
    }
    job_.detail["inputs"] = std::move(told);
    return {};
  }

  // Data that is used in place may have changed since it was registered.
  Status AddManifest(const ResolvedData& place, AttemptInput& input) {
    if (place.registered.empty()) return {};
    ASSIGN_OR_RETURN(const AssetReference by, ParseAssetReference(place.registered));
    input.registered = "azureml:" + by.name + ":" + by.version;
    input.manifest = ManifestOfVersion(settings_.home, scope_.workspace, by.name, by.version);
    return {};
  }

  Status AddOutputs() {
    Json told = Json::MakeArray();
    for (const auto& [name, output] : asked_.outputs) {
      const std::string uri =
          output.uri.empty() ? DatastoreUri(scope_, kBlobDatastore, OutputPath(job_.name, name))
                             : ReplaceAll(ReplaceAll(output.uri, "${{name}}", job_.name),
                                          "${{output_name}}", name);
      Result<ResolvedData> place = resolver_.Resolve(transaction_, uri);
      if (!place.ok()) return place.status().With("output " + name);
      TRY(Check(*place, DataAccess::kWrite).With("output " + name));
      told.Push(Json(Json::Object{{"name", name}, {"uri", place->uri}, {"type", output.type}}));
      spec_.outputs.push_back(
          {.name = name, .type = output.type, .mode = output.mode, .target = place->path});
    }
    job_.detail["outputs"] = std::move(told);
    return {};
  }

  Transaction& transaction_;
  const AttemptSettings& settings_;
  Job& job_;
  const Scope scope_;
  const DataResolver resolver_;
  JobSpec asked_;
  AttemptSpec spec_;
};

}  // namespace

Result<AttemptSpec> BuildAttemptSpec(Transaction& transaction, const AttemptSettings& settings,
                                     Job& job, const Placed& placed) {
  return Builder(transaction, settings, job).Build(placed);
}

}  // namespace lazurite::scheduler
