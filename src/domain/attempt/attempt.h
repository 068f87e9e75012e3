// The files in which server and runner meet: the attempt directory and its formats. The directory
// is the truth about an attempt; the server may read all of it at any time, any number of times.
// docs/formats/attempt.md tells more.
//
// clang-format off
//   <home>/jobs/<job>/<attempt>/
//     spec.json             written once by the server: what the attempt needs, resolved, no secret
//     secrets               0600, JSON object, read once by the runner, then removed
//     cancel                by the server: the job is to be ended (the runner also gets SIGTERM)
//     nodes/0/runner.lock   locked (open file description lock) while the runner lives;
//                           {"boot_id", "pid", "start_time"} inside, written once, never again
//     nodes/0/events.jsonl  appended by the runner alone: an event a line, fsynced, never rewritten
//     nodes/0/groups        folders of its control group, a line each
//     nodes/0/exit.json     written by rename, last; until then nodes/0/exit.json.new keeps room on
//                           the disk for the runner's last words
//     spool/0               calls logged while the server could not be reached (spool.h)
//     spool/0.done          how many bytes of it the server has taken
//     verdict.json          by the server, when no exit.json can say how it ended
//     user_logs/            std_log.txt (one rank), std_log_process_<rank>.txt (several)
//     system_logs/          environment.txt, data.txt, runner.txt, mpirun.txt;
//                           environment_freeze.txt: the packages of its environment
//     code/                 working copy, the ranks' working directory
//     inputs/ outputs/      materialised inputs, local outputs
//     data/                 links INPUT_<name>, <name> to them (AZUREML_CR_DATA_CAPABILITY_PATH)
// clang-format on
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "domain/attempt/process.h"
#include "domain/environment/environment.h"
#include "domain/job/job_spec.h"

namespace lazurite {

// One data input, resolved by the server to a place on this machine.
struct AttemptInput {
  std::string name;
  std::string type;  // uri_file, uri_folder, mltable, …
  DataMode mode = DataMode::kReadOnlyMount;
  std::string source;  // absolute path of the stored file or folder; "" with kDirect
  std::string uri;     // what a `direct` input is replaced by
  // Of data that is used in place: what registered it ("azureml:data:1") and the folder of its
  // manifest.
  std::string registered = {};
  std::string manifest = {};
};

struct AttemptOutput {
  std::string name;
  std::string type;
  DataMode mode = DataMode::kReadWriteMount;
  // Absolute path in the blob store where it ends up (a file's path for uri_file).
  std::string target;
};

// A part of a lock file; seat -1 is all of it.
struct AttemptLock {
  std::string path;
  int seat = -1;
};

struct AttemptSpec {
  std::string job;
  // Tells apart jobs of the same name, of which one was deleted before the other was made.
  std::string life;
  int attempt = 1;
  std::string home;  // absolute
  std::string display_name, experiment_name, experiment_id;
  std::string workspace, resource_group, subscription;
  std::string command;  // with its ${{…}} and $[[…]] still in it; the runner knows the paths
  std::string code_source;                      // absolute path of the code snapshot to copy, or ""
  std::map<std::string, std::string> literals;  // inputs that are values
  std::vector<AttemptInput> inputs;
  std::vector<AttemptOutput> outputs;
  std::map<std::string, std::string> environment_variables;  // the user's
  EnvironmentSpec environment;
  EnvironmentSettings environment_settings;
  Distribution distribution;
  int instance_count = 1;
  double cpus = 1;                // granted, for OMP_NUM_THREADS
  int64_t memory_bytes = 0;       // granted, of all ranks together; 0 = no share of its own
  std::vector<std::string> gpus;  // granted, as the driver's variables take them: "0", "MIG-…"
  std::string gpu_vendor = "nvidia";  // "nvidia" or "amd"
  // What of the machine is held as long as the runner lives (domain/compute/slot_board.h).
  std::vector<AttemptLock> locks;
  std::string slots_folder;  // where servers of other users look, "" = nowhere
  int slots = 1;
  std::optional<Duration> timeout;
  Duration cancel_grace{std::chrono::seconds(30)};
  // What of other servers' files is kept for later jobs, at most; 0 = none is brought.
  int64_t cache_bytes_max = 0;
  std::string artifacts_folder;  // absolute: the run's artifacts (outputs/, logs/ below it)
  // Of the home: not to be seen by the job (tokens, keys, database).
  std::vector<std::string> hidden_paths;

  Json ToJson() const;
  static Result<AttemptSpec> FromJson(const Json& json);
};

// Kept out of spec.json: the job's own token (JWT-like, made by api/auth) and resolved secrets.
struct AttemptSecrets {
  std::string token;
  std::map<std::string, std::string> environment_variables;
  std::vector<std::string> hidden = {};  // values of secrets: to be taken out of logs and records
  // Of EnvironmentSettings, whose record has them not.
  std::string index_url = {};
  std::vector<std::string> extra_index_urls = {};

  Json ToJson() const;
  static Result<AttemptSecrets> FromJson(const Json& json);
};

// A line of events.jsonl. Names: "started", "environment_ready", "inputs_ready", "ranks_started",
// "ranks_ended", "outputs_stored", "ended", "note" (detail.text: a sentence for the job's page).
struct AttemptEvent {
  int64_t seq = 0;  // from 1, without gaps
  Time time{};
  std::string event;
  Json detail = Json::MakeObject();

