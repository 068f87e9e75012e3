// What every face of the API works with; made once by app/serve.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/http/router.h"
#include "base/id.h"
#include "base/net/loop.h"
#include "domain/environment/environment.h"
#include "domain/identity/identity.h"
#include "domain/secret/vault.h"
#include "domain/workspace/resource_id.h"
#include "storage/blob/blob_store.h"
#include "storage/sql/database.h"

namespace lazurite {

struct ApiContext {
  Loop* loop = nullptr;
  Database* database = nullptr;
  const Clock* clock = nullptr;
  IdSource* ids = nullptr;
  BlobStore* blobs = nullptr;
  const Identity* identity = nullptr;
  const Vault* vault = nullptr;
  std::string home;     // absolute
  std::string version;  // of the program
  // Tells the engines that a job was created or is to be canceled: they look at once instead of at
  // their next tick.
  std::function<void()> wake_engines = [] {};
  // What is known of an environment without building it. Not for a loop's thread.
  std::function<EnvironmentCheck(const EnvironmentSpec&)> check_environment =
      [](const EnvironmentSpec&) { return EnvironmentCheck(); };
  // Tells the engine that hashes data used in place of a new manifest.
  std::function<void(const std::string& folder)> manifest_added = [](const std::string&) {};
  // [compute] unknown: a job that names no compute, or one that is not there, is refused; else it
  // runs on the whole machine, and says so.
  bool is_unknown_compute_refused = false;
  // Why a queued job waits, or what became of one that has a place cannot be recorded, in one
  // sentence; "" if neither is so.
  std::function<std::string(const std::string& job)> explain_job = [](const std::string&) {
    return std::string();
  };
};

// Each face adds its routes: void AddXRoutes(Router& router, const ApiContext& context); the
// context outlives the router.

}  // namespace lazurite
