#include "app/serve/server.h"

#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <iostream>

#include "api/arm/arm_routes.h"
#include "api/mlflow/mlflow_routes.h"
#include "api/runhistory/runhistory_routes.h"
#include "api/upload/upload_routes.h"
#include "app/serve/home_database.h"
#include "app/serve/home_lock.h"
#include "app/serve/job_hooks.h"
#include "app/serve/job_secrets.h"
#include "app/serve/welcome.h"
#include "base/log.h"
#include "base/net/port_holder.h"
#include "base/net/tls.h"
#include "domain/attempt/tombstone.h"
#include "domain/workspace/home_place.h"
#include "domain/workspace/places.h"
#include "engine/backend/local_backend.h"
#include "engine/scheduler/attempt_builder.h"
#include "storage/sql/changes.h"

namespace lazurite::serve {
namespace {

// Followers of logs come back to the next server where they were, and uploads go on: stopping need
// not wait for them.
constexpr std::chrono::seconds kStopGrace{2};
// Of files of other servers so much is kept, or a tenth of the disk if that is more.
constexpr int64_t kCacheBytesLeast = int64_t{20} << 30;

// More descriptors than the usual soft limit: each follower of a log holds two.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int64_t CacheBytesMax(const Options& options) {
  if (options.cache_bytes_max > 0) return options.cache_bytes_max;
  struct statvfs info {};
  if (statvfs(options.home.c_str(), &info) != 0) return kCacheBytesLeast;
  const auto disk = static_cast<int64_t>(info.f_blocks * info.f_frsize);
  return std::max(kCacheBytesLeast, disk / 10);
}

std::string ProgramPath() {
  std::string path(4096, '\0');
  const ssize_t count = readlink("/proc/self/exe", path.data(), path.size());
  path.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return path;
}

std::string_view LevelName(LogLevel level) {
  static constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};
  return kNames[static_cast<size_t>(level)];
}

std::string AddressText(std::string_view scheme, const std::string& address, int port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return std::string(scheme) + "://" + (is_v6 ? "[" + address + "]" : address) + ":" +
         std::to_string(port);
}

}  // namespace

Server::~Server() {
  // The engines use everything below them; the database runs closures of theirs until it is closed.
  if (reconciler_) reconciler_->Stop();
  if (scheduler_) scheduler_->Stop();
  database_.reset();
}

Status Server::Start() {
  RaiseFileLimit();
  TRY(OpenHome());
  const Status cleared = RemoveBuried(options_.home);
  if (!cleared.ok()) {
    Log(LogLevel::kWarning, "folders of deleted jobs are left", {{"error", cleared.text()}});
  }
  TRY(MakeEngines());
  AddRoutes();
  TRY(Listen());
  // Last: who cannot serve must not run anybody's jobs.
  TRY(reconciler_->Start());
  scheduler_->Start();
  return WriteFileAtomic(ServerFile(options_.home), ServerJson().Dump(2) + "\n", 0600);
}

Status Server::OpenHome() {
  ASSIGN_OR_RETURN(const HomePlace place, LookAtHome(options_.home));
  TRY(CheckHome(place, options_.is_network_home));
  ASSIGN_OR_RETURN(const std::string closed, CloseHome(options_.home));
  if (!closed.empty()) Log(LogLevel::kWarning, closed, {});
  ASSIGN_OR_RETURN(home_lock_, LockHome(options_.home));
  ASSIGN_OR_RETURN(identity_, Identity::Open(options_.home));
  ASSIGN_OR_RETURN(blobs_, BlobStore::Open(DatastoresFolder(options_.home)));
  ASSIGN_OR_RETURN(vault_, Vault::Open(options_.home));
  ASSIGN_OR_RETURN(database_, OpenDatabase(options_.home));
  TRY(LoadPeople());
  machine_ = LookAtMachine();
  if (options_.slots > 0) machine_.cores = options_.slots;
  return {};
}

// Who may come in beside the owner, and what an older program kept without sealing it.
Status Server::LoadPeople() {
  std::vector<UserToken> tokens;
  TRY(database_->ReadNow([&](Transaction& transaction) {
    ASSIGN_OR_RETURN(tokens, UserTokenStore().List(transaction));
    return Status();
  }));
  UserTokens& people = identity_->user_tokens();
  for (UserToken& token : tokens) people.Add(std::move(token));
  people.OnUse([this](const std::string& id, Time now) {
    database_->Write(
        [id, now](Transaction& transaction) {
          return UserTokenStore().MarkUsed(transaction, id, now);
        },
        [](const Status&) {});
  });
  return SealOldHome(options_.home, *database_, *vault_);
}

EnvironmentSettings Server::EnvironmentSettingsOf() const {
  return {.envs_folder = EnvironmentsFolder(options_.home),
          .host_fallback = options_.is_host_fallback,
          .uv = options_.uv,
          .build_timeout = options_.build_timeout,
          .index_url = options_.index_url,
          .extra_index_urls = options_.extra_index_urls};
}

