#include "engine/runner/runner.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <future>

#include "base/log.h"
#include "base/text.h"
#include "domain/attempt/attempt.h"
#include "domain/attempt/process.h"
#include "domain/workspace/places.h"
#include "engine/runner/data.h"
#include "engine/runner/disk_watch.h"
#include "engine/runner/event_log.h"
#include "engine/runner/held_places.h"
#include "engine/runner/launch.h"
#include "engine/runner/limits.h"
#include "engine/runner/listener.h"
#include "engine/runner/ranks.h"
#include "engine/runner/redacted_logs.h"
#include "engine/runner/signals.h"
#include "engine/runner/supervisor.h"
#include "engine/runner/variables.h"
#include "spec/expression.h"

namespace lazurite::runner {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kNotOurs = 3;
// Room for the last words of an attempt on a full disk.
constexpr off_t kReserveBytes = off_t{64} << 10;
// What of the attempt's directory a job may write.
constexpr std::array<std::string_view, 5> kOfTheJob = {"code", "inputs", "outputs", "data",
                                                       "user_logs"};
constexpr const char* kKernelGroups = "/sys/fs/cgroup";

RunnerIdentity OwnIdentity() {
  const std::optional<ProcessView> self = LookAtProcess(getpid());
  return {BootId(), getpid(), self ? self->start_time : 0};
}

// Appends lines to a file of system_logs, made with the first of them.
class SystemLog {
 public:
  explicit SystemLog(std::string path) : path_(std::move(path)) {}
  void Write(std::string_view line) {
    if (!file_.valid()) {
      Result<Fd> file = OpenFile(path_, O_WRONLY | O_CREAT | O_APPEND);
      if (!file.ok()) return;
      file_ = std::move(file).value();
    }
    // On a full disk the platform's own words are the first that can be missed.
    if (!WriteAll(file_.get(), std::string(line) + "\n").ok()) return;
  }

 private:
  const std::string path_;
  Fd file_;
};

// Why an attempt ended before its ranks started.
struct Failure {
  std::string cause;
  std::string message;
};

// One attempt from its spec to what exit.json says.
class AttemptRun final {
 public:
  AttemptRun(const RunnerOptions& options, const AttemptChannel& channel, AttemptSpec spec,
             AttemptSecrets secrets)
      : options_(options),
        channel_(channel),
        spec_(std::move(spec)),
        secrets_(std::move(secrets)),
        redaction_(secrets_.hidden),
        signals_(channel.folder()),
        events_(channel, DoorbellFile(spec_.home), spec_.job + "/" + std::to_string(spec_.attempt)),
        environment_log_(channel.Path("system_logs/environment.txt")),
        data_log_(channel.Path("system_logs/data.txt")),
        data_(spec_, channel.folder(), [this](std::string_view line) { data_log_.Write(line); }) {}

  // OK if exit.json was written.
  Status Run();

 private:
  void Reserve();
  void FreeReserve();
  std::optional<Failure> TakePlaces();
  std::optional<Failure> Prepare();
  std::optional<Failure> PrepareEnvironment();
  Failure EnvironmentFailure(const Status& status, bool is_late);
  std::string KeepFreeze() const;
  std::optional<Failure> PrepareData();
  Status HideOthers();
  std::optional<Failure> PreparePlan();
  void BeginLimits();
  std::optional<Failure> StartRanks();
  Failure FailureOf(const Status& status, std::string_view cause);
  void TakeReports(const std::vector<Fd>& reports);
  void WatchRanks();
  void StoreOutputs();
  Status Finish();
  void MeasureLogs();
  Status WriteExit();
  void TellFullDisk();

