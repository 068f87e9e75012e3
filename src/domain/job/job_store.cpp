#include "domain/job/job_store.h"

#include <limits>

namespace lazurite {
namespace {

constexpr std::string_view kColumns =
    "name, workspace, experiment, display_name, type, parent, compute, state, reason, priority,"
    " attempt, event_seq, is_archived, created, created_by, modified, started, ended, cause,"
    " exit_code, error, detail, properties, sequence";

Result<Job> ReadRow(const Statement& row) {
  Job job;
  job.name = row.Text(0);
  job.workspace = row.Text(1);
  job.experiment = row.Text(2);
  job.display_name = row.Text(3);
  job.type = row.Text(4);
  job.parent = row.Text(5);
  job.compute = row.Text(6);
  ASSIGN_OR_RETURN(job.state, ParseJobState(row.Text(7)));
  job.reason = row.Text(8);
  job.priority = static_cast<int>(row.Int(9));
  job.attempt = static_cast<int>(row.Int(10));
  job.event_seq = row.Int(11);
  job.is_archived = row.Int(12) != 0;
  job.created = FromMillis(row.Int(13));
  job.created_by = row.Text(14);
  job.modified = FromMillis(row.Int(15));
  if (!row.IsNull(16)) job.started = FromMillis(row.Int(16));
  if (!row.IsNull(17)) job.ended = FromMillis(row.Int(17));
  job.cause = row.Text(18);
  if (!row.IsNull(19)) job.exit_code = static_cast<int>(row.Int(19));
  job.error = row.Text(20);
  ASSIGN_OR_RETURN(job.detail, Json::Parse(row.Text(21)));
  ASSIGN_OR_RETURN(job.properties, Json::Parse(row.Text(22)));
  job.sequence = row.Int(23);
  return job;
}

Result<std::vector<Job>> ReadRows(Statement& statement) {
  std::vector<Job> jobs;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, statement.Step());
    if (!more) return jobs;
    ASSIGN_OR_RETURN(Job job, ReadRow(statement));
    jobs.push_back(std::move(job));
  }
}

void BindTime(Statement& statement, int position, const std::optional<Time>& time) {
  if (time) {
    statement.Bind(position, ToMillis(*time));
  } else {
    statement.Bind(position, nullptr);
  }
}

// Binds the columns that Save and Insert share, positions 1 to 20.
void BindShared(Statement& statement, const Job& job) {
  statement.Bind(1, job.experiment).Bind(2, job.display_name).Bind(3, job.type);
  statement.Bind(4, job.parent).Bind(5, job.compute).Bind(6, ToText(job.state));
  statement.Bind(7, job.reason).Bind(8, job.priority).Bind(9, job.attempt);
  statement.Bind(10, job.event_seq).Bind(11, job.is_archived ? 1 : 0);
  statement.Bind(12, ToMillis(job.modified));
  BindTime(statement, 13, job.started);
  BindTime(statement, 14, job.ended);
  statement.Bind(15, job.cause);
  if (job.exit_code) {
    statement.Bind(16, *job.exit_code);
  } else {
    statement.Bind(16, nullptr);
  }
  statement.Bind(17, job.error).Bind(18, job.detail.Dump()).Bind(19, job.properties.Dump());
  statement.Bind(20, job.name);
}

Status AddTransition(Transaction& transaction, const Job& job, JobState from,
                     std::string_view event, std::string_view cause, Time now) {
  ASSIGN_OR_RETURN(
      Statement * insert,
      transaction.Prepare(
          "INSERT INTO job_transitions (job, number, time, from_state, to_state, event, cause)"
          " SELECT ?1, COALESCE(MAX(number), 0) + 1, ?2, ?3, ?4, ?5, ?6"
          " FROM job_transitions WHERE job = ?1"));
  insert->Bind(1, job.name).Bind(2, ToMillis(now)).Bind(3, ToText(from));
  insert->Bind(4, ToText(job.state)).Bind(5, event).Bind(6, cause);
  return insert->Run();
}

