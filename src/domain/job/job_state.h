// The states of a job, in Azure's words, and the one table of legal moves between them.
#pragma once

#include <span>
#include <string_view>

#include "base/status.h"

namespace lazurite {

enum class JobState : unsigned char {
  kNotStarted,
  kQueued,
  kPreparing,
  kStarting,
  kRunning,
  kFinalizing,
  kCancelRequested,
  kCompleted,
  kFailed,
  kCanceled,
  kNotResponding,
};

enum class JobEvent : unsigned char {
  kSubmitted,     // accepted, waits for a place
  kPlaced,        // given a place; the runner prepares environment and data
  kInputsReady,   // environment and inputs are there
  kRanksStarted,  // the user's processes run
  kRanksEnded,    // they have ended; outputs are stored
  kCompleted,     // ended well, outputs stored
  kFailed,        // ended badly, whatever the cause
  kCancelAsked,   // somebody wants it ended
  kStopped,       // it was ended because of that
  kSilent,        // nobody answers: leads to NotResponding and nowhere else
  kHeard,         // an answer again of a job that was running
  kReturned,      // its place was taken from it: it waits again, and runs as a new attempt
  kGone,          // no runner and no exit.json: fails, cause runner_lost or machine_restarted
};

struct Transition {
  JobState from;
  JobEvent event;
  JobState to;
};

// Every legal move. What is not here is refused and logged, never guessed.
std::span<const Transition> Transitions();
// kFailedPrecondition if the table has no such move.
Result<JobState> Next(JobState from, JobEvent event);

bool IsTerminal(JobState state);
std::string_view ToText(JobState state);  // "NotStarted"
std::string_view ToText(JobEvent event);  // "ranks_started"
Result<JobState> ParseJobState(std::string_view text);

}  // namespace lazurite
