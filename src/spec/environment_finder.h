// The environment that a job names.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "domain/environment/environment.h"
#include "storage/sql/database.h"

namespace lazurite::spec {

// The specification that a reference means in this workspace; labels, registries and curated names
// ("azureml-…", which need no registration: whoever builds them knows the names) too.
Result<EnvironmentSpec> FindEnvironment(Transaction& transaction, std::string_view workspace,
                                        const std::string& reference);

}  // namespace lazurite::spec
