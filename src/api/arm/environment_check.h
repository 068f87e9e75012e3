// What the server finds wrong with an environment before anything is built.
#pragma once

#include <string_view>
#include <vector>

#include "api/arm/arm.h"
#include "domain/asset/asset_store.h"

namespace lazurite::arm {

// Each error as a sentence that begins with its property ("properties.image: …"). For a job `where`
// is the property that names the environment ("properties.environmentId"), which all sentences
// begin with then.
std::vector<Status> ProblemsOf(const EnvironmentCheck& check, std::string_view where);

// Of a version that is to be stored. Properties that cannot even be read have no problems here: the
// store says what they are.
std::vector<Status> CheckVersion(const ApiContext& context, std::string_view name,
                                 std::string_view version, const Json& properties);

}  // namespace lazurite::arm
