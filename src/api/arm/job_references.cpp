#include "api/arm/job_references.h"

#include "api/arm/environment_check.h"
#include "base/text.h"
#include "domain/asset/asset_store.h"
#include "domain/compute/share.h"
#include "domain/data/data_resolver.h"
#include "domain/secret/secret_store.h"
#include "domain/workspace/resource_store.h"
#include "spec/environment_finder.h"
#include "spec/expression.h"
#include "spec/rest.h"

namespace lazurite::arm {
namespace {

// Collects what the user can put right; true failures go on.
class Checker {
 public:
  Checker(Transaction& transaction, const ApiContext& context, const Scope& scope, Json& properties)
      : transaction_(transaction),
        context_(context),
        blobs_(*context.blobs),
        scope_(scope),
        properties_(properties) {}

  Status CheckAll(std::string_view job, const JobSpec& spec) {
    TRY(Note(CheckCompute(spec)));
    if (!spec.code_id.empty()) {
      TRY(Note(CheckAsset(AssetKind::kCode, spec.code_id, properties_.Find("codeId")), "codeId"));
    }
    TRY(Note(CheckEnvironment(spec.environment_id), "environmentId"));
    for (const auto& [name, input] : spec.inputs) {
      TRY(Note(CheckInput(name, input), "inputs." + name));
    }
    for (const auto& [name, output] : spec.outputs) {
      TRY(Note(CheckOutputPlace(job, name, output), "outputs." + name));
      TRY(Note(CheckOutputName(output), "outputs." + name));
    }
    for (const auto& [name, value] : spec.environment_variables) {
      for (const std::string& secret : spec::SecretsIn(value)) {
        TRY(Note(CheckSecret(secret), "environmentVariables." + name));
      }
    }
    return {};
  }

  References Take() { return std::move(found_); }

 private:
  // Keeps a problem of the user's, gives back any other failure.
  Status Note(Status status, std::string_view where = "") {
    if (status.ok()) return {};
    Code code = status.code();
    if (code == Code::kInternal || code == Code::kUnavailable) return status;
    if (code == Code::kFailedPrecondition) code = Code::kInvalidArgument;
    std::string text = status.text();
    if (!where.empty()) text = "properties." + std::string(where) + ": " + text;
    found_.problems.emplace_back(code, std::move(text));
    return {};
  }

  Status CheckSecret(std::string_view name) {
    Status status = SecretStore().CheckExists(transaction_, scope_.workspace, name);
    return status.code() == Code::kNotFound ? InvalidArgument(status.text()) : status;
  }

  // What is not there is the whole machine, unless the configuration is stricter.
  Status CheckCompute(const JobSpec& spec) {
    found_.compute = kLocalCompute;
    if (spec.compute_id.empty()) {
      if (!context_.is_unknown_compute_refused) return {};
      return InvalidArgument(
          "properties.computeId is missing, and this server takes only jobs that "
          "name their compute ([compute] unknown = \"refuse\")");
    }
    Result<std::string> found = FindCompute(transaction_, scope_, spec.compute_id);
    if (found.ok()) {
      found_.compute = std::move(found).value();
      return CheckSize(spec.instance_count);
    }
    const bool is_missing = found.status().code() == Code::kNotFound;
    if (!is_missing || context_.is_unknown_compute_refused) return found.status();
    found_.notes.push_back(found.status().text() +
                           "; the job runs on \"local\", the whole of this machine "
                           "([compute] unknown = \"refuse\" would refuse it)");
    return {};
  }

  // A named compute bounds its jobs, as Azure's does. One that takes none just now makes them wait.
  Status CheckSize(int instances) {
    ASSIGN_OR_RETURN(const std::optional<Resource> compute,
                     ResourceStore().Find(transaction_, ResourceKind::kCompute, scope_.workspace,
                                          found_.compute));
    if (!compute) return {};
    const std::optional<int> most = ShapeOf(compute->properties).instances_max;
    if (!most || *most == 0 || instances <= *most) return {};
    return InvalidArgument("properties.resources.instanceCount is " + std::to_string(instances) +
                           ", and compute \"" + compute->name + "\" has at most " +
                           std::to_string(*most));
  }

  // Pins a label.
  Status CheckAsset(AssetKind kind, const std::string& reference, Json* member) {
    ASSIGN_OR_RETURN(const AssetVersion version, assets_.Resolve(transaction_, kind, reference));
    ASSIGN_OR_RETURN(const AssetReference parts, ParseAssetReference(reference));
    if (parts.version.empty() && member != nullptr) {
      *member = VersionId(scope_, ToText(kind), version.name, version.version);
    }
    return {};
  }

  // Labels are pinned first.
  Status CheckEnvironment(const std::string& reference) {
    ASSIGN_OR_RETURN(const AssetReference parts, ParseAssetReference(reference));
    if (parts.registry.empty()) {
      const Status pinned =
          CheckAsset(AssetKind::kEnvironment, reference, properties_.Find("environmentId"));
      if (!pinned.ok() && pinned.code() != Code::kNotFound) return pinned;
    }
    return spec::FindEnvironment(transaction_, scope_.workspace, reference).status();
  }

