// Whether pip can read a version.
#pragma once

#include <string_view>

namespace lazurite::environment {

// "1.2.3", "2!1.0rc1.post2.dev3+cpu": a version as PEP 440 has it.
bool IsPep440(std::string_view version);

}  // namespace lazurite::environment
