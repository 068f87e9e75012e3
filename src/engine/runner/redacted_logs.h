// The logs of a job that has secrets: what its processes write goes through the runner, which takes
// the secrets out. Other jobs write to their logs themselves.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "engine/runner/ranks.h"
#include "engine/runner/secret_redaction.h"

namespace lazurite::runner {

class RedactedLogs final {
 public:
  explicit RedactedLogs(const Redaction& redaction) : redaction_(redaction) {}
  ~RedactedLogs() { Finish(); }
  RedactedLogs(const RedactedLogs&) = delete;
  RedactedLogs& operator=(const RedactedLogs&) = delete;

  // Puts itself between the plan's processes and their logs in the attempt's folder, and begins.
  // Nothing without secrets.
  Status Begin(JobPlan& plan, const std::string& folder);
  // Where the plan's process `number` writes to; -1 = to its log.
  int OutputOf(size_t number) const;
  // All processes have been started.
  void CloseOutputs() { outputs_.clear(); }
  // Everything written so far is in the logs; what is written from now on is lost. False if some
  // of it could not be written.
  bool Finish();

 private:
  struct Source {
    Fd from, to;
    StreamRedactor redactor;
    bool has_ended = false;
  };
  Status AddPipe(const std::string& log);
  Status AddFifo(const std::string& fifo, const std::string& log);
  Status AddMpi(JobPlan& plan, RankPlan& launcher, const std::string& folder);
  Status Add(Fd from, const std::string& log);
  void Run();
  size_t TakeSome(Source& source);
  void Drain(Source& source);
  void Put(const Source& source, const std::string& text);

  const Redaction& redaction_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<Fd> outputs_;  // of the plan's processes
  std::string fifos_;        // their folder, "" = none
  Fd stop_;
  std::thread thread_;
  bool has_lost_ = false;
};

}  // namespace lazurite::runner
