// The variables with which mlflow, the SDKs and this program find the server.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/cli/settings.h"

namespace lazurite::cli {

using Variables = std::vector<std::pair<std::string, std::string>>;
Variables SdkEnvironment(const Settings& settings);
// Those of them, secrets and all, that are set to something else now: what a shell had for another
// server, such as Azure's. "" if there are none, else a sentence that names them.
std::string DescribeReplaced(const Variables& variables, const GetEnvironment& environment);

}  // namespace lazurite::cli
