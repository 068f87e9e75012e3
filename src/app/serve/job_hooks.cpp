#include "app/serve/job_hooks.h"

#include "api/mlflow/spool_replay.h"
#include "domain/asset/asset_store.h"
#include "domain/attempt/spool.h"
#include "domain/run/run_store.h"
#include "domain/workspace/resource_id.h"
#include "spec/job_reader.h"

namespace lazurite::serve {
namespace {

RunStatus RunStatusOf(const Job& job) {
  if (job.state == JobState::kCompleted) return RunStatus::kFinished;
  return job.state == JobState::kCanceled ? RunStatus::kKilled : RunStatus::kFailed;
}

bool IsModelType(std::string_view type) { return type.ends_with("_model"); }

AssetVersion AssetOf(const Job& job, const JobOutput& output, std::string_view uri) {
  AssetVersion asset;
  asset.kind = IsModelType(output.type) ? AssetKind::kModel : AssetKind::kData;
  asset.workspace = job.workspace;
  asset.name = output.name;
  asset.version = output.version;
  asset.created_by = job.created_by;
  if (asset.kind == AssetKind::kModel) {
    asset.properties["modelType"] = output.type;
    asset.properties["modelUri"] = uri;
    asset.properties["jobName"] = job.name;
  } else {
    asset.properties["dataType"] = output.type;
    asset.properties["dataUri"] = uri;
  }
  // Lineage: which job made it.
  asset.properties.Set("properties.lazurite_job", job.name);
  return asset;
}

// The output's entry in job.detail.outputs, or nullptr.
Json* FindOutput(Job& job, std::string_view name) {
  Json* outputs = job.detail.Find("outputs");
  if (outputs == nullptr || !outputs->is_array()) return nullptr;
  for (Json& output : outputs->array()) {
    if (output.GetString("name") == name) return &output;
  }
  return nullptr;
}

Status RegisterOutput(Transaction& transaction, Job& job, const std::string& name,
                      const JobOutput& output, Time now) {
  Json* told = FindOutput(job, name);
  if (told == nullptr) return {};
  AssetVersion asset = AssetOf(job, output, told->GetString("uri"));
  const Status inserted = AssetStore().Insert(transaction, asset, now);
  if (inserted.code() == Code::kConflict) {
    job.detail["notes"].Push("output " + name + " was not registered: " + inserted.text());
    return {};
  }
  TRY(inserted);
  (*told)["asset"] = VersionId(Scope{}, ToText(asset.kind), asset.name, asset.version);
  return {};
}

}  // namespace

Status BeginRun(Transaction& transaction, const Job& job, Time now) {
  return RunStore().StartJobRun(transaction, job.name, now);
}

Status FinishJob(Transaction& transaction, Job& job, Time now) {
  TRY(RunStore().FinishJobRun(transaction, job.name, RunStatusOf(job), job.ended.value_or(now)));
  if (job.state != JobState::kCompleted) return {};
  ASSIGN_OR_RETURN(const JobSpec spec, spec::ReadJobSpec(job.properties));
  for (const auto& [name, output] : spec.outputs) {
    if (output.name.empty()) continue;
    TRY(RegisterOutput(transaction, job, name, output, now));
  }
  return {};
}

Status ReplaySpool(Database& database, const Job& job, const AttemptChannel& channel, Time now) {
  const Spool spool(channel.folder());
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<SpoolEntry> entries, spool.Read(Spool::kPageMax));
    if (entries.empty()) return {};
    for (const SpoolEntry& entry : entries) {
      TRY(ApplySpoolEntry(database, entry, job.name, now));
    }
    TRY(spool.MarkReplayed(entries.back().end));
  }
}

}  // namespace lazurite::serve
