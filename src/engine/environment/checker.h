// What is known of an environment before anything is built.
#pragma once

#include "base/clock.h"
#include "base/locked.h"
#include "domain/environment/environment.h"
#include "engine/environment/plan.h"

namespace lazurite::environment {

// Holds specifications against this machine. Quick enough for a handler: what the machine has is
// looked at again after kLookPause at the earliest. Safe for several threads.
class Checker final {
 public:
  static constexpr Duration kLookPause{std::chrono::seconds(5)};

  explicit Checker(EnvironmentSettings settings);

  EnvironmentCheck Check(const EnvironmentSpec& spec) const;

 private:
  struct Seen {
    std::optional<std::chrono::steady_clock::time_point> when;
    Machine machine;
  };
  Machine Look() const;

  const EnvironmentSettings settings_;
  const Variables variables_;
  mutable Locked<Seen> seen_;
};

}  // namespace lazurite::environment
