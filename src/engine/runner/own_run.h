// The job's own run as the server showed it last. MLflow's client asks for it before each call that
// logs; while the server is away, that question must not hold up the job.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/http/message.h"

namespace lazurite::runner {

// What is known of the run from the attempt itself.
struct JobRun {
  std::string id;  // "" = no run is the job's own
  std::string experiment_id;
  std::string name;
  Time started{};
};

// For one thread.
class OwnRun final {
 public:
  // A larger answer is passed on and not kept.
  static constexpr size_t kAnswerMax = size_t{4} << 20;

  explicit OwnRun(const JobRun& run);
  bool IsAskedFor(const Request& request) const;
  // Keeps what the server says of the run, as far as it says it: also while its body streams.
  Response Watch(Response answer);
  // What was kept; before that, the run without its data.
  Response Answer() const;

 private:
  const std::string id_;
  // Shared with bodies that still stream.
  const std::shared_ptr<std::string> seen_;
};

}  // namespace lazurite::runner
