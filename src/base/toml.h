// TOML, for configuration files (toml++ underneath, in one source).
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace lazurite {

// The document as JSON objects, arrays and scalars; dates and times are texts. kInvalidArgument:
// "FILE:line:col: what is wrong".
Result<Json> ParseToml(std::string_view text, std::string_view file);

// The file's content, or an empty object if there is no such file.
Result<Json> ReadTomlFile(const std::string& file);

}  // namespace lazurite
