// Files of a home that hold a key or a token: made once, for the owner's eyes only.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace lazurite {

// What the file says; if it is not there it is made (0600) of `prefix` and `bytes` random bytes in
// base64url. kPermissionDenied if others can read it, kFailedPrecondition if it is too short.
Result<std::string> ReadOrMakeKeyFile(const std::string& file, std::string_view prefix,
                                      size_t bytes);

}  // namespace lazurite
