#include "api/arm/reused_name.h"

#include "base/file.h"
#include "domain/asset/asset_store.h"
#include "domain/attempt/tombstone.h"
#include "domain/run/run_store.h"
#include "domain/workspace/places.h"

namespace lazurite::arm {
namespace {

// The folder of all outputs of a job, without a slash at its end.
std::string OutputsFolder(const std::string& job) { return DirName(OutputPath(job, "x")); }

}  // namespace

Status ClearReusedName(Transaction& transaction, const ApiContext& context,
                       const std::string& job) {
  const Result<RunInfo> run = RunStore().Get(transaction, job);
  if (run.status().code() == Code::kNotFound) return {};
  TRY(run.status());
  if (!run->is_deleted) return {};
  const std::string artifacts = ArtifactsPath(job);
  const std::string outputs = OutputsFolder(job);
  for (const std::string& place : {artifacts, outputs, "azureml://jobs/" + job + "/outputs"}) {
    ASSIGN_OR_RETURN(const std::string asset, NameOfAssetBelow(transaction, place));
    if (asset.empty()) continue;
    return Conflict("job \"" + job + "\" was deleted, and its files are those of " + asset +
                    " now; choose another name");
  }
  TRY(MakeDirs(context.home + "/jobs"));
  const std::string& root = context.blobs->root();
  TRY(Bury(context.home, JoinPath(JoinPath(root, kArtifactDatastore), artifacts)).status());
  return Bury(context.home, JoinPath(JoinPath(root, kBlobDatastore), outputs)).status();
}

}  // namespace lazurite::arm