  Json ToJson() const;
  static Result<AttemptEvent> FromJson(const Json& json);
};

// Some lines of events.jsonl, in order.
struct EventPage {
  static constexpr size_t kLinesMax = 10'000;

  std::vector<AttemptEvent> events;
  int64_t end = 0;              // where the next page begins
  bool has_unreadable = false;  // lines that cannot be read were left out
  bool is_last = true;          // false: there may be more already
};

struct ResourceUse {
  double cpu_s = 0;
  int64_t rss_max_bytes = 0;
  int64_t read_bytes = 0;  // from storage, not from the page cache
  int64_t written_bytes = 0;
  int64_t memory_peak_bytes = 0;  // of all processes at a time; 0 = not known (control_group.h)

  Json ToJson() const;
  static ResourceUse FromJson(const Json& json);
};

// exit.json. `cause`: exited, signaled, timeout, canceled, out_of_memory, environment, input,
// output, rank_failed, runner (the runner itself could not go on).
struct ExitRecord {
  int64_t seq = 0;
  std::string cause;
  std::optional<int> code;
  std::optional<int> signal;
  int rank = 0;                 // which rank ended first in the way that decided
  std::string message;          // for a person
  std::optional<Time> started;  // ranks
  std::optional<Time> ended;
  ResourceUse usage;  // of all ranks
  std::vector<ResourceUse> rank_usage;
  std::map<std::string, int64_t> log_bytes;  // "user_logs/std_log.txt" -> size
  Json limits;  // "by" what the job was held to its "memory_bytes" (0 = no limit) and "cores"

  bool succeeded() const { return cause == "exited" && code == 0; }
  Json ToJson() const;
  static Result<ExitRecord> FromJson(const Json& json);
};

// verdict.json. `cause`: runner_lost, machine_restarted, backend.
struct Verdict {
  std::string cause;
  std::string message;
  Time time{};
  Json ToJson() const;
  static Result<Verdict> FromJson(const Json& json);
};

// What the holder of runner.lock wrote into it.
struct RunnerIdentity {
  std::string boot_id;
  int pid = 0;
  int64_t start_time = 0;  // field 22 of /proc/<pid>/stat
  Json ToJson() const;
  static Result<RunnerIdentity> FromJson(const Json& json);
};

// What is done while exit.json is written.
struct ExitSteps {
  std::function<void()> before_seen = [] {};  // it is on the disk, under another name
  std::function<void()> when_seen = [] {};    // it is there, and soon durable
};

// Reads and writes the files of one attempt directory. Files now; over HTTP from nodes without a
// common file system later.
class AttemptChannel {
 public:
  explicit AttemptChannel(std::string folder) : folder_(std::move(folder)) {}
  static std::string FolderOf(const std::string& home, std::string_view job, int attempt);

  const std::string& folder() const { return folder_; }
  std::string Path(std::string_view relative) const;

  // Server's side.
  // Makes the directory with spec.json and secrets. Calling again replaces both files. Not durable,
  // which would cost milliseconds of every start: an attempt whose runner never took the lock is
  // made again after a crash of the machine, and the runner makes its lock durable before it starts
  // anything. What another life of the job (AttemptSpec::life) left there is removed first.
  Status Create(const AttemptSpec& spec, const AttemptSecrets& secrets) const;
  Status AskCancel() const;
  // The events from `offset` of events.jsonl, which is 0 or the `end` of an earlier page; a torn
  // last line is left for later.
  Result<EventPage> ReadEvents(int64_t offset = 0) const;
  Result<std::optional<ExitRecord>> ReadExit() const;
  Result<std::optional<Verdict>> ReadVerdict() const;
  // Under the runner's lock: kConflict if a runner holds it after all; a later one ends at once.
  Status WriteVerdict(const Verdict& verdict) const;
  // The folders of the attempt's control group; none if it has none, or if they are not its own.
  std::vector<std::string> ReadGroups() const;
  // For an attempt whose runner has read them, or never will. Fine if they are gone.
  void DropSecrets() const;
  enum class Runner : unsigned char {
    kNever,    // no identity in the lock file yet: it was not started, or died before it could take
               // the lock
    kAlive,    // the lock is held
    kGone,     // the lock is free, same boot
    kRebooted  // the lock is free and another boot wrote it
  };
  struct RunnerView {
    Runner state = Runner::kNever;
    RunnerIdentity identity;
  };
  // Never disturbs the runner: the lock is asked about, not taken.
  Result<RunnerView> LookAtRunner() const;

  // Runner's side.
  Result<AttemptSpec> ReadSpec() const;
  Result<AttemptSecrets> TakeSecrets() const;  // reads and removes; empty if gone already
  std::string LockPath() const;
  std::string EventsPath() const;
  // Takes the lock of this attempt and says who holds it; the lock lives as long as the descriptor.
  // kConflict: a runner holds it or held it once, or the attempt has ended: it must not run again.
  Result<Fd> TakeRunnerLock(const RunnerIdentity& identity) const;
  Status WriteGroups(const std::vector<std::string>& folders) const;
  // Under which name exit.json is written before it is seen.
  std::string UnseenExit() const;
  // Durable, by rename.
  Status WriteExit(const ExitRecord& exit, const ExitSteps& steps = {}) const;

 private:
  Status RemoveOtherLife(const AttemptSpec& spec) const;
  Result<Fd> LockRunner() const;

  std::string folder_;
};

}  // namespace lazurite
