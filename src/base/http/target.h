// The request target: "/a%20b?x=1".
#pragma once

#include "base/http/message.h"

namespace lazurite {

// The part of a target that is a path, still encoded, without the query and an origin before it.
std::string_view RawPath(std::string_view target);
// Fills in path and query from the target. kInvalidArgument: broken percent-encoding or NUL bytes.
Status ReadTarget(Request& request);

}  // namespace lazurite