  const RunnerOptions& options_;
  const AttemptChannel& channel_;
  const AttemptSpec spec_;
  const AttemptSecrets secrets_;
  const Redaction redaction_;
  RedactedLogs redacted_logs_{redaction_};
  Signals signals_;
  EventLog events_;
  SystemLog environment_log_;
  SystemLog data_log_;
  JobData data_;
  HeldPlaces places_held_;
  Sandbox sandbox_;
  PreparedEnvironment environment_;
  DataPlaces places_;
  JobPlan plan_;
  Limits limits_{spec_};
  DiskWatch disk_{channel_.folder()};
  std::unique_ptr<Listener> listener_;
  std::vector<Watched> watched_;
  std::optional<Failure> start_failure_;
  std::future<Status> lock_synced_;
  ExitRecord exit_;
  std::chrono::steady_clock::time_point ranks_began_;
};

Status AttemptRun::Run() {
  // Meanwhile everything else is prepared.
  lock_synced_ = std::async(std::launch::async, SyncFile, channel_.LockPath());
  TRY(events_.Open());
  events_.Append("started");
  Reserve();
  std::optional<Failure> failure = TakePlaces();
  if (!failure) failure = Prepare();
  if (!failure) failure = StartRanks();
  if (failure) {
    exit_.cause = failure->cause;
    exit_.message = failure->message;
  }
  if (watched_.empty()) {
    // Preparing may have left something that runs.
    Supervisor supervisor(signals_, {{}, std::nullopt, spec_.cancel_grace, "", false});
    const Outcome outcome = supervisor.Watch();
    if (!outcome.note.empty()) events_.Note(outcome.note);
  } else {
    WatchRanks();
  }
  if (listener_) listener_->Stop();
  if (exit_.started) StoreOutputs();
  return Finish();
}

std::optional<Failure> AttemptRun::TakePlaces() {
  const Status taken = places_held_.Take(spec_);
  if (taken.ok()) return std::nullopt;
  return Failure{"runner", "what was granted to the job is held by others: " + taken.text()};
}

void AttemptRun::Reserve() {
  const Result<Fd> file = OpenFile(channel_.UnseenExit(), O_WRONLY | O_CREAT);
  if (file.ok() && fallocate(file.value().get(), 0, 0, kReserveBytes) == 0) return;
  Log(LogLevel::kWarning, "no room could be reserved for the attempt's last words");
}

void AttemptRun::FreeReserve() {
  // The rest is for exit.json itself.
  if (truncate(channel_.UnseenExit().c_str(), kReserveBytes / 2) == 0) return;
  Log(LogLevel::kWarning, "the room for the attempt's last words could not be freed");
}

std::optional<Failure> AttemptRun::Prepare() {
  for (const char* folder : {"user_logs", "system_logs", "code", "spool"}) {
    const Status made = MakeDirs(channel_.Path(folder));
    if (!made.ok()) return FailureOf(made, "runner");
  }
  if (auto failure = PrepareEnvironment()) return failure;
  if (auto failure = PrepareData()) return failure;
  if (auto failure = PreparePlan()) return failure;
  Result<std::unique_ptr<Listener>> listener =
      Listener::Start({spec_.home,
                       channel_.folder(),
                       secrets_.token,
                       [this](const std::string& text) { events_.Note(text); },
                       Forwarder::kReplayPauseMax,
                       {spec_.job, spec_.experiment_id, spec_.display_name, SystemClock().Now()},
                       redaction_});
  if (!listener.ok()) return FailureOf(listener.status(), "runner");
  listener_ = std::move(listener).value();
  return std::nullopt;
}

std::optional<Failure> AttemptRun::PrepareEnvironment() {
  EnvironmentSettings settings = spec_.environment_settings;
  settings.index_url = secrets_.index_url;
  settings.extra_index_urls = secrets_.extra_index_urls;
  const auto builder = options_.make_environment_builder(settings);
  // A build counts as the job's time: nobody waits for more than was allowed.
  const auto began = std::chrono::steady_clock::now();
  const auto is_late = [this, began] {
    return spec_.timeout && std::chrono::steady_clock::now() - began >= *spec_.timeout;
  };
  Result<PreparedEnvironment> prepared = builder->Prepare(
      spec_.environment, [this](std::string_view line) { environment_log_.Write(line); },
      [this, is_late] { return is_late() || signals_.CancelAsked(); });
  if (!prepared.ok()) return EnvironmentFailure(prepared.status(), is_late());
  environment_ = std::move(prepared).value();
  Json detail = Json::MakeObject();
  detail["hash"] = environment_.hash;
  detail["was_reused"] = environment_.was_reused;
  detail["folder"] = environment_.folder;
  detail["freeze"] = KeepFreeze();
  events_.Append("environment_ready", std::move(detail));
  return std::nullopt;
}

Failure AttemptRun::EnvironmentFailure(const Status& status, bool is_late) {
  // What a build said last is in the log already.
  if (status.code() != Code::kInternal) environment_log_.Write(status.text());
  if (status.code() == Code::kCancelled && is_late && !signals_.CancelAsked()) {
    return {"timeout", "the job's time (limits.timeout, " + FormatElapsed(*spec_.timeout) +
                           ") was over before its environment was ready"};
  }
  Failure failure = FailureOf(status, "environment");
  const bool is_of_build =
      status.code() == Code::kInternal || status.code() == Code::kDeadlineExceeded;
  if (is_of_build && failure.cause == "environment") {
    failure.message += "\nthe whole log: " + channel_.Path("system_logs/environment.txt");
  }
  return failure;
}

// The job keeps the list of its packages, whatever becomes of the environment. A copy: a link could
// be written through.
std::string AttemptRun::KeepFreeze() const {
  if (environment_.freeze.empty()) return "";
  const std::string name = "system_logs/environment_freeze.txt";
  const Result<std::string> packages = ReadFile(environment_.freeze);
  if (!packages.ok() || !WriteFile(channel_.Path(name), *packages).ok()) return "";
  return name;
}

std::optional<Failure> AttemptRun::PrepareData() {
  Result<DataPlaces> places = data_.Prepare(sandbox_, [this] { return signals_.CancelAsked(); });
  if (!places.ok()) {
    data_log_.Write(places.status().text());
    return FailureOf(places.status(), "input");
  }
  places_ = std::move(places).value();
  for (const std::string& note : places_.notes) events_.Note(note);
  const Status hidden = HideOthers();
  if (!hidden.ok()) return FailureOf(hidden, "runner");
  // The home is the server's, and of the attempt's directory only these are the job's: what the
  // runner says of the attempt, and what all jobs share, is not for a job to change.
  sandbox_.Protect(spec_.home);
  for (const std::string_view own : kOfTheJob) sandbox_.Allow(channel_.Path(own));
  if (!environment_.folder.empty()) sandbox_.Protect(spec_.environment_settings.envs_folder);
  Json detail = Json::MakeObject();
  if (!places_.changed.object().empty()) detail["changed"] = places_.changed;
  events_.Append("inputs_ready", std::move(detail));
  return std::nullopt;
}

// What is not for this job: what opens the server, also in copies of its database, what other jobs
// have in their folders, and who would run programs outside of the job.
Status AttemptRun::HideOthers() {
  for (const std::string& path : spec_.hidden_paths) sandbox_.Hide(path);
  const std::string database = BaseName(DatabaseFile(spec_.home));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDir(spec_.home));
  for (const std::string& name : names) {
    if (name.starts_with(database)) sandbox_.Hide(JoinPath(spec_.home, name));
  }
  const std::string own = DirName(channel_.folder());
  sandbox_.HideAllBut(DirName(own), BaseName(own));
  for (const std::string& door : ServiceManagerDoors(geteuid())) sandbox_.Hide(door);
  return {};
}

