// Which packages an environment has.
#pragma once

#include <string>

#include "base/status.h"

namespace lazurite::environment {

// As `pip freeze` tells them: "name==1.2" a line, by name; what came from an address as
// "name @ address", without credentials. Conda's own packages are comments: "# conda:
// name=1.2=build". Read from what the installers left; nothing of the environment is run.
std::string FreezeOf(const std::string& folder);

// Writes that list into the environment if it has none yet, and gives the file's path.
Result<std::string> KeepFreeze(const std::string& folder);

}  // namespace lazurite::environment