  Status CheckInput(const std::string& name, const JobInput& input) {
    if (input.is_literal()) return {};
    ASSIGN_OR_RETURN(const DataUri uri, ParseDataUri(input.value));
    if (uri.kind == DataUri::Kind::kRemote) {
      return CheckRemoteInput(input.value, input.type, input.mode);
    }
    const bool is_asset = uri.kind == DataUri::Kind::kAsset;
    if (is_asset) TRY(CheckAssetInput(name, input, uri));
    const Result<ResolvedData> place = Resolve(input.value, RemoteData::kGiven);
    // An asset may lie elsewhere, which is told when the job is placed.
    if (!place.ok()) return is_asset ? Status() : place.status();
    if (place->path.empty()) return CheckRemoteInput(place->uri, input.type, input.mode);
    const bool is_written =
        input.mode == DataMode::kReadWriteMount || input.mode == DataMode::kUpload;
    return CheckJobPlace(blobs_, *place, is_written ? DataAccess::kWrite : DataAccess::kRead);
  }

  Result<ResolvedData> Resolve(std::string_view uri, RemoteData remote = RemoteData::kRefused) {
    return DataResolver(blobs_, scope_).Resolve(transaction_, uri, remote);
  }

  Status CheckAssetInput(const std::string& name, const JobInput& input, const DataUri& uri) {
    Json* member = properties_.Find("inputs");
    if (member != nullptr) member = member->Find(name);
    if (member != nullptr) member = member->Find("uri");
    if (uri.asset.collection == ToText(AssetKind::kModel)) {
      return CheckAsset(AssetKind::kModel, input.value, member);
    }
    Status status = CheckAsset(AssetKind::kData, input.value, member);
    if (status.code() != Code::kNotFound || !uri.asset.collection.empty()) return status;
    const Status as_model = CheckAsset(AssetKind::kModel, input.value, member);
    return as_model.code() == Code::kNotFound ? status : as_model;
  }

  // Where it will be written when the names in its address are put in.
  Status CheckOutputPlace(std::string_view job, const std::string& name, const JobOutput& output) {
    if (output.uri.empty()) return {};
    const std::string uri =
        ReplaceAll(ReplaceAll(output.uri, "${{name}}", job), "${{output_name}}", name);
    ASSIGN_OR_RETURN(const ResolvedData place, Resolve(uri));
    return CheckJobPlace(blobs_, place, DataAccess::kWrite);
  }

  Status CheckOutputName(const JobOutput& output) {
    if (output.name.empty() || output.version.empty()) return {};
    const bool is_model = output.type.ends_with("_model");
    const AssetKind kind = is_model ? AssetKind::kModel : AssetKind::kData;
    ASSIGN_OR_RETURN(const std::optional<AssetVersion> taken,
                     assets_.Find(transaction_, kind, output.name, output.version));
    if (!taken) return {};
    return Conflict("version " + output.version + " of \"" + output.name + "\" exists already");
  }

  Transaction& transaction_;
  const ApiContext& context_;
  const BlobStore& blobs_;
  const Scope& scope_;
  Json& properties_;
  AssetStore assets_{scope_.workspace};
  References found_;
};

}  // namespace

Result<std::string> FindCompute(Transaction& transaction, const Scope& scope,
                                std::string_view reference) {
  ASSIGN_OR_RETURN(const AssetReference parts, ParseAssetReference(reference));
  const bool is_built_in =
      EqualNoCase(parts.name, kLocalCompute) || EqualNoCase(parts.name, "serverless");
  if (is_built_in) return std::string(kLocalCompute);
  ASSIGN_OR_RETURN(const std::vector<Resource> computes,
                   ResourceStore().List(transaction, ResourceKind::kCompute, scope.workspace));
  std::string names = "\"" + std::string(kLocalCompute) + "\"";
  for (const Resource& compute : computes) {
    if (EqualNoCase(compute.name, parts.name)) return compute.name;
    names += ", \"" + compute.name + "\"";
  }
  return NotFound("no compute is called \"" + parts.name + "\"; there are " + names);
}

std::vector<Status> EnvironmentProblems(const ApiContext& context, const EnvironmentSpec& spec) {
  const bool is_named = !spec.name.empty() && spec.name != spec::InlineEnvironment::kName;
  const std::string who =
      is_named ? "environment " + spec.name + (spec.version.empty() ? "" : ":" + spec.version)
               : "the environment";
  return ProblemsOf(context.check_environment(spec), "properties.environmentId: " + who);
}

Result<References> ResolveReferences(Transaction& transaction, const ApiContext& context,
                                     const Scope& scope, std::string_view job, const JobSpec& spec,
                                     Json& properties) {
  Checker checker(transaction, context, scope, properties);
  TRY(checker.CheckAll(job, spec));
  return checker.Take();
}

}  // namespace lazurite::arm