std::optional<Failure> AttemptRun::PreparePlan() {
  const Result<std::string> command =
      spec::ExpandCommand(spec_.command, places_.inputs, places_.outputs);
  if (!command.ok()) return FailureOf(command.status(), "input");
  Result<JobPlan> plan = PlanJob(spec_, channel_.folder(), command.value());
  if (!plan.ok()) return FailureOf(plan.status(), "environment");
  plan_ = std::move(plan).value();
  if (!plan_.failures.empty()) {
    const Status made = WriteFile(channel_.Path(plan_.failures), "");
    if (!made.ok()) return FailureOf(made, "runner");
    sandbox_.Allow(channel_.Path(plan_.failures));
  }
  const Status begun = redacted_logs_.Begin(plan_, channel_.folder());
  if (!begun.ok()) return FailureOf(begun, "runner");
  return std::nullopt;
}

void AttemptRun::BeginLimits() {
  limits_.Begin(channel_, plan_.processes.size());
  exit_.limits = limits_.ToJson();
  SystemLog(channel_.Path("system_logs/limits.txt")).Write(limits_.Sentence());
  // A job does not give itself more.
  sandbox_.Protect(kKernelGroups);
}

std::optional<Failure> AttemptRun::StartRanks() {
  // Nothing of the user's runs before it is on disk that this attempt has begun: it is not run
  // again even if the machine goes down. File systems sync a new file together with its name.
  const Status synced = lock_synced_.get();
  if (!synced.ok()) return FailureOf(synced, "runner");
  if (signals_.CancelAsked()) return Failure{"canceled", "the job was canceled before it started"};
  const VariableSources sources{spec_,
                                secrets_,
                                environment_,
                                channel_.folder(),
                                listener_->address(),
                                listener_->token(),
                                places_.inputs,
                                places_.outputs};
  BeginLimits();
  exit_.started = SystemClock().Now();
  ranks_began_ = std::chrono::steady_clock::now();
  std::vector<Fd> reports;
  for (size_t i = 0; i < plan_.processes.size(); ++i) {
    const RankPlan& one = plan_.processes[i];
    Result<Launched> launched = Launch(
        {one.arguments, ForExec(RankVariables(sources, one.variables)), channel_.Path("code"),
         channel_.Path(one.log), &sandbox_, redacted_logs_.OutputOf(i), &limits_, i});
    if (!launched.ok()) {
      start_failure_ = FailureOf(launched.status(), "runner");
      break;
    }
    watched_.push_back({launched->pid, one.rank, one.is_server});
    reports.push_back(std::move(launched->report));
  }
  redacted_logs_.CloseOutputs();
  Json detail = Json::MakeObject();
  detail["pids"] = Json::MakeArray();
  for (const Watched& one : watched_) detail["pids"].Push(int64_t{one.pid});
  detail["limits"] = exit_.limits;
  events_.Append("ranks_started", std::move(detail));
  TakeReports(reports);
  return watched_.empty() ? start_failure_ : std::nullopt;
}