// The clauses of a query, in the order in which Bind fills their parameters.
std::string WhereOf(const JobQuery& query) {
  // Of all jobs together SQLite reads the index by sequence; "+" keeps it from sorting those of the
  // workspace instead.
  const bool is_all = query.archived_too && !query.only_archived && query.created_by.empty();
  std::string where = is_all ? " WHERE +workspace = ?1" : " WHERE workspace = ?1";
  where += " AND sequence < ?2";
  if (query.only_archived) {
    where += " AND is_archived = 1";
  } else if (!query.archived_too) {
    // Of one user's jobs the index by creator is read.
    where += query.created_by.empty() ? " AND is_archived = 0" : " AND +is_archived = 0";
  }
  where += query.parent ? " AND parent = ?3" : " AND (parent = '' OR ?3 <> '')";
  if (!query.type.empty()) where += " AND type = ?4";
  if (!query.experiment.empty()) where += " AND experiment = ?5";
  if (query.state) where += " AND state = ?6";
  if (!query.created_by.empty()) where += " AND created_by = ?10";
  if (!query.tag_name.empty()) {
    where +=
        " AND EXISTS (SELECT 1 FROM json_each(properties, '$.tags') WHERE key = ?7"
        " AND (?8 = '' OR value = ?8))";
  }
  return where;
}

}  // namespace

std::string LifeOf(const Job& job) {
  return std::to_string(job.sequence) + "@" + FormatTime(job.created);
}

Status JobStore::Insert(Transaction& transaction, Job& job) const {
  ASSIGN_OR_RETURN(
      Statement * insert,
      transaction.Prepare(
          "INSERT INTO jobs (experiment, display_name, type, parent, compute, state, reason,"
          " priority, attempt, event_seq, is_archived, modified, started, ended, cause,"
          " exit_code, error, detail, properties, name, workspace, created, created_by, sequence)"
          " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
          " ?18, ?19, ?20, ?21, ?22, ?23, COALESCE(MAX(sequence), 0) + 1 FROM jobs"
          " RETURNING sequence"));
  LAZURITE_CHECK(job.state == JobState::kNotStarted);
  BindShared(*insert, job);
  insert->Bind(21, job.workspace).Bind(22, ToMillis(job.created)).Bind(23, job.created_by);
  Result<bool> stepped = insert->Step();
  if (stepped.status().code() == Code::kConflict) {
    return Conflict("a job named \"" + job.name + "\" exists already");
  }
  TRY(stepped.status());
  job.sequence = insert->Int(0);
  insert->Reset();
  TRY(AddTransition(transaction, job, JobState::kNotStarted, "created", "", job.created));
  return transaction.RecordChange("job", job.name);
}

Status JobStore::Move(Transaction& transaction, Job& job, JobEvent event, std::string_view cause,
                      Time now) const {
  const JobState from = job.state;
  ASSIGN_OR_RETURN(job.state, Next(from, event));
  job.modified = now;
  Status status = Save(transaction, job);
  if (status.ok()) status = AddTransition(transaction, job, from, ToText(event), cause, now);
  if (!status.ok()) job.state = from;
  return status;
}

Status JobStore::Save(Transaction& transaction, const Job& job) const {
  ASSIGN_OR_RETURN(
      Statement * update,
      transaction.Prepare(
          "UPDATE jobs SET experiment = ?1, display_name = ?2, type = ?3, parent = ?4,"
          " compute = ?5, state = ?6, reason = ?7, priority = ?8, attempt = ?9, event_seq = ?10,"
          " is_archived = ?11, modified = ?12, started = ?13, ended = ?14, cause = ?15,"
          " exit_code = ?16, error = ?17, detail = ?18, properties = ?19 WHERE name = ?20"));
  BindShared(*update, job);
  TRY(update->Run());
  if (transaction.RowsChanged() == 0) return NotFound("no job named \"" + job.name + "\"");
  return transaction.RecordChange("job", job.name);
}

Result<std::optional<Job>> JobStore::Find(Transaction& transaction, std::string_view name) const {
  ASSIGN_OR_RETURN(Statement * select, transaction.Prepare("SELECT " + std::string(kColumns) +
                                                           " FROM jobs WHERE name = ?1"));
  select->Bind(1, name);
  ASSIGN_OR_RETURN(std::vector<Job> jobs, ReadRows(*select));
  if (jobs.empty()) return std::optional<Job>();
  return std::optional<Job>(std::move(jobs.front()));
}

Result<Job> JobStore::Get(Transaction& transaction, std::string_view name) const {
  ASSIGN_OR_RETURN(std::optional<Job> job, Find(transaction, name));
  if (!job) return NotFound("no job named \"" + std::string(name) + "\"");
  return std::move(*job);
}

