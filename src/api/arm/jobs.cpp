// jobs: PUT, GET, list, PATCH, DELETE, cancel.
#include "api/arm/arm.h"
#include "api/arm/job_json.h"
#include "api/arm/job_references.h"
#include "api/arm/reused_name.h"
#include "base/log.h"
#include "domain/attempt/attempt.h"
#include "domain/attempt/tombstone.h"
#include "domain/job/notes.h"
#include "domain/run/job_end.h"
#include "domain/run/run_store.h"
#include "spec/environment_finder.h"
#include "spec/job_reader.h"

namespace lazurite::arm {
namespace {

constexpr NameRule kJobName{.what = "job", .extra = "-_"};
constexpr NameRule kExperimentName{.what = "experiment", .extra = "-_. /:"};
// Pages read while looking for jobs with several tags before a page is given out half full.
constexpr int kTagPagesMax = 50;

// What came of a PUT.
struct Submission {
  bool is_new = false;
  Job job;
  std::vector<Status> problems;
};

struct JobRequest {
  const ApiContext& context;
  Scope scope;
  std::string name;
  std::string caller;
  Json properties;  // stored form
  std::vector<Status> environment_problems = {};
};

// Properties in MLflow's own words, such as the commit of the code, are the run's tags too.
std::vector<KeyValue> TagsOf(const JobSpec& spec) {
  std::vector<KeyValue> tags;
  for (const auto& [key, value] : spec.properties) {
    if (key.starts_with("mlflow.")) tags.push_back({key, value});
  }
  for (const auto& [key, value] : spec.tags) tags.push_back({key, value});
  return tags;
}

Status Create(Transaction& transaction, const JobRequest& asked, const JobSpec& spec,
              Submission& done) {
  const Time now = asked.context.clock->Now();
  Job& job = done.job;
  job.name = asked.name;
  job.workspace = asked.scope.workspace;
  job.experiment = spec.experiment_name;
  job.type = spec.type;
  job.priority = spec.priority;
  job.created = now;
  job.created_by = asked.caller;
  job.modified = now;
  TakeChangeable(job, asked.properties);
  const JobStore store;
  TRY(store.Insert(transaction, job));
  TRY(store.Move(transaction, job, JobEvent::kSubmitted, "", now));
  done.is_new = true;
  TRY(ClearReusedName(transaction, asked.context, job.name));
  return RunStore().EnsureJobRun(transaction,
                                 {.job = job.name,
                                  .experiment_name = job.experiment,
                                  .display_name = job.display_name,
                                  .user = job.created_by,
                                  .start = now,
                                  .tags = TagsOf(spec),
                                  .workspace = job.workspace},
                                 *asked.context.ids);
}

Status Submit(Transaction& transaction, const JobRequest& asked, Submission& done) {
  done = Submission();
  TRY(CheckWorkspace(transaction, asked.scope));
  const JobStore store;
  ASSIGN_OR_RETURN(const std::optional<Job> existing, store.Find(transaction, asked.name));
  if (existing && existing->workspace != asked.scope.workspace) {
    return Conflict(
        "a job named \"" + asked.name + "\" exists already in workspace \"" + existing->workspace +
        "\", and a job's name is its run's, one in all workspaces; choose another name");
  }
  Json properties = asked.properties;
  if (existing && IsSameExecution(existing->properties, properties)) {
    done.job = *existing;
    TakeChangeable(done.job, properties);
    done.job.modified = asked.context.clock->Now();
    return store.Save(transaction, done.job);
  }
  Result<JobSpec> spec = spec::ReadJobSpec(asked.properties);
  if (!spec.ok()) return InvalidArgument(spec.status().text());
  TRY(CheckName(spec->experiment_name, kExperimentName));
  ASSIGN_OR_RETURN(References found, ResolveReferences(transaction, asked.context, asked.scope,
                                                       asked.name, *spec, properties));
  done.problems = std::move(found.problems);
  done.problems.insert(done.problems.end(), asked.environment_problems.begin(),
                       asked.environment_problems.end());
  if (!done.problems.empty()) return done.problems.front();
  if (existing) {
    if (!IsSameExecution(existing->properties, properties)) {
      return Conflict("a job named \"" + asked.name +
                      "\" exists already and does something else; choose another name");
    }
    done.job = *existing;
    return {};
  }
  done.job.properties = std::move(properties);
  done.job.compute = found.compute;
  for (const std::string& note : found.notes) AddNote(done.job, note);
  return Create(transaction, asked, *spec, done);
}

// What is wrong with the environment of a job that would be new; what is not found is told when the
// job is stored. Apart from that: the writer's thread waits for no other disk than its own.
Task<std::vector<Status>> CheckEnvironment(const JobRequest& asked) {
  std::optional<EnvironmentSpec> environment;
  const Database::Work find = [&](Transaction& transaction) -> Status {
    environment.reset();
    ASSIGN_OR_RETURN(const std::optional<Job> existing, JobStore().Find(transaction, asked.name));
    const Result<JobSpec> spec = spec::ReadJobSpec(asked.properties);
    if (existing || !spec.ok()) return {};
    Result<EnvironmentSpec> found =
        spec::FindEnvironment(transaction, asked.scope.workspace, spec->environment_id);
    if (found.ok()) environment = std::move(*found);
    return {};
  };
  const Status read = co_await Read(*asked.context.database, find);
  std::vector<Status> problems;
  if (!read.ok() || !environment) co_return problems;
  const std::function<void()> check = [&] {
    problems = EnvironmentProblems(asked.context, *environment);
  };
  co_await asked.context.loop->Blocking(check);
  co_return problems;
}

Task<Result<Response>> PutJob(const ApiContext& context, Request& request) {
  JobRequest asked{context, ScopeOf(request), std::string(request.Param("name")),
                   CallerName(request), Json()};
  CO_TRY(CheckName(asked.name, kJobName));
  Result<Json> body = co_await ReadBody(request);
  if (!body.ok()) co_return body.status();
  asked.properties = std::move((*body)["properties"]);
  CO_TRY(NormaliseJob(asked.properties, asked.name));
  asked.environment_problems = co_await CheckEnvironment(asked);
  Submission done;
  const Database::Work work = [&asked, &done](Transaction& transaction) {
    return Submit(transaction, asked, done);
  };
  const Status status = co_await Write(*context.database, work);
  if (!status.ok() && !done.problems.empty()) co_return AzureError(status, done.problems);
  if (!status.ok()) co_return status;
  if (done.is_new) context.wake_engines();
  co_return Response::OfJson(done.is_new ? 201 : 200,
                             JobResource(done.job, asked.scope, request.BaseUrl()));
}

// The job of the path, in the workspace of the path.
Result<Job> Load(Transaction& transaction, const Scope& scope, const std::string& name) {
  TRY(CheckWorkspace(transaction, scope));
  ASSIGN_OR_RETURN(Job job, JobStore().Get(transaction, name));
  if (job.workspace == scope.workspace) return job;
  return NotFound("no job named \"" + name + "\" in workspace \"" + scope.workspace +
                  "\"; it is one of workspace \"" + job.workspace + "\"");
}

Task<Result<Response>> GetJob(const ApiContext& context, Request& request) {
  const Scope scope = ScopeOf(request);
  const std::string name(request.Param("name"));
  Job job;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(job, Load(transaction, scope, name));
    return {};
  };
  const Status status = co_await Read(*context.database, work);
  if (!status.ok()) co_return status;
  co_return Response::OfJson(200, JobResource(job, scope, request.BaseUrl()));
}

Status ReadJobQuery(const Request& request, const Page& page, JobQuery& query) {
  query.archived_too = page.archived_too;
  query.only_archived = page.only_archived;
  query.before_sequence = page.before;
  query.type = request.Query("jobType");
  query.experiment = request.Query("experimentName");
  query.created_by = request.Query("createdBy");
  if (request.query.contains("parentJobName")) query.parent = request.Query("parentJobName");
  if (!request.Query("status").empty()) {
    ASSIGN_OR_RETURN(query.state, ParseJobState(request.Query("status")));
  }
  if (!page.tags.empty()) std::tie(query.tag_name, query.tag_value) = page.tags.front();
  return {};
}

// Fills `jobs` with one page; `next` is the token of the page after it, 0 if there is none.
Status FillPage(Transaction& transaction, JobQuery query, const Page& page, std::vector<Job>& jobs,
                int64_t& next) {
  jobs.clear();
  next = 0;
  const auto wanted = static_cast<size_t>(page.limit);
  query.limit = page.limit;
  for (int pages = 0; pages < kTagPagesMax && jobs.size() < wanted; ++pages) {
    ASSIGN_OR_RETURN(std::vector<Job> found, JobStore().List(transaction, query));
    const bool is_last = found.size() < wanted;
    for (Job& job : found) {
      query.before_sequence = job.sequence;
      if (!HasTags(job.properties, page)) continue;
      jobs.push_back(std::move(job));
      if (jobs.size() == wanted) break;
    }
    if (is_last && jobs.size() < wanted) return {};
  }
  next = query.before_sequence;
  return {};
}

Task<Result<Response>> ListJobs(const ApiContext& context, Request& request) {
  const Scope scope = ScopeOf(request);
  CO_ASSIGN_OR_RETURN(const Page page, ReadPage(request));
  JobQuery query;
  query.workspace = scope.workspace;
  CO_TRY(ReadJobQuery(request, page, query));
  std::vector<Job> jobs;
  int64_t next = 0;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    TRY(CheckWorkspace(transaction, scope));
    return FillPage(transaction, query, page, jobs, next);
  };
  const Status status = co_await Read(*context.database, work);
  if (!status.ok()) co_return status;
  const std::string base_url = request.BaseUrl();
  Json::Array items;
  for (const Job& job : jobs) items.push_back(JobResource(job, scope, base_url));
  std::optional<std::string> token;
  if (next > 1) token = std::to_string(next);
  co_return ListAnswer(request, std::move(items), token);
}