void AttemptRun::TakeReports(const std::vector<Fd>& reports) {
  LaunchReport first;
  for (const Fd& one : reports) {
    const LaunchReport report = ReadReport(one);
    if (!report.failure.empty() && !start_failure_) {
      start_failure_ = Failure{"runner", report.failure};
    }
    if (first.sandbox.empty()) first.sandbox = report.sandbox;
    if (first.limits.empty()) first.limits = report.limits;
  }
  if (!first.limits.empty()) {
    events_.Note("the job is not held to its limits as it should be: " + first.limits);
  }
  if (first.sandbox.empty()) return;
  events_.Note(first.sandbox);
  data_log_.Write(first.sandbox);
}

void AttemptRun::WatchRanks() {
  std::string failures = plan_.failures.empty() ? "" : channel_.Path(plan_.failures);
  Supervisor supervisor(signals_, {watched_, spec_.timeout, spec_.cancel_grace, std::move(failures),
                                   start_failure_.has_value(), &limits_, &disk_});
  const Outcome outcome = supervisor.Watch();
  limits_.End();
  // Whoever sets the clock makes no job longer or shorter.
  exit_.ended = *exit_.started + std::chrono::duration_cast<Duration>(
                                     std::chrono::steady_clock::now() - ranks_began_);
  if (!redacted_logs_.Finish()) events_.Note("some of the job's output could not be written");
  exit_.cause = outcome.cause;
  exit_.code = outcome.code;
  exit_.signal = outcome.signal;
  exit_.rank = outcome.rank;
  exit_.message = outcome.message;
  exit_.usage = outcome.usage;
  exit_.rank_usage = outcome.rank_usage;
  if (start_failure_ && outcome.cause != "canceled") {
    exit_.cause = start_failure_->cause;
    exit_.message = start_failure_->message;
  }
  events_.Append("ranks_ended");
  if (!outcome.note.empty()) events_.Note(outcome.note);
}

void AttemptRun::StoreOutputs() {
  const Status stored = data_.Store();
  for (const std::string& note : data_.left_out()) events_.Note(note);
  if (stored.ok()) {
    events_.Append("outputs_stored");
    return;
  }
  data_log_.Write(stored.text());
  if (!exit_.succeeded()) return events_.Note(stored.text());
  exit_.cause = "output";
  exit_.message = stored.text();
}

Status AttemptRun::Finish() {
  MeasureLogs();
  FreeReserve();
  TellFullDisk();
  Json detail = Json::MakeObject();
  detail["cause"] = exit_.cause;
  events_.Append("ended", std::move(detail));
  if (!exit_.ended) exit_.ended = SystemClock().Now();
  exit_.seq = events_.next_seq();
  return WriteExit();
}

