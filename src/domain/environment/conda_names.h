// From conda's packages to PyPI's, for machines without conda: conda_names.json.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "domain/environment/conda_file.h"

namespace lazurite::environment {

struct Untranslated {
  CondaPackage package;
  std::string message;
};

struct Translated {
  std::vector<std::string> requirements;  // as pip reads them
  std::vector<std::string> notes;         // one for each dependency, for people
  // Packages that PyPI has not, and versions that pip cannot say.
  std::vector<Untranslated> problems;
};

// Translates conda dependencies ("numpy=1.26", "conda-forge::pytorch>=2"), all that can be.
Translated TranslateConda(const std::vector<CondaPackage>& dependencies);

// A conda version as PEP 440 has it: "=1.5" is "==1.5.*", "=1.5=py38_0" too, ">=1,<2" stays.
Result<std::string> TranslateVersion(std::string_view conda);

}  // namespace lazurite::environment
