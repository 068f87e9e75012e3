// The server as one object: everything it is made of, in the order of its life.
#pragma once

#include <memory>
#include <string>

#include "api/http/context.h"
#include "api/live/live_routes.h"
#include "app/serve/front.h"
#include "app/serve/options.h"
#include "base/http/server.h"
#include "domain/compute/backend.h"
#include "domain/compute/gpu_watch.h"
#include "domain/compute/machine.h"
#include "domain/compute/slot_board.h"
#include "engine/data/manifest_hasher.h"
#include "engine/environment/bytecode.h"
#include "engine/environment/checker.h"
#include "engine/reconciler/reconciler.h"
#include "engine/scheduler/scheduler.h"

namespace lazurite::serve {

class Server final {
 public:
  explicit Server(Options options) : options_(std::move(options)) {}
  ~Server();

  // Opens the home, listens, starts the engines. What could not be done says what to do instead.
  Status Start();
  // Tells on standard error where it serves, and loudly if nobody is asked for a token.
  void Announce() const;
  // Serves until SIGTERM or SIGINT; then lets requests under way end. Jobs go on.
  void Run();

 private:
  Status OpenHome();
  Status LoadPeople();
  Status MakeEngines();
  void OpenBoard();
  Status Listen();
  void AddRoutes();
  EnvironmentSettings EnvironmentSettingsOf() const;
  scheduler::SchedulerOptions SchedulerSettings();
  reconciler::ReconcilerOptions ReconcilerSettings();
  Response ShowHealth() const;
  Response ShowServer() const;
  Response ShowMetrics() const;
  Json ServerJson() const;
  Task<void> StopServing();

  const Options options_;
  const SystemClock clock_{};
  RandomIdSource ids_;
  const Time started_ = clock_.Now();
  Fd home_lock_;
  MachineFacts machine_;
  std::unique_ptr<Identity> identity_;
  std::unique_ptr<Vault> vault_;
  std::unique_ptr<BlobStore> blobs_;
  Loop loop_;
  std::unique_ptr<live::ChangeHub> hub_;
  std::unique_ptr<live::FileWatcher> files_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ComputeBackend> backend_;
  std::unique_ptr<environment::Checker> environments_;
  std::unique_ptr<environment::BytecodeCompiler> compiler_;
  std::unique_ptr<data::ManifestHasher> hasher_;
  std::optional<SlotBoard> board_;
  std::unique_ptr<scheduler::Scheduler> scheduler_;
  std::unique_ptr<GpuWatch> gpus_;  // wakes the scheduler, so it goes first
  std::unique_ptr<reconciler::Reconciler> reconciler_;
  ApiContext context_;
  LiveContext live_;
  Router router_;
  std::unique_ptr<Guard> guard_;
  std::unique_ptr<JobGate> gate_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<HttpServer> http_;
  int port_ = 0;
};

}  // namespace lazurite::serve
