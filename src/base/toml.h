// TOML, for configuration files (toml++ underneath, in one source).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace lazurite {

// The document as JSON objects, arrays and scalars; dates and times are texts. kInvalidArgument:
// "FILE:line:col: what is wrong".
Result<Json> ParseToml(std::string_view text, std::string_view file);

// Whether all keys of the document are among the known ones: dotted paths ("server.port"), also one
// beside another below it. kInvalidArgument: "FILE:line:col: …" with the nearest known one.
Status CheckTomlKeys(std::string_view text, std::string_view file,
                     const std::vector<std::string_view>& known);

// The file's content, or an empty object if there is no such file.
Result<Json> ReadTomlFile(const std::string& file);

}  // namespace lazurite
