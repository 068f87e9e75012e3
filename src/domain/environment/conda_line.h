// One dependency of a conda file (conda's MatchSpec as far as files use it).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "domain/environment/requirement.h"

namespace lazurite::environment {

// "conda-forge::Numpy >=1.26,<2 py311_0": a channel, a name, versions and a build.
struct CondaLine {
  std::string name;     // numpy
  std::string version;  // as written after the name, its build included: ">=1.26,<2 py311_0"
  std::optional<RequirementProblem> problem;
};

// Reads a dependency: `name`, `channel::name`, and after it `=1.2`, `==1.2`, `>=1,<2`, `1.2` and a
// build, after "=" or a blank. Everything else is a problem: conda's brackets too, and what only
// pip reads (extras, markers, addresses, options).
CondaLine ReadCondaLine(std::string_view line);

}  // namespace lazurite::environment
