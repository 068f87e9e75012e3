// From conda's packages to PyPI's, for machines without conda: conda_names.json.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lazurite::environment {

struct Translated {
  std::vector<std::string> requirements;  // as pip reads them
  std::vector<std::string> notes;         // one for each dependency, for people
};

// Translates conda dependencies ("numpy=1.26", "conda-forge::pytorch>=2"). kFailedPrecondition: a
// package that PyPI has not, or a version that pip cannot say; kInvalidArgument: no dependency at
// all.
Result<Translated> TranslateConda(const std::vector<std::string>& dependencies);

// A conda version as PEP 440 has it: "=1.5" is "==1.5.*", "=1.5=py38_0" too, ">=1,<2" stays.
Result<std::string> TranslateVersion(std::string_view conda);

}  // namespace lazurite::environment
