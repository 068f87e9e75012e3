// Lazurite's own routes for jobs, logs, queue and files (docs/api.md).
#pragma once

#include <functional>

#include "api/http/context.h"
#include "api/live/change_hub.h"
#include "engine/scheduler/scheduler.h"

namespace lazurite {

struct LiveContext {
  live::ChangeHub* hub = nullptr;
  live::FileWatcher* files = nullptr;
  // Who holds what on this machine, now.
  std::function<scheduler::Cluster()> cluster;
  // Who waits and why, the front of the queue first.
  std::function<std::vector<scheduler::Scheduler::Waiter>()> waiters;
  // Of the file that is hashed just now for this manifest (a folder); 0 if none is.
  std::function<int64_t(const std::string& folder)> bytes_in_hand = [](const std::string&) {
    return int64_t{0};
  };
};

// Both contexts outlive the router.
void AddLiveRoutes(Router& router, const ApiContext& context, const LiveContext& live);

}  // namespace lazurite
