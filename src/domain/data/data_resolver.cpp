#include "domain/data/data_resolver.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "domain/asset/asset_store.h"
#include "domain/job/job_store.h"
#include "domain/workspace/places.h"
#include "domain/workspace/resource_store.h"
#include "storage/remote/remote_url.h"

namespace lazurite {
namespace {

// Assets may point at assets (a model version at a job's output, a data version at a model); a ring
// of them ends here.
constexpr int kDepthMax = 8;
constexpr size_t kDatastoresNamedMax = 20;

constexpr std::array<std::string_view, 4> kStoredHere = {kBlobDatastore, kArtifactDatastore,
                                                         kFileDatastore, kWorkingDatastore};

std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

// One question to the resolver, with all it needs.
class Resolution {
 public:
  Resolution(Transaction& transaction, const BlobStore& blobs, const Scope& scope,
             RemoteData remote)
      : transaction_(transaction), blobs_(blobs), scope_(scope), remote_(remote) {}

  Result<ResolvedData> Resolve(std::string_view text) {
    if (++depth_ > kDepthMax) {
      return FailedPrecondition(Quoted(text) + " leads from asset to asset without an end");
    }
    ASSIGN_OR_RETURN(const DataUri uri, ParseDataUri(text));
    switch (uri.kind) {
      case DataUri::Kind::kDatastore:
        return InDatastore(uri.datastore, uri.path);
      case DataUri::Kind::kJobOutput:
        return JobOutput(uri);
      case DataUri::Kind::kAsset:
        return Asset(uri);
      case DataUri::Kind::kRun:
        return InDatastore(kArtifactDatastore, JoinPath(ArtifactsPath(uri.job), uri.path));
      case DataUri::Kind::kLocal:
        return Local(uri);
      case DataUri::Kind::kRemote:
        break;
    }
    if (!IsHttpUrl(text)) {
      return FailedPrecondition(Quoted(RedactedUrl(text)) +
                                " lies at another service, which this version does not read; "
                                "download it and upload it as a data asset");
    }
    if (remote_ == RemoteData::kRefused) {
      return FailedPrecondition(Quoted(RedactedUrl(text)) +
                                " lies at another server; only inputs of jobs may");
    }
    ResolvedData resolved;
    resolved.uri = text;
    return resolved;
  }

 private:
  Result<ResolvedData> InDatastore(std::string_view name, std::string_view path) {
    for (const std::string_view here : kStoredHere) {
      if (EqualNoCase(name, here)) return Place(here, path);
    }
    ASSIGN_OR_RETURN(const auto found, ResourceStore().Find(transaction_, ResourceKind::kDatastore,
                                                            scope_.workspace, name));
    if (!found) return NoDatastore(name);
    return FailedPrecondition(
        "datastore " + Quoted(found->name) + " (" + found->properties.GetString("datastoreType") +
        ") lies at another service, which this version does not read; what lies here is in " +
        std::string(kBlobDatastore));
  }

  Result<ResolvedData> Place(std::string_view datastore, std::string_view path) {
    ResolvedData resolved;
    ASSIGN_OR_RETURN(resolved.path, blobs_.PathOf(datastore, path));
    resolved.uri = DatastoreUri(scope_, datastore, path);
    return resolved;
  }

  Status NoDatastore(std::string_view name) {
    std::vector<std::string_view> known(kStoredHere.begin(), kStoredHere.end());
    ASSIGN_OR_RETURN(
        const std::vector<Resource> datastores,
        ResourceStore().List(transaction_, ResourceKind::kDatastore, scope_.workspace));
    for (const Resource& datastore : datastores) {
      const bool is_built_in =
          std::find(kStoredHere.begin(), kStoredHere.end(), datastore.name) != kStoredHere.end();
      if (!is_built_in && known.size() < kDatastoresNamedMax) known.push_back(datastore.name);
    }
    return NotFound("no datastore is called " + Quoted(name) + "; there is " + ListOr(known));
  }

  Result<ResolvedData> JobOutput(const DataUri& uri) {
    ASSIGN_OR_RETURN(const Job job, JobStore().Get(transaction_, uri.job));
    if (EqualNoCase(uri.output, "artifacts") || EqualNoCase(uri.output, "default")) {
      return InDatastore(kArtifactDatastore, JoinPath(ArtifactsPath(job.name), uri.path));
    }
    const Json* asked = job.properties.At("outputs");
    const Json* output = asked == nullptr ? nullptr : asked->Find(uri.output);
    const std::string recorded = RecordedUri(job, uri.output);
    if (output == nullptr && recorded.empty()) return NoOutput(job, uri.output);
    std::string place = recorded;
    if (place.empty() && output->is_object()) place = output->GetString("uri");
    if (place.empty()) {
      place = DatastoreUri(scope_, kBlobDatastore, OutputPath(job.name, uri.output));
    }
    ASSIGN_OR_RETURN(ResolvedData resolved, Resolve(place));
    return Below(std::move(resolved), uri.path);
  }

