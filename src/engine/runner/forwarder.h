// Passes the job's calls on to the server, and keeps what it logs while the server is away.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/http/client.h"
#include "base/http/message.h"
#include "base/id.h"
#include "base/net/loop.h"
#include "domain/attempt/spool.h"
#include "engine/runner/own_run.h"
#include "engine/runner/secret_redaction.h"

namespace lazurite::runner {

// All on one loop with one thread.
class Forwarder final {
 public:
  static constexpr Duration kReplayPauseMax{1000};
  struct Options {
    std::string server_file;     // run/server.json of the home
    std::string attempt_folder;  // where the spool is
    std::string token;           // what the job has to show
    std::string server_token;    // what is shown to the server, "" = nothing
    // Told, on the loop, of calls that were answered and are lost after all; kNotesMax at most.
    std::function<void(const std::string&)> note = {};
    Duration replay_pause_max = kReplayPauseMax;
    JobRun run = {};  // of this job: what is asked of it is answered at once
    Redaction redaction = {};  // taken out of what the job tells of its runs
  };
  // A call that the server fails at so often is set aside.
  static constexpr int kReplayTriesMax = 20;
  static constexpr int kNotesMax = 20;
  Forwarder(Loop& loop, Options options);

  Task<Response> Handle(Request& request);
  // Calls that wait are answered soon.
  void BeginStop() { is_stopping_ = true; }
  // The server gets what is in the spool, if it is there; what it does not take stays for later.
  Task<void> Finish();

 private:
  enum class Sent : unsigned char { kTaken, kRefused, kNobody };

  Task<Response> HandleLog(Request& request, std::string body);
  Task<Response> HandleOwnRun(const Request& request);
  Task<Response> HandleOther(Request& request, std::optional<std::string> body);
  Task<bool> MaySend(std::chrono::steady_clock::time_point deadline);
  Task<Result<Response>> Send(ClientRequest request, BodyReader* from);
  ClientRequest Prepare(const Request& request, std::string_view id) const;
  Result<Origin> Server();
  Status Keep(const Request& request, std::string id, std::string body);
  Task<void> Replay();
  Task<bool> ReplayPage(std::chrono::steady_clock::time_point deadline);
  Task<Sent> ReplayEntry(const SpoolEntry& entry);
  Sent Failed(const SpoolEntry& entry, int status);
  void TellLost(const SpoolEntry& entry, const std::string& why);

  Loop& loop_;
  const Options options_;
  Spool spool_;
  RandomIdSource ids_;
  OwnRun own_run_;
  std::optional<Origin> server_;  // where it was last
  // The spool holds what the server has not taken: further log calls queue behind it.
  bool is_spooling_ = false;
  bool is_replaying_ = false;
  bool is_stopping_ = false;
  int64_t failing_ = -1;  // the end of the entry that the server fails at
  int failures_ = 0;
  int notes_ = 0;
};

}  // namespace lazurite::runner
