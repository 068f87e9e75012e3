// One build of an environment at a time, across processes; who waits hears what the builder says.
#pragma once

#include <string>

#include "base/file.h"
#include "domain/environment/environment.h"

namespace lazurite::environment {

// `<folder>.lock` is held while this object lives, also if its process dies; `<folder>.log` tells
// those who wait how far the build is, and is gone afterwards.
class BuildLock final {
 public:
  using Log = EnvironmentBuilder::Log;
  using Canceled = EnvironmentBuilder::Canceled;

  // Waits while another build goes on and hands its lines to `log`; in silence it says now and then
  // who builds and for how long. `who` is told to others ("job a"). kCancelled if the asker gives
  // up.
  static Result<BuildLock> Take(const std::string& folder, const std::string& who, const Log& log,
                                const Canceled& canceled);
  BuildLock(BuildLock&&) = default;
  BuildLock& operator=(BuildLock&&) = delete;
  ~BuildLock();

  // A line of the build, for those who wait.
  void Say(std::string_view line) const;

 private:
  BuildLock(Fd lock, std::string said_path)
      : said_path_(std::move(said_path)), lock_(std::move(lock)) {}

  std::string said_path_;
  Fd lock_;
  Fd said_;
};

}  // namespace lazurite::environment
