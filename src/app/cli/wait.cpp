#include "app/cli/flags.h"
#include "app/cli/job_follow.h"
#include "app/cli/job_names.h"
#include "app/cli/progress.h"
#include "base/text.h"
#include "domain/job/job_state.h"

namespace lazurite::cli {
namespace {

constexpr Duration kPauseMin{50};
constexpr Duration kPauseMax{1000};

// True if a job in that state has reached what is waited for.
bool HasReached(std::string_view goal, const Json& live) {
  const std::string state = Lower(live.GetString("state"));
  if (goal == "ended") return IsEnded(live);
  if (goal == state) return true;
  // A job that ran and has ended has been running.
  return goal == "running" && (state == "finalizing" || !live.GetString("started").empty());
}

Status WaitFor(Context& context, const std::string& name, const std::string& goal,
               Instant deadline) {
  Progress progress(context.terminal, "waiting for " + name + " to be " + goal);
  Duration pause = kPauseMin;
  while (true) {
    ASSIGN_OR_RETURN(Server * server, context.Reconnect());
    const Result<Json> live = GetLiveJob(*server, name);
    if (live.ok()) {
      if (HasReached(goal, *live)) return context.Print(*live->Find("state"), {});
      if (IsEnded(*live)) {
        context.exit_code = std::max(ReportEnd(context, *live), kJobFailedExit);
        return {};
      }
      const std::string reason = live->GetString("reason");
      progress.ShowText(live->GetString("state") +
                        (reason.empty() ? "" : ": " + Printable(reason)));
    } else if (live.status().code() != Code::kUnavailable || deadline == Instant::max()) {
      return live.status();
    }
    if (context.clock.Steady() >= deadline) {
      return {Code::kDeadlineExceeded,
              "job " + name + " is not " + goal + " yet" +
                  (live.ok() ? ", it is " + live->GetString("state") : "")};
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 3 / 2, kPauseMax);
  }
}

Status Run(Context& context) {
  Instant deadline = Instant::max();
  if (context.arguments.Has("--timeout")) {
    ASSIGN_OR_RETURN(const double seconds, ParseSeconds(context.arguments.Get("--timeout")));
    deadline = context.clock.Steady() + Duration(static_cast<int64_t>(seconds * 1000));
  }
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(const std::string name, FindNamedJob(context, *server));
  return WaitFor(context, name, context.arguments.Get("--for", "completed"), deadline);
}

constexpr Flag kFlags[] = {flags::kJobName,
                           {"--for", "", "STATE", "what to wait for, completed if not given",
                            "completed|running|ended|failed|canceled|queued|preparing"},
                           {"--timeout", "", "TIME", "give up after: 90s, 5m, 2h; exits with 6"}};

}  // namespace

extern const Command kWait;
const Command kWait = {
    .name = "wait",
    .sentence = "Wait for a job; exits with 7 if it ends in another way.",
    .arguments = "NAME",
    .subject = "<job>",
    .words_max = 1,
    .flags = kFlags,
    .examples = "lazurite wait 7f3 --for completed --timeout 2h\nlazurite wait 7f3 --for running",
    .run = Run};

}  // namespace lazurite::cli
