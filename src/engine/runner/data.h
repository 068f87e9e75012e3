// The job's data: its inputs before it starts, its outputs after it has ended.
#pragma once

#include <functional>
#include <string>

#include "domain/attempt/attempt.h"
#include "engine/runner/sandbox.h"
#include "engine/runner/variables.h"

namespace lazurite::runner {

struct DataPlaces {
  Variables inputs;   // name to path, URI or literal: what ${{inputs.name}} is
  Variables outputs;  // name to path
  // Of inputs that are used in place and are no longer what was registered: a sentence each, and
  // for how many files, by the input's name.
  std::vector<std::string> notes;
  Json changed = Json::MakeObject();
};

class JobData final {
 public:
  using Log = std::function<void(std::string_view line)>;  // into system_logs/data.txt
  using Cancelled = std::function<bool()>;

  JobData(const AttemptSpec& spec, std::string folder, Log log)
      : spec_(spec), folder_(std::move(folder)), log_(std::move(log)) {}

  // Copies the code, makes inputs/, outputs/ and data/. Inputs that are mounted are put into
  // `sandbox`, and so are the places in the store that the job may write. kCancelled if `cancelled`
  // says so meanwhile.
  Result<DataPlaces> Prepare(Sandbox& sandbox, const Cancelled& cancelled);
  // After all processes have ended: outputs that are uploaded, and the run's artifacts
  // (code/outputs and code/logs), go to their places; durable when it returns. Does all it can,
  // whatever fails.
  Status Store();
  // Of what Store() has not stored, since it is no file of the job's: a sentence each output.
  const std::vector<std::string>& left_out() const { return left_out_; }

 private:
  Status PrepareInput(const AttemptInput& input, Sandbox& sandbox, const Cancelled& cancelled);
  Status CheckRegistered(const AttemptInput& input);
  Result<std::string> Bring(const AttemptInput& input, const Cancelled& cancelled);
  Status PrepareOutput(const AttemptOutput& output, Sandbox& sandbox);
  Status StoreOutput(const AttemptOutput& output);
  Status StoreArtifacts(const std::string& name, bool& has_any);
  Status Gather(const std::string& title, const std::string& from, const std::string& to);
  Result<int> GatherAll(const std::string& from, const std::string& to, std::string& first);
  Status GatherFile(const std::string& source, const std::string& target, bool& is_taken);
  Status Link(const std::string& target, const std::string& name) const;

  const AttemptSpec& spec_;
  const std::string folder_;
  const Log log_;
  DataPlaces places_;
  std::vector<std::string> left_out_;
  std::vector<Fd> held_;  // files of other servers, which stay as long as this lives
};

}  // namespace lazurite::runner
