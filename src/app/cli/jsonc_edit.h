// Changes to a JSON file that people write by hand, comments and all.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace lazurite::cli {

// `text` with the member `key` of its object `section` set to `value`, every other byte as it was:
// a missing section or member is inserted, an equal one changes nothing. kFailedPrecondition: the
// text is no object with comments, or the member is there with another value.
Result<std::string> SetInSection(std::string_view text, std::string_view section,
                                 std::string_view key, const Json& value);

}  // namespace lazurite::cli
