// The part of a requirement after ";": python_version < "3.12" and sys_platform == "linux".
#pragma once

#include <optional>
#include <string_view>

#include "domain/environment/requirement.h"

namespace lazurite::environment {

// What is wrong in a marker (PEP 508), with its place in `text`; nothing if all is well.
std::optional<RequirementProblem> CheckMarker(std::string_view text);

}  // namespace lazurite::environment
