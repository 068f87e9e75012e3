// Data that stays where it is: what the server knows of its manifest.
#pragma once

#include "app/cli/server.h"

namespace lazurite::cli {

// GET …/manifest (docs/api.md) of a data version, given as its resource. With `is_compared` also
// what has changed by now, which takes a look at every file. kNotFound if it is not used in place.
Result<Json> GetManifest(Server& server, const Json& resource, bool is_compared);

}  // namespace lazurite::cli
