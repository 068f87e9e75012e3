#include "engine/tracking/run_jobs.h"

#include "base/text.h"
#include "domain/run/experiment_store.h"
#include "domain/run/job_end.h"

namespace lazurite::tracking {
namespace {

constexpr std::string_view kParentTag = "mlflow.parentRunId";
// What MLflow itself notes about a run; the other tags are people's.
constexpr std::string_view kSystemTagPrefix = "mlflow.";
// Clients say when their runs began and ended; what lies further ahead is not believed.
constexpr std::chrono::hours kClockSkewMax{24};
const JobStore kJobs;
const RunStore kRuns;

Time TimeOr(int64_t millis, Time now) {
  const bool is_likely = millis >= 0 && millis <= ToMillis(now + kClockSkewMax);
  return is_likely ? FromMillis(millis) : now;
}

// The job that the run belongs to, if its parent is one of the same workspace.
Result<std::optional<Job>> ParentOf(Transaction& transaction, const Run& run,
                                    std::string_view workspace) {
  const std::string* tag = FindValue(run.tags, kParentTag);
  if (tag == nullptr) return std::optional<Job>();
  ASSIGN_OR_RETURN(std::optional<Job> parent, kJobs.Find(transaction, *tag));
  if (parent && !EqualNoCase(parent->workspace, workspace)) parent.reset();
  return parent;
}

// What a client would have sent for such a job.
Json PropertiesOf(const Run& run, const std::string& experiment) {
  Json properties = Json::MakeObject();
  properties["jobType"] = "Command";
  properties["displayName"] = run.info.name;
  properties["experimentName"] = experiment;
  properties["command"] = "";
  properties["properties"] = Json::MakeObject();
  properties["tags"] = Json::MakeObject();
  for (const KeyValue& tag : run.tags) {
    if (tag.key == kRunNameTag) continue;
    const bool is_system = tag.key.starts_with(kSystemTagPrefix);
    properties[is_system ? "properties" : "tags"][tag.key] = tag.value;
  }
  return properties;
}

Status AddJob(Transaction& transaction, const Run& run, const Asker& asker, Time now) {
  ASSIGN_OR_RETURN(const Experiment experiment,
                   ExperimentStore().Get(transaction, run.info.experiment));
  Job job;
  job.name = run.info.id;
  job.workspace = asker.workspace;
  job.experiment = experiment.name;
  job.display_name = run.info.name;
  ASSIGN_OR_RETURN(const std::optional<Job> parent, ParentOf(transaction, run, asker.workspace));
  if (parent) job.parent = parent->name;
  job.created = now;
  job.created_by = asker.user;
  job.modified = now;
  job.started = TimeOr(run.info.start_ms, now);
  job.properties = PropertiesOf(run, experiment.name);
  TRY(kJobs.Insert(transaction, job));
  return kJobs.Move(transaction, job, JobEvent::kRanksStarted, "made by mlflow", now);
}

JobEvent EndOf(RunStatus status) {
  if (status == RunStatus::kFinished) return JobEvent::kCompleted;
  return status == RunStatus::kKilled ? JobEvent::kStopped : JobEvent::kFailed;
}

std::string_view SentenceOf(JobEvent event) {
  if (event == JobEvent::kCompleted) return "said by its script";
  return event == JobEvent::kStopped ? "its script said that it was stopped"
                                     : "the script said that its run failed";
}

// Ends the job if its state is what the script says, and it has not ended.
Status EndAsReported(Transaction& transaction, const RunInfo& run, Time now) {
  ASSIGN_OR_RETURN(std::optional<Job> job, kJobs.Find(transaction, run.id));
  if (!job || job->attempt > 0 || IsTerminal(job->state)) return {};
  const JobEvent event = EndOf(run.status);
  return EndJob(transaction, *job,
                {.event = event,
                 .cause = "reported",
                 .sentence = std::string(SentenceOf(event)),
                 .ended = run.end_ms ? TimeOr(*run.end_ms, now) : now,
                 .now = now});
}

}  // namespace

Result<Run> CreateRun(Transaction& transaction, const NewRun& run, const Asker& asker,
                      IdSource& ids, Time now) {
  ASSIGN_OR_RETURN(Run made, kRuns.Create(transaction, run, ids));
  TRY(AddJob(transaction, made, asker, now));
  return made;
}

Result<RunInfo> UpdateRun(Transaction& transaction, std::string_view run, const RunChange& change,
                          Time now) {
  ASSIGN_OR_RETURN(RunInfo changed, kRuns.Update(transaction, run, change));
  if (change.name && !change.name->empty()) TRY(RenameJob(transaction, run, *change.name));
  const bool ends = change.status && IsEnded(*change.status) && !changed.is_job;
  if (ends) TRY(EndAsReported(transaction, changed, now));
  return changed;
}

Status SetRunDeleted(Transaction& transaction, std::string_view run, bool is_deleted, Time now) {
  TRY(kRuns.SetDeleted(transaction, run, is_deleted));
  ASSIGN_OR_RETURN(std::optional<Job> job, kJobs.Find(transaction, run));
  if (!job || job->is_archived == is_deleted) return {};
  job->is_archived = is_deleted;
  job->properties["isArchived"] = is_deleted;
  job->modified = now;
  return kJobs.Save(transaction, *job);
}

Status RenameJob(Transaction& transaction, std::string_view run, std::string_view name) {
  ASSIGN_OR_RETURN(std::optional<Job> job, kJobs.Find(transaction, run));
  if (!job || job->display_name == name) return {};
  job->display_name = name;
  job->properties["displayName"] = name;
  return kJobs.Save(transaction, *job);
}

}  // namespace lazurite::tracking