Result<std::vector<Job>> JobStore::List(Transaction& transaction, const JobQuery& query) const {
  if (query.limit < 1 || query.limit > kListLimitMax) {
    return InvalidArgument("limit is " + std::to_string(query.limit) + ", expected 1 to " +
                           std::to_string(kListLimitMax));
  }
  ASSIGN_OR_RETURN(Statement * select,
                   transaction.Prepare("SELECT " + std::string(kColumns) + " FROM jobs" +
                                       WhereOf(query) + " ORDER BY sequence DESC LIMIT ?9"));
  const int64_t newest = std::numeric_limits<int64_t>::max();
  select->Bind(1, query.workspace);
  select->Bind(2, query.before_sequence == 0 ? newest : query.before_sequence);
  select->Bind(3, query.parent.value_or(""));
  if (!query.type.empty()) select->Bind(4, query.type);
  if (!query.experiment.empty()) select->Bind(5, query.experiment);
  if (query.state) select->Bind(6, ToText(*query.state));
  if (!query.created_by.empty()) select->Bind(10, query.created_by);
  if (!query.tag_name.empty()) select->Bind(7, query.tag_name).Bind(8, query.tag_value);
  select->Bind(9, query.limit);
  return ReadRows(*select);
}

Result<std::vector<Job>> JobStore::Active(Transaction& transaction, std::optional<JobState> state,
                                          int limit) const {
  ASSIGN_OR_RETURN(
      Statement * select,
      transaction.Prepare("SELECT " + std::string(kColumns) +
                          " FROM jobs INDEXED BY jobs_active"
                          " WHERE state NOT IN ('Completed', 'Failed', 'Canceled')" +
                          (state ? " AND state = ?2" : "") + " ORDER BY " +
                          (state ? "" : "state, ") + "priority DESC, sequence LIMIT ?1"));
  select->Bind(1, limit);
  if (state) select->Bind(2, ToText(*state));
  return ReadRows(*select);
}

Result<std::vector<Job>> JobStore::Placed(Transaction& transaction, int limit) const {
  ASSIGN_OR_RETURN(
      Statement * select,
      transaction.Prepare(
          "SELECT " + std::string(kColumns) +
          " FROM jobs INDEXED BY jobs_active"
          " WHERE state NOT IN ('Completed', 'Failed', 'Canceled')"
          " AND state IN ('Preparing', 'Starting', 'Running', 'Finalizing',"
          " 'CancelRequested', 'NotResponding') AND attempt > 0 ORDER BY sequence LIMIT ?1"));
  select->Bind(1, limit);
  return ReadRows(*select);
}

Result<std::vector<JobTransition>> JobStore::Transitions(Transaction& transaction,
                                                         std::string_view job) const {
  ASSIGN_OR_RETURN(Statement * select,
                   transaction.Prepare("SELECT number, time, from_state, to_state, event, cause"
                                       " FROM job_transitions WHERE job = ?1 ORDER BY number"));
  select->Bind(1, job);
  std::vector<JobTransition> transitions;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, select->Step());
    if (!more) return transitions;
    JobTransition transition;
    transition.number = static_cast<int>(select->Int(0));
    transition.time = FromMillis(select->Int(1));
    ASSIGN_OR_RETURN(transition.from, ParseJobState(select->Text(2)));
    ASSIGN_OR_RETURN(transition.to, ParseJobState(select->Text(3)));
    transition.event = select->Text(4);
    transition.cause = select->Text(5);
    transitions.push_back(std::move(transition));
  }
}

Status JobStore::Delete(Transaction& transaction, std::string_view name) const {
  ASSIGN_OR_RETURN(Statement * transitions,
                   transaction.Prepare("DELETE FROM job_transitions WHERE job = ?1"));
  transitions->Bind(1, name);
  TRY(transitions->Run());
  ASSIGN_OR_RETURN(Statement * job, transaction.Prepare("DELETE FROM jobs WHERE name = ?1"));
  job->Bind(1, name);
  TRY(job->Run());
  if (transaction.RowsChanged() == 0) return NotFound("no job named \"" + std::string(name) + "\"");
  return transaction.RecordChange("job", name);
}

Result<std::vector<std::string>> JobStore::WithPrefix(Transaction& transaction,
                                                      std::string_view prefix, int limit) const {
  ASSIGN_OR_RETURN(Statement * select,
                   transaction.Prepare("SELECT name FROM jobs WHERE name >= ?1 AND name < ?2"
                                       " ORDER BY sequence DESC LIMIT ?3"));
  // Names are ASCII, so the greatest name that begins with the prefix is below prefix + 0x7f.
  select->Bind(1, prefix).Bind(2, std::string(prefix) + '\x7f').Bind(3, limit);
  std::vector<std::string> names;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, select->Step());
    if (!more) return names;
    names.push_back(select->Text(0));
  }
}

}  // namespace lazurite
