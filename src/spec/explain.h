// The documentation of the YAML surface, made from the table of fields.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace lazurite::spec {

// What a field means: "job.resources.instance_count"; a prefix lists the fields below it, "" lists
// the nouns. Ends with a line feed. kNotFound: no such field, with the nearest name.
Result<std::string> Explain(std::string_view path);

// JSON Schema (draft 2020-12) of a kind or noun, for editors. kNotFound: no such kind.
Result<Json> JsonSchema(std::string_view kind);

}  // namespace lazurite::spec
