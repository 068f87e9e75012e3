#include "app/serve/serve.h"

#include <csignal>
#include <iostream>

#include "app/serve/options.h"
#include "app/serve/server.h"
#include "base/hash.h"
#include "domain/environment/curated.h"
#include "domain/workspace/places.h"
#include "engine/backend/nursery.h"
#include "engine/environment/uv_environment_builder.h"
#include "engine/runner/runner.h"

namespace lazurite {
namespace {

constexpr int kUsageError = 2;
constexpr int kConflictError = 5;

int Fail(const Status& why, std::string_view help) {
  std::cerr << "error: " << why.text() << "\n";
  if (!help.empty()) std::cerr << help << "\n";
  if (why.code() == Code::kInvalidArgument) return kUsageError;
  const bool is_conflict = why.code() == Code::kConflict || why.code() == Code::kFailedPrecondition;
  return is_conflict ? kConflictError : 1;
}

}  // namespace

int RunServe(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument != "--help" && argument != "-h") continue;
    std::cout << "Serve in the foreground until interrupted.\n\n" << serve::kUsage << "\n";
    return 0;
  }
  const Result<serve::Options> options = serve::ReadOptions(arguments);
  if (!options.ok()) return Fail(options.status(), serve::kUsage);
  SetLogLevel(options->log_level);
  RotateLog({.path = LogFile(options->home),
             .bytes_max = options->log_bytes_max,
             .keep = options->logs_kept});
  // A peer that has gone is an error of write(2), not the end of the server.
  std::signal(SIGPIPE, SIG_IGN);
  serve::Server server(*options);
  const Status started = server.Start();
  if (!started.ok()) return Fail(started, "");
  server.Announce();
  server.Run();
  return 0;
}

int RunRunner(int argc, char** argv) {
  const auto run = [](const std::string& folder) {
    return runner::Run({.attempt_folder = folder,
                        .make_environment_builder = environment::MakeUvEnvironmentBuilder});
  };
  const std::string first = argc > 2 ? argv[2] : "";
  if (first == "--nursery") {
    // What each runner would set up for itself.
    (void)RandomBytes(1);
    (void)FindCurated("");
    return backend::RunNursery(argc, argv, run);
  }
  if (argc != 3 || !first.starts_with('/')) {
    std::cerr << "usage: lazurite runner ATTEMPT_FOLDER\n";
    return kUsageError;
  }
  return run(first);
}

}  // namespace lazurite
