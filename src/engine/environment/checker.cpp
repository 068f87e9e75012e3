#include "engine/environment/checker.h"

#include <algorithm>

#include "base/file.h"
#include "engine/environment/machine.h"

namespace lazurite::environment {

Checker::Checker(EnvironmentSettings settings)
    : settings_(std::move(settings)), variables_(OwnVariables()) {}

Machine Checker::Look() const {
  return seen_.With([this](Seen& seen) {
    const auto now = std::chrono::steady_clock::now();
    if (!seen.when || now - *seen.when >= kLookPause) {
      seen.machine = RememberedMachine(variables_, JoinPath(settings_.envs_folder, "machine.json"));
      seen.when = now;
    }
    return seen.machine;
  });
}

EnvironmentCheck Checker::Check(const EnvironmentSpec& spec) const {
  Planning planning = PlanEnvironment(spec, settings_, Look());
  const auto is_error = [](const EnvironmentFinding& one) { return one.code != Code::kOk; };
  if (std::ranges::any_of(planning.findings, is_error)) {
    // Nothing is refused for want of what was installed a moment ago.
    planning = PlanEnvironment(spec, settings_, LookAtMachine(variables_));
  }
  if (planning.plan.kind == Plan::Kind::kHost && planning.findings.empty()) {
    planning.plan.notes.emplace_back("the job runs with this machine's own Python");
  }
  return {std::move(planning.findings), std::move(planning.plan.notes)};
}

}  // namespace lazurite::environment
