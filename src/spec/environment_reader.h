// REST's properties of an environment version as the domain's EnvironmentSpec.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/status.h"
#include "domain/environment/environment.h"

namespace lazurite::spec {

// Reads "properties" of environments/NAME/versions/VERSION. kInvalidArgument: neither image nor
// build nor condaFile, or one of the wrong type.
Result<EnvironmentSpec> ReadEnvironment(std::string_view name, std::string_view version,
                                        const Json& properties);

}  // namespace lazurite::spec