Task<Result<Response>> PatchJob(const ApiContext& context, Request& request) {
  const Scope scope = ScopeOf(request);
  const std::string name(request.Param("name"));
  Result<Json> body = co_await ReadBody(request);
  if (!body.ok()) co_return body.status();
  const Json& patch = (*body)["properties"];
  Job job;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(job, Load(transaction, scope, name));
    Json merged = job.properties;
    Merge(merged, patch);
    TRY(NormaliseJob(merged, name));
    if (!IsSameExecution(merged, job.properties)) {
      return InvalidArgument(
          "a job can change only its displayName, description, tags, "
          "properties and isArchived");
    }
    TakeChangeable(job, merged);
    job.modified = context.clock->Now();
    return JobStore().Save(transaction, job);
  };
  const Status status = co_await Write(*context.database, work);
  if (!status.ok()) co_return status;
  co_return Response::OfJson(200, JobResource(job, scope, request.BaseUrl()));
}

Status Cancel(Transaction& transaction, const ApiContext& context, Job& job) {
  if (IsTerminal(job.state)) {
    return FailedPrecondition("job " + job.name + " is " + std::string(ToText(job.state)) +
                              " already");
  }
  if (job.state == JobState::kCancelRequested) return {};
  const Time now = context.clock->Now();
  // A run that plain MLflow made: nothing runs it here, so nobody else would end it.
  const bool is_elsewhere = job.state == JobState::kRunning && job.attempt == 0;
  const JobEvent event = is_elsewhere ? JobEvent::kStopped : JobEvent::kCancelAsked;
  ASSIGN_OR_RETURN(const JobState next, Next(job.state, event));
  if (!IsTerminal(next)) return JobStore().Move(transaction, job, event, "asked for", now);
  return EndJob(
      transaction, job,
      {.event = event, .cause = "canceled", .sentence = "asked for", .ended = now, .now = now});
}