// Without it this server is alone on its machine, as far as it knows.
void Server::OpenBoard() {
  Result<SlotBoard> board = SlotBoard::Open(options_.locks);
  if (board.ok()) {
    board_.emplace(std::move(board).value());
    return;
  }
  Log(LogLevel::kWarning,
      "what servers of other users hold is not seen, nor they what this one does",
      {{"why", board.status().text()}});
}

scheduler::SchedulerOptions Server::SchedulerSettings() {
  const scheduler::AttemptSettings attempts{.home = options_.home,
                                            .blobs = blobs_.get(),
                                            .environments = EnvironmentSettingsOf(),
                                            .slots_folder = board_ ? board_->folder() : "",
                                            .cache_bytes_max = CacheBytesMax(options_)};
  return {.database = database_.get(),
          .clock = &clock_,
          .backend = backend_.get(),
          .home = options_.home,
          .surroundings = {.machine = {.slots = machine_.cores,
                                       .memory_bytes = machine_.memory_bytes,
                                       .gpus = {},
                                       .seats_per_gpu = options_.jobs_per_gpu},
                           .gpus = gpus_.get(),
                           .board = board_},
          .running_per_user_max = options_.running_per_user_max,
          .build_attempt =
              [attempts](Transaction& transaction, Job& job, const scheduler::Placed& placed) {
                return scheduler::BuildAttemptSpec(transaction, attempts, job, placed);
              },
          .make_secrets = [this](const Job& job) -> Result<AttemptSecrets> {
            ASSIGN_OR_RETURN(AttemptSecrets secrets,
                             MakeSecrets({*database_, *identity_, *vault_}, job));
            secrets.index_url = options_.index_url;
            secrets.extra_index_urls = options_.extra_index_urls;
            return secrets;
          }};
}

reconciler::ReconcilerOptions Server::ReconcilerSettings() {
  return {
      .database = database_.get(),
      .clock = &clock_,
      .backend = backend_.get(),
      .home = options_.home,
      .on_running =
          [this](Transaction& transaction, const Job& job) {
            const Json* folder = job.detail.At("environment.folder");
            if (folder != nullptr && folder->is_string()) compiler_->Used(folder->string());
            return BeginRun(transaction, job, *job.started);
          },
      .on_completed = [this](Transaction& transaction,
                             Job& job) { return RegisterOutputs(transaction, job, clock_.Now()); },
      .replay_spool =
          [this](const Job& job, const AttemptChannel& channel, std::vector<std::string>& notes) {
            return ReplaySpool({*database_, clock_.Now(), notes}, job, channel);
          }};
}

Status Server::MakeEngines() {
  int64_t newest = 0;
  TRY(database_->ReadNow([&newest](Transaction& transaction) {
    ASSIGN_OR_RETURN(newest, NewestChange(transaction));
    return Status();
  }));
  hub_ = std::make_unique<live::ChangeHub>(loop_, *database_, newest);
  files_ = std::make_unique<live::FileWatcher>(loop_);
  backend_ = backend::MakeLocalBackend(
      {.home = options_.home, .program = ProgramPath(), .has_nursery = true});
  environments_ = std::make_unique<environment::Checker>(EnvironmentSettingsOf());
  compiler_ = std::make_unique<environment::BytecodeCompiler>(EnvironmentsFolder(options_.home));
  hasher_ = std::make_unique<data::ManifestHasher>(options_.home);
  hasher_->Start();
  OpenBoard();
  gpus_ = std::make_unique<GpuWatch>(options_.gpus);
  scheduler_ = std::make_unique<scheduler::Scheduler>(SchedulerSettings());
  gpus_->Start([this] { scheduler_->Wake(); });
  reconciler_ = std::make_unique<reconciler::Reconciler>(ReconcilerSettings());
  database_->OnCommit([this](int64_t seq) {
    hub_->Committed(seq);
    scheduler_->Wake();
  });
  return {};
}

void Server::AddRoutes() {
  context_ = {.loop = &loop_,
              .database = database_.get(),
              .clock = &clock_,
              .ids = &ids_,
              .blobs = blobs_.get(),
              .identity = identity_.get(),
              .vault = vault_.get(),
              .home = options_.home,
              .version = LAZURITE_VERSION,
              .wake_engines =
                  [this] {
                    scheduler_->Wake();
                    reconciler_->Wake();
                  },
              .check_environment =
                  [this](const EnvironmentSpec& spec) { return environments_->Check(spec); },
              .manifest_added = [this](const std::string& folder) { hasher_->Added(folder); },
              .is_unknown_compute_refused = options_.is_unknown_compute_refused,
              .explain_job =
                  [this](const std::string& job) {
                    std::string why = scheduler_->Explain(job);
                    return why.empty() ? reconciler_->Explain(job) : why;
                  }};
  live_ = {
      .hub = hub_.get(),
      .files = files_.get(),
      .cluster = [this] { return scheduler_->Snapshot(); },
      .waiters = [this] { return scheduler_->Waiters(); },
      .bytes_in_hand = [this](const std::string& folder) { return hasher_->BytesInHand(folder); }};
  const auto add = [this](const char* path, Response (Server::*show)() const) {
    router_.Get(path, [this, show](Request&) -> Task<Response> {
      return [](Response answer) -> Task<Response> { co_return answer; }((this->*show)());
    });
  };
  AddWelcome(router_, LAZURITE_VERSION);
  add("/healthz", &Server::ShowHealth);
  add("/metrics", &Server::ShowMetrics);
  add("/lazurite/v1/server", &Server::ShowServer);
  AddArmRoutes(router_, context_);
  AddUploadRoutes(router_, context_);
  AddRunHistoryRoutes(router_, context_);
  AddMlflowRoutes(router_, context_);
  AddLiveRoutes(router_, context_, live_);
}

