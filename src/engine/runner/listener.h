// The server as the job sees it: an HTTP listener on this machine's loopback that lives as long as
// the job, wherever the server listens now and whether it listens or not.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "engine/runner/forwarder.h"

namespace lazurite::runner {

class Listener {
 public:
  struct Options {
    std::string home;            // whose run/server.json says where the server is
    std::string attempt_folder;  // whose spool keeps what the server has not taken yet
    std::string token;           // asked for, and shown to the server; "" = a token of its own
    // Told, on another thread, of calls that were answered and are lost after all.
    std::function<void(const std::string&)> note = {};
    Duration replay_pause_max = Forwarder::kReplayPauseMax;
    JobRun run = {};  // what the job's own run is answered with until the server was asked for it
    Redaction redaction = {};  // what must not reach the server's records
  };
  // Listens when it returns. Forwards everything to the server. While the server is away, calls
  // that log (metrics, parameters, tags) are kept in the spool and answered, the job's own run is
  // shown as it was seen last; others wait.
  static Result<std::unique_ptr<Listener>> Start(Options options);
  virtual ~Listener() = default;

  virtual std::string address() const = 0;       // "http://127.0.0.1:4711"
  virtual const std::string& token() const = 0;  // what the job has to show
  // Takes no more calls, gives the server for a moment what is in the spool, and ends.
  virtual void Stop() = 0;
};

}  // namespace lazurite::runner
