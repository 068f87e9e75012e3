// The variables with which mlflow, the SDKs and this program find the server.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/cli/settings.h"

namespace lazurite::cli {

using Variables = std::vector<std::pair<std::string, std::string>>;
Variables SdkEnvironment(const Settings& settings);

}  // namespace lazurite::cli
