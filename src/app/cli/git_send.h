// The git facts of a job's code, put into its document.
#pragma once

#include <memory>
#include <string>

#include "app/cli/context.h"
#include "app/cli/draft.h"
#include "app/cli/git_facts.h"

namespace lazurite::cli {

// The folder whose repository a job comes from: its code, else where its file lies.
std::string GitFolderOf(const Draft& draft);

// Looks at git and uploads the diff, on a thread and a connection of its own.
class GitLook {
 public:
  GitLook(std::string folder, const Settings& settings);
  ~GitLook();
  GitLook(const GitLook&) = delete;
  GitLook& operator=(const GitLook&) = delete;

  // Waits for the end, and adds the properties. A document that has git properties keeps its own.
  // What cannot be had is told and keeps no job from starting.
  void AddTo(const Context& context, Draft& draft);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lazurite::cli
