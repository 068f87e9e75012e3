// What the server knows of a document's environment before anything is sent or built.
#pragma once

#include <string>
#include <vector>

#include "app/cli/context.h"
#include "app/cli/draft.h"

namespace lazurite::cli {

// Asks the server about the environment of a job, or of an environment's own document. Problems are
// shown at their places (context.details) and end it with kInvalidArgument. Warnings go to standard
// error; the lines that say what will be done are returned. Nothing is known, and one line says
// so if `tells_absence`, where no server answers.
Result<std::vector<std::string>> CheckEnvironment(Context& context, const Draft& draft,
                                                  bool tells_absence);

}  // namespace lazurite::cli