Task<Result<Response>> CancelJob(const ApiContext& context, Request& request) {
  const Scope scope = ScopeOf(request);
  const std::string name(request.Param("name"));
  const Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(Job job, Load(transaction, scope, name));
    return Cancel(transaction, context, job);
  };
  const Status status = co_await Write(*context.database, work);
  if (!status.ok()) co_return status;
  context.wake_engines();
  co_return Response::Empty(200);
}

Status Delete(Transaction& transaction, const Scope& scope, const std::string& name) {
  ASSIGN_OR_RETURN(const Job job, Load(transaction, scope, name));
  if (!IsTerminal(job.state)) {
    return FailedPrecondition("job " + name + " is " + std::string(ToText(job.state)) +
                              "; cancel it and wait for its end before it is deleted");
  }
  Status hidden = RunStore().SetDeleted(transaction, name, true);
  if (!hidden.ok() && hidden.code() != Code::kNotFound) return hidden;
  return JobStore().Delete(transaction, name);
}

// Before the row is gone for good, the folder is out of the way: a job that gets the name next must
// not find it.
Status DeleteAndBury(Transaction& transaction, const JobRequest& asked, std::string& grave) {
  TRY(Delete(transaction, asked.scope, asked.name));
  const std::string& home = asked.context.home;
  ASSIGN_OR_RETURN(std::string buried,
                   Bury(home, DirName(AttemptChannel::FolderOf(home, asked.name, 1))));
  // Empty when this is done a second time.
  if (!buried.empty()) grave = std::move(buried);
  return {};
}

Task<Result<Response>> DeleteJob(const ApiContext& context, Request& request) {
  const JobRequest asked{context, ScopeOf(request), std::string(request.Param("name")), "", Json()};
  CO_TRY(CheckName(asked.name, kJobName));
  std::string grave;
  const Database::Work work = [&](Transaction& transaction) {
    return DeleteAndBury(transaction, asked, grave);
  };
  const Status status = co_await Write(*context.database, work);
  if (status.code() == Code::kNotFound && grave.empty()) co_return Response::Empty(204);
  const std::string folder = DirName(AttemptChannel::FolderOf(context.home, asked.name, 1));
  const std::function<void()> clear = [&status, &folder, &grave] {
    if (grave.empty()) return;
    const Status cleared = status.ok() ? RemoveTree(grave) : Rename(grave, folder);
    if (cleared.ok()) return;
    Log(LogLevel::kWarning, "a job's folder could not be removed, or put back",
        {{"folder", grave}, {"error", cleared.text()}});
  };
  co_await context.loop->Blocking(clear);
  if (!status.ok()) co_return status;
  co_return Response::Empty(200);
}

}  // namespace

void AddJobRoutes(Router& router, const ApiContext& context) {
  const std::string jobs = kWorkspace + "/jobs";
  router.Get(jobs, Answering(context, ListJobs));
  router.Put(jobs + "/{name}", Answering(context, PutJob));
  router.Get(jobs + "/{name}", Answering(context, GetJob));
  router.Patch(jobs + "/{name}", Answering(context, PatchJob));
  router.Delete(jobs + "/{name}", Answering(context, DeleteJob));
  router.Post(jobs + "/{name}/cancel", Answering(context, CancelJob));
}

}  // namespace lazurite::arm
