#include "app/serve/job_hooks.h"

#include "api/mlflow/spool_replay.h"
#include "base/worth_waiting.h"
#include "domain/asset/asset_store.h"
#include "domain/attempt/spool.h"
#include "domain/job/notes.h"
#include "domain/model/lineage.h"
#include "domain/run/run_store.h"
#include "domain/workspace/resource_id.h"
#include "spec/job_reader.h"

namespace lazurite::serve {
namespace {

bool IsModelType(std::string_view type) { return type.ends_with("_model"); }

AssetVersion AssetOf(const Job& job, const JobOutput& output, std::string_view uri) {
  AssetVersion asset;
  asset.kind = IsModelType(output.type) ? AssetKind::kModel : AssetKind::kData;
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

void TellRefused(const SpoolReplay& replay, const Spool& spool, const SpoolEntry& entry,
                 const std::string& why) {
  const bool is_kept = spool.SetAside(entry).ok();
  if (replay.notes.size() >= kRefusedNotesMax) return;
  const std::string last = replay.notes.size() + 1 < kRefusedNotesMax
                               ? ""
                               : "; what else is refused is in spool/0.refused only";
  replay.notes.push_back("a logging call that was kept while the server was away is lost (" +
                         (entry.path.empty() ? "unreadable" : entry.path) + "): " + why +
                         (is_kept ? "" : "; it could not be set aside") + last);
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
  if (asset.kind == AssetKind::kModel) TRY(AddLineage(transaction, asset.properties));
  const Status inserted = AssetStore(job.workspace).Insert(transaction, asset, now);
  if (!inserted.ok()) {
    if (IsWorthWaiting(inserted)) return inserted;
    AddNote(job, "output " + name + " was not registered: " + inserted.text());
    return {};
  }
  (*told)["asset"] =
      VersionId({.workspace = job.workspace}, ToText(asset.kind), asset.name, asset.version);
  return {};
}

}  // namespace

Status BeginRun(Transaction& transaction, const Job& job, Time now) {
  return RunStore().StartJobRun(transaction, job.name, now);
}

Status RegisterOutputs(Transaction& transaction, Job& job, Time now) {
  const Result<JobSpec> spec = spec::ReadJobSpec(job.properties);
  if (!spec.ok()) {
    AddNote(job, "the outputs were not registered: " + spec.status().text());
    return {};
  }
  for (const auto& [name, output] : spec->outputs) {
    if (output.name.empty()) continue;
    TRY(RegisterOutput(transaction, job, name, output, now));
  }
  return {};
}

Status ReplaySpool(const SpoolReplay& replay, const Job& job, const AttemptChannel& channel) {
  const Spool spool(channel.folder());
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<SpoolEntry> entries, spool.Read(Spool::kPageMax));
    if (entries.empty()) return {};
    for (const SpoolEntry& entry : entries) {
      const Result<std::string> refusal =
          ApplySpoolEntry(replay.database, entry, job.name, replay.now);
      if (!refusal.ok() && IsWorthWaiting(refusal.status())) return refusal.status();
      const std::string why = refusal.ok() ? *refusal : refusal.status().text();
      if (why.empty()) continue;
      TellRefused(replay, spool, entry, why);
      // Another look must not tell of it again.
      TRY(spool.MarkReplayed(entry.end));
    }
    TRY(spool.MarkReplayed(entries.back().end));
  }
}

}  // namespace lazurite::serve