Status Server::Listen() {
  ASSIGN_OR_RETURN(const AuthorityFiles files,
                   EnsureAuthority(TlsFolder(options_.home), {options_.address}));
  HttpServerOptions http;
  http.stop_grace = kStopGrace;
  ASSIGN_OR_RETURN(http.tls, TlsContext::Server(files.certificate, files.key));
  guard_ = std::make_unique<Guard>(*identity_, clock_, options_.auth);
  gate_ = std::make_unique<JobGate>(*database_, clock_);
  front_ = std::make_unique<Front>(router_, *guard_, *gate_);
  http_ = std::make_unique<HttpServer>(
      loop_, http, [this](Request& request) { return front_->Handle(request); });
  Result<int> port = http_->ListenTcp(options_.address, options_.port);
  if (port.ok()) {
    port_ = *port;
    return {};
  }
  if (port.status().code() != Code::kConflict) return port.status();
  const std::string holder = HolderOfPort(options_.port);
  return Conflict("port " + std::to_string(options_.port) + " is taken by " +
                  (holder.empty() ? "another program" : holder) +
                  "; stop it, or choose another port with --port");
}

Json Server::ServerJson() const {
  return Json(Json::Object{{"pid", int64_t{getpid()}},
                           {"port", port_},
                           {"address", AddressText("http", options_.address, port_)},
                           {"https", AddressText("https", options_.address, port_)},
                           {"version", LAZURITE_VERSION},
                           {"started", FormatTime(started_)},
                           {"home", options_.home},
                           {"log_level", LevelName(options_.log_level)},
                           {"auth", options_.auth == Guard::Mode::kToken ? "token" : "none"}});
}

Response Server::ShowHealth() const {
  return Response::OfJson(200, Json(Json::Object{{"status", "ok"},
                                                 {"version", LAZURITE_VERSION},
                                                 {"home", options_.home},
                                                 {"pid", int64_t{getpid()}}}));
}

Response Server::ShowServer() const {
  Json json = ServerJson();
  json["cores"] = machine_.cores;
  json["memory_bytes"] = machine_.memory_bytes;
  json["gpus"] = Json::MakeArray();
  for (const Gpu& gpu : gpus_->View().gpus) json["gpus"].Push(gpu.name);
  json["user_namespaces"] = machine_.user_namespaces;
  return Response::OfJson(200, json);
}

Response Server::ShowMetrics() const {
  const scheduler::Cluster cluster = scheduler_->Snapshot();
  int held = 0;
  for (const scheduler::Held& one : cluster.running) held += one.slots;
  return Response::Text(
      200,
      front_->metrics().Text() +
          GaugeText("lazurite_jobs_placed", "Jobs that have a place and have not ended.",
                    static_cast<double>(cluster.running.size())) +
          GaugeText("lazurite_jobs_waiting", "Jobs that wait for a place.",
                    static_cast<double>(scheduler_->Waiting())) +
          GaugeText("lazurite_slots", "Slots of this machine.", cluster.machine.slots) +
          GaugeText("lazurite_slots_held", "Slots that jobs hold.", held) +
          GaugeText("lazurite_connections", "Open connections.", http_->connections()) +
          ProcessMetricsText(),
      "text/plain; version=0.0.4; charset=utf-8");
}

void Server::Announce() const {
  const std::string address = AddressText("http", options_.address, port_);
  Log(LogLevel::kInfo, "serving",
      {{"address", address}, {"home", options_.home}, {"version", LAZURITE_VERSION}});
  if (isatty(STDERR_FILENO) != 0) {
    std::cerr << "serving " << address << " (and https), home " << options_.home
              << "; Ctrl-C stops it, jobs go on\n";
  }
  if (options_.auth == Guard::Mode::kNone) {
    Log(LogLevel::kWarning,
        "authentication is off: every user and every program of this machine can run jobs as you");
  }
}

void Server::Run() {
  loop_.OnTermination([this](int) { Detach(StopServing()); });
  loop_.Run();
}

Task<void> Server::StopServing() {
  Log(LogLevel::kInfo, "stopping; jobs go on", {{"home", options_.home}});
  co_await http_->Stop();
  unlink(ServerFile(options_.home).c_str());
  loop_.Stop();
}

}  // namespace lazurite::serve