  // What the platform noted in detail.outputs when it gave the job its place.
  static std::string RecordedUri(const Job& job, std::string_view name) {
    const Json* outputs = job.detail.Find("outputs");
    if (outputs == nullptr || !outputs->is_array()) return "";
    for (const Json& output : outputs->array()) {
      if (output.GetString("name") == name) return output.GetString("uri");
    }
    return "";
  }

  static Status NoOutput(const Job& job, std::string_view name) {
    std::vector<std::string_view> known = {"artifacts"};
    if (const Json* outputs = job.properties.At("outputs"); outputs && outputs->is_object()) {
      for (const auto& [output, value] : outputs->object()) known.push_back(output);
    }
    return NotFound("job " + Quoted(job.name) + " has no output " + Quoted(name) + "; there is " +
                    ListOr(known));
  }

  // `path` below a place that is already resolved; never above it.
  Result<ResolvedData> Below(ResolvedData place, std::string_view path) {
    if (path.empty()) return place;
    ASSIGN_OR_RETURN(place.path, ConfinedPath(place.path, path));
    place.uri = JoinPath(place.uri, path);
    return place;
  }

  Result<ResolvedData> Local(const DataUri& uri) {
    ResolvedData resolved;
    resolved.path = NormalPath(uri.path);
    resolved.uri = "file://" + PathEncode(resolved.path);
    return resolved;
  }

  Result<AssetVersion> FindAsset(const DataUri& uri) {
    const AssetStore assets(scope_.workspace);
    const AssetReference& asset = uri.asset;
    if (!asset.workspace.empty() && !EqualNoCase(asset.workspace, scope_.workspace)) {
      return InvalidArgument(Quoted(uri.text) + " lies in workspace " + Quoted(asset.workspace) +
                             ", expected one of workspace " + Quoted(scope_.workspace) +
                             "; register it there too");
    }
    std::string reference = asset.name;
    if (!asset.version.empty()) reference += ":" + asset.version;
    if (!asset.label.empty()) reference += "@" + asset.label;
    if (!asset.registry.empty()) {
      return NotFound("registry " + Quoted(asset.registry) + " is not known here");
    }
    if (asset.collection == "data")
      return assets.Resolve(transaction_, AssetKind::kData, reference);
    if (asset.collection == "models") {
      return assets.Resolve(transaction_, AssetKind::kModel, reference);
    }
    if (!asset.collection.empty()) {
      return InvalidArgument(Quoted(uri.text) + " is one of " + asset.collection +
                             ", expected data or a model");
    }
    Result<AssetVersion> data = assets.Resolve(transaction_, AssetKind::kData, reference);
    if (data.status().code() != Code::kNotFound) return data;
    Result<AssetVersion> model = assets.Resolve(transaction_, AssetKind::kModel, reference);
    return model.status().code() == Code::kNotFound ? data : model;
  }

  Result<ResolvedData> Asset(const DataUri& uri) {
    ASSIGN_OR_RETURN(const AssetVersion version, FindAsset(uri));
    const bool is_model = version.kind == AssetKind::kModel;
    const std::string place = version.properties.GetString(is_model ? "modelUri" : "dataUri");
    const std::string name = version.name + ":" + version.version;
    if (place.empty()) return NotFound(Quoted(name) + " has no content");
    Result<ResolvedData> resolved = Resolve(place);
    if (!resolved.ok()) return resolved.status().With(Quoted(name));
    const bool is_in_place = !is_model && resolved->uri.starts_with("file:");
    if (is_in_place && resolved->registered.empty()) {
      resolved->registered = VersionId(scope_, ToText(version.kind), version.name, version.version);
    }
    resolved->asset = VersionId(scope_, ToText(version.kind), version.name, version.version);
    resolved->type = version.properties.GetString(is_model ? "modelType" : "dataType");
    return resolved;
  }

  Transaction& transaction_;
  const BlobStore& blobs_;
  const Scope& scope_;
  const RemoteData remote_;
  int depth_ = 0;
};

}  // namespace

Result<ResolvedData> DataResolver::Resolve(Transaction& transaction, std::string_view uri,
                                           RemoteData remote) const {
  return Resolution(transaction, blobs_, scope_, remote).Resolve(uri);
}

}  // namespace lazurite