void AttemptRun::MeasureLogs() {
  for (const std::string& log : plan_.logs) {
    const Result<int64_t> size = FileSize(channel_.Path(log));
    if (size.ok()) exit_.log_bytes[log] = size.value();
  }
}

// Logs, events and exit.json go to the disk side by side, which takes the time of one; exit.json is
// seen when all of them are there.
Status AttemptRun::WriteExit() {
  places_held_.GiveBack();
  events_.BeginSync();
  std::future<Status> logs = std::async(std::launch::async, [this] {
    Status result;
    for (const auto& [log, size] : exit_.log_bytes) {
      Status synced = SyncFile(channel_.Path(log));
      if (!synced.ok()) result = std::move(synced);
    }
    return result;
  });
  const auto wait = [&] {
    for (const Status& synced : {logs.get(), events_.Sync()}) {
      if (synced.ok()) continue;
      Log(LogLevel::kWarning, "not all is on the disk", {{"error", synced.text()}});
    }
  };
  // The server can look as soon as there is something to see: it makes durable what it reads.
  return channel_.WriteExit(exit_, {.before_seen = wait, .when_seen = [this] { events_.Ring(); }});
}

// What a person has to know: the job may have failed for want of space, or gone on without some of
// what it wrote.
void AttemptRun::TellFullDisk() {
  const bool was_full_meanwhile = disk_.was_full();
  disk_.Look();
  if (!disk_.was_full() && !events_.was_disk_full()) return;
  const std::string disk = "the disk of " + channel_.folder() + " ";
  const std::string left = " (" + FormatBytes(disk_.left_bytes()) + " left)";
  if (!exit_.succeeded() && exit_.cause != "canceled") {
    exit_.message +=
        "; " + disk + (disk_.left_bytes() < DiskWatch::kFullBytes ? "is" : "was") + " full" + left;
  }
  if (!exit_.started || !was_full_meanwhile) return;
  std::string note = disk +
                     "was full while the job ran: lines of its log, and what else it wrote "
                     "there, may be missing" +
                     left;
  // There is surely room for exit.json, but not for an event.
  if (exit_.succeeded()) {
    exit_.message = std::move(note);
  } else {
    events_.Note(note);
  }
}

Failure AttemptRun::FailureOf(const Status& status, std::string_view cause) {
  if (status.code() == Code::kCancelled || signals_.CancelAsked()) {
    return {"canceled", "the job was canceled before it started"};
  }
  return {std::string(cause), status.text()};
}

// exit.json for an attempt that cannot even be read.
Status GiveUp(const AttemptChannel& channel, const Status& why) {
  ExitRecord exit;
  exit.seq = 1;
  exit.cause = "runner";
  exit.message = why.text();
  exit.ended = SystemClock().Now();
  return channel.WriteExit(exit);
}

Status RunAttempt(const RunnerOptions& options, const AttemptChannel& channel) {
  Result<AttemptSpec> spec = channel.ReadSpec();
  if (!spec.ok()) return GiveUp(channel, spec.status());
  Result<AttemptSecrets> secrets = channel.TakeSecrets();
  if (!secrets.ok()) return GiveUp(channel, secrets.status());
  return AttemptRun(options, channel, std::move(spec).value(), std::move(secrets).value()).Run();
}

}  // namespace

int Run(const RunnerOptions& options) {
  const AttemptChannel channel(options.attempt_folder);
  // A no-op if this process leads a session already.
  setsid();
  const Result<Fd> lock = channel.TakeRunnerLock(OwnIdentity());
  if (!lock.ok()) {
    Log(LogLevel::kWarning, "the attempt cannot be run", {{"why", lock.status().text()}});
    return lock.status().code() == Code::kConflict ? kNotOurs : kFailed;
  }
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  // Also for what prepares the environment.
  setenv("LAZURITE_ATTEMPT", options.attempt_folder.c_str(), 1);
  const Status done = RunAttempt(options, channel);
  // A second start of this attempt, which came too late, may have written them once more.
  unlink(channel.Path("secrets").c_str());
  if (done.ok()) return kDone;
  Log(LogLevel::kError, "the attempt could not be ended properly", {{"error", done.text()}});
  return kFailed;
}

}  // namespace lazurite::runner
