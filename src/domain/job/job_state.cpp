#include "domain/job/job_state.h"

#include <array>
#include <string>

namespace lazurite {
namespace {

using S = JobState;
using E = JobEvent;

// Rows of one state stand together. A state that is not first in any row is an end.
constexpr Transition kTable[] = {
    {S::kNotStarted, E::kSubmitted, S::kQueued},
    {S::kNotStarted, E::kCancelAsked, S::kCanceled},
    {S::kNotStarted, E::kFailed, S::kFailed},
    // Runs that plain MLflow makes: their script runs already, where nobody here placed it.
    {S::kNotStarted, E::kRanksStarted, S::kRunning},

    {S::kQueued, E::kPlaced, S::kPreparing},
    {S::kQueued, E::kCancelAsked, S::kCanceled},
    {S::kQueued, E::kFailed, S::kFailed},

    {S::kPreparing, E::kInputsReady, S::kStarting},
    {S::kPreparing, E::kRanksStarted, S::kRunning},
    {S::kPreparing, E::kCancelAsked, S::kCancelRequested},
    {S::kPreparing, E::kFailed, S::kFailed},
    {S::kPreparing, E::kCompleted, S::kCompleted},
    {S::kPreparing, E::kStopped, S::kCanceled},
    {S::kPreparing, E::kSilent, S::kNotResponding},
    {S::kPreparing, E::kReturned, S::kQueued},
    {S::kPreparing, E::kGone, S::kFailed},

    {S::kStarting, E::kRanksStarted, S::kRunning},
    {S::kStarting, E::kCancelAsked, S::kCancelRequested},
    {S::kStarting, E::kFailed, S::kFailed},
    {S::kStarting, E::kCompleted, S::kCompleted},
    {S::kStarting, E::kStopped, S::kCanceled},
    {S::kStarting, E::kSilent, S::kNotResponding},
    {S::kStarting, E::kReturned, S::kQueued},
    {S::kStarting, E::kGone, S::kFailed},

    {S::kRunning, E::kRanksEnded, S::kFinalizing},
    {S::kRunning, E::kCancelAsked, S::kCancelRequested},
    {S::kRunning, E::kFailed, S::kFailed},
    {S::kRunning, E::kCompleted, S::kCompleted},
    {S::kRunning, E::kStopped, S::kCanceled},
    {S::kRunning, E::kSilent, S::kNotResponding},
    {S::kRunning, E::kReturned, S::kQueued},
    {S::kRunning, E::kGone, S::kFailed},

    {S::kFinalizing, E::kCancelAsked, S::kCancelRequested},
    {S::kFinalizing, E::kFailed, S::kFailed},
    {S::kFinalizing, E::kCompleted, S::kCompleted},
    {S::kFinalizing, E::kStopped, S::kCanceled},
    {S::kFinalizing, E::kSilent, S::kNotResponding},
    {S::kFinalizing, E::kReturned, S::kQueued},
    {S::kFinalizing, E::kGone, S::kFailed},

    {S::kCancelRequested, E::kStopped, S::kCanceled},
    {S::kCancelRequested, E::kFailed, S::kFailed},
    {S::kCancelRequested, E::kCompleted, S::kCompleted},
    {S::kCancelRequested, E::kSilent, S::kNotResponding},
    {S::kCancelRequested, E::kGone, S::kCanceled},

    // Heard again: back to where it was, by the event that leads there.
    {S::kNotResponding, E::kHeard, S::kRunning},
    {S::kNotResponding, E::kPlaced, S::kPreparing},
    {S::kNotResponding, E::kInputsReady, S::kStarting},
    {S::kNotResponding, E::kRanksStarted, S::kRunning},
    {S::kNotResponding, E::kRanksEnded, S::kFinalizing},
    {S::kNotResponding, E::kCancelAsked, S::kCancelRequested},
    {S::kNotResponding, E::kFailed, S::kFailed},
    {S::kNotResponding, E::kCompleted, S::kCompleted},
    {S::kNotResponding, E::kStopped, S::kCanceled},
    {S::kNotResponding, E::kReturned, S::kQueued},
    {S::kNotResponding, E::kGone, S::kFailed},
};

constexpr std::array<std::string_view, 11> kStateNames = {
    "NotStarted",      "Queued",    "Preparing", "Starting", "Running",      "Finalizing",
    "CancelRequested", "Completed", "Failed",    "Canceled", "NotResponding"};

constexpr std::array<std::string_view, 13> kEventNames = {
    "submitted", "placed",   "inputs_ready", "ranks_started", "ranks_ended",
    "completed", "failed",   "cancel_asked", "stopped",       "silent",
    "heard",     "returned", "gone"};

}  // namespace

std::span<const Transition> Transitions() { return kTable; }

Result<JobState> Next(JobState from, JobEvent event) {
  for (const Transition& row : kTable) {
    if (row.from == from && row.event == event) return row.to;
  }
  return FailedPrecondition("a job in state " + std::string(ToText(from)) + " cannot take \"" +
                            std::string(ToText(event)) + "\"");
}

bool IsTerminal(JobState state) {
  return state == S::kCompleted || state == S::kFailed || state == S::kCanceled;
}

std::string_view ToText(JobState state) { return kStateNames[static_cast<size_t>(state)]; }
std::string_view ToText(JobEvent event) { return kEventNames[static_cast<size_t>(event)]; }

Result<JobState> ParseJobState(std::string_view text) {
  for (size_t i = 0; i < kStateNames.size(); ++i) {
    if (kStateNames[i] == text) return static_cast<JobState>(i);
  }
  return InvalidArgument("\"" + std::string(text) + "\" is no job state");
}

}  // namespace lazurite
