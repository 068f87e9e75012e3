// Creating a job from a checked document; `job create` and `submit` share it.
#pragma once

#include <span>
#include <string>

#include "app/cli/context.h"
#include "app/cli/draft.h"

namespace lazurite::cli {

// Sends its files and what git knows of them, names it, and PUTs it. The resource as the server has
// it. With `if_not_exists` an existing job of that name is the answer.
Result<Json> StartJob(Context& context, Draft& draft, bool if_not_exists);

}  // namespace lazurite::cli
