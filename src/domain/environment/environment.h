// What a job runs in, and who makes it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/status.h"

namespace lazurite {

// The specification of an environment version: exactly what makes its content.
struct EnvironmentSpec {
  std::string name;  // for people
  std::string version;
  std::string image;    // container image, or ""
  std::string conda;    // text of a conda file, or ""
  Json build = Json();  // {"contextUri", "dockerfilePath"}, or null
  // An interpreter of this machine that is used as it is, instead of all that: its path, "host"
  // for the one on the server's PATH, or "".
  std::string python = {};

  static constexpr std::string_view kHost = "host";
  // The property of an environment version that says so.
  static constexpr std::string_view kPythonProperty = "lazurite.python";

  Json ToJson() const;
  static Result<EnvironmentSpec> FromJson(const Json& json);
};

// A prepared environment: what to add to the ranks' variables so that `python` is the right one.
struct PreparedEnvironment {
  std::string hash;    // content hash, "" for the machine's own Python
  std::string folder;  // of the virtual environment, or ""
  bool was_reused = false;
  std::string freeze = {};  // file that lists its packages, or ""
  std::map<std::string, std::string>
      variables;  // VIRTUAL_ENV, CONDA_PREFIX…, and "PATH" as a prefix to put before PATH
};

inline constexpr Duration kBuildTimeoutDefault{std::chrono::hours(1)};

struct EnvironmentSettings {
  std::string envs_folder;  // <home>/envs
  bool host_fallback =
      false;  // [environment] host_fallback: run unknown images on the machine itself, told loudly
  std::string uv;  // path of uv, "" = look for it
  // [environment] build_timeout: how long one build may take.
  Duration build_timeout = kBuildTimeoutDefault;
  // [environment] index_url and extra_index_urls, "" and none = what uv and pip are told otherwise.
  // They may carry a password, so they are in no record: see AttemptSecrets.
  std::string index_url = {};
  std::vector<std::string> extra_index_urls = {};
};

// What can be said of a specification before anything is built.
struct EnvironmentFinding {
  // Where the REST properties say it: "image", "build", "condaFile.dependencies.2.pip.0";
  // "" = the environment as a whole.
  std::string target;
  std::string message;
  std::string suggestion = {};  // did you mean …?
  Code code = Code::kOk;        // kOk: a warning, it can be used all the same
};
struct EnvironmentCheck {
  std::vector<EnvironmentFinding> findings;
  std::vector<std::string> notes;  // what will be done, for people
  bool ok() const {
    for (const EnvironmentFinding& finding : findings) {
      if (finding.code != Code::kOk) return false;
    }
    return true;
  }
};

// Makes environments. Implemented by engine/environment and by a fake in tests.
class EnvironmentBuilder {
 public:
  virtual ~EnvironmentBuilder() = default;
  // Called with each line for a person: what is reused, translated, built, and the resolver's own
  // output.
  using Log = std::function<void(std::string_view line)>;
  // Polled during a build; true ends it with kCancelled.
  using Canceled = std::function<bool()>;

  // Finds or builds the environment (one build per content hash at a time, across processes).
  // kFailedPrecondition: it cannot be had here, with what it would need; kInvalidArgument: the
  // specification is wrong; kInternal: the build failed, with the resolver's own words.
  virtual Result<PreparedEnvironment> Prepare(const EnvironmentSpec& spec, const Log& log,
                                              const Canceled& canceled) = 0;
};

}  // namespace lazurite
