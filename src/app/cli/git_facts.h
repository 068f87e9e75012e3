// What git knows of a folder: where the code of a job comes from, and what was not committed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace lazurite::cli {

struct GitFacts {
  std::string commit;            // "" = no repository, no commit yet, or no git
  std::string branch;            // "" = detached
  std::string repository;        // address of the remote, without its user and password; "" = none
  std::optional<bool> is_dirty;  // files of the folder are changed or untracked; nothing: not known
  int changed = 0;               // of them, tracked ones
  int untracked = 0;
  std::string diff;          // of the tracked files in the folder, as `git apply` takes it
  bool is_diff_cut = false;  // it was longer than kDiffBytesMax
  std::string trouble;       // for people: why less is known than there is; "" else
};

// A longer diff is cut after its last whole line.
inline constexpr size_t kDiffBytesMax = size_t{4} << 20;
// For all that git is asked; of a larger repository less is known, and told.
inline constexpr Duration kGitTimeMax{3'000};

// Asks git three things at once; it is fine to be absent.
GitFacts LookAtGit(const std::string& folder);

// An address without user and password: "https://u:p@h/x" -> "https://h/x"; "git@h:x" stays.
std::string WithoutCredentials(std::string_view address);
// "2 files, +3 -1"
std::string DescribeDiff(std::string_view diff);

// The properties of a job that tell it, in Azure's words; none without a commit.
std::map<std::string, std::string> GitProperties(const GitFacts& facts);
// Where the diff is kept (a data URI), and what it is in short.
inline constexpr std::string_view kDiffProperty = "lazurite.git.diff";
inline constexpr std::string_view kDiffSummaryProperty = "lazurite.git.diff_summary";

}  // namespace lazurite::cli
