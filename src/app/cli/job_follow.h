// Follows a job: its logs on standard output, what happens to it on standard error.
#pragma once

#include <string>
#include <vector>

#include "app/cli/context.h"
#include "app/cli/job_watch.h"

namespace lazurite::cli {

struct FollowOptions {
  std::string job;
  std::vector<int> ranks;       // none: all
  std::optional<int64_t> tail;  // begin so many lines before the end
  bool has_follow = true;       // until the job ends; else what is there
  bool shows_states = false;    // states and the environment's build on standard error
};

// Ranks whose logs are followed at once.
inline constexpr size_t kFollowedMax = 64;

enum class FollowEnd : unsigned char {
  kComplete,     // all of the log is written; with has_follow the job has ended
  kInterrupted,  // Ctrl-C: the job goes on, or was asked to end; what to say has been said
};
// One rank: its log byte for byte; several: whole lines, each behind "[rank] ". One Ctrl-C detaches
// and says how to come back; a second one within two seconds asks for the job's end. Not all notes
// of a job need have been said: `notes` is to tell the others when its end is looked at.
Result<FollowEnd> FollowJob(Context& context, const FollowOptions& options, JobNotes& notes);

// How the job ended: duration, exit, metrics, outputs; on standard error. `live` is GetLiveJob's.
void ShowSummary(const Context& context, const Json& live);
// 0 if it completed, else 7, with an error line that says why.
int ReportEnd(const Context& context, const Json& live);

// Follows to the end, tells the notes, shows the summary, and sets the exit code.
Status FollowToEnd(Context& context, const FollowOptions& options);

}  // namespace lazurite::cli
