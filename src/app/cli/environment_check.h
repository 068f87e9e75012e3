// What the server knows of a document's environment before anything is sent or built.
#pragma once

#include <string>
#include <vector>

#include "app/cli/context.h"
#include "app/cli/draft.h"
#include "spec/problem.h"

namespace lazurite::cli {

// Asks the server about the environment of a job, or of an environment's own document. Problems are
// shown at their places (context.details) and end it with kInvalidArgument. Warnings go to standard
// error; the lines that say what will be done are returned. kUnavailable where no server answers; a
// dry run says in one line that nothing is known, and goes on.
Result<std::vector<std::string>> CheckEnvironment(Context& context, const Draft& draft,
                                                  bool is_dry);

// Adds what the server finds in the environment of a document that has problems already, so that
// all are told at once. Says nothing where no server answers, and of what cannot be read.
void AddEnvironmentProblems(Context& context, const Draft& draft,
                            std::vector<spec::Problem>& problems);

}  // namespace lazurite::cli
