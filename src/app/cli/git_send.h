// The git facts of a job's code, put into its document.
#pragma once

#include "app/cli/context.h"
#include "app/cli/draft.h"
#include "app/cli/git_facts.h"

namespace lazurite::cli {

// The folder whose repository a job comes from: its code, else where its file lies.
std::string GitFolderOf(const Draft& draft);
// Adds the properties, and uploads the diff. A document that has git properties keeps its own. What
// cannot be had is told and keeps no job from starting.
void AddGitFacts(Context& context, Server& server, const GitFacts& facts, Draft& draft);

}  // namespace lazurite::cli
