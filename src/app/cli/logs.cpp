#include "app/cli/flags.h"
#include "app/cli/job_follow.h"
#include "app/cli/job_names.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

Result<std::vector<int>> ReadRanks(const Arguments& arguments) {
  std::vector<int> ranks;
  for (const std::string& list : arguments.All("--rank")) {
    for (const std::string_view text : lazurite::Split(list, ',')) {
      const std::optional<int64_t> rank = ParseInt(Trim(text));
      if (!rank || *rank < 0 || *rank > 1'000'000) {
        return InvalidArgument("--rank is \"" + list + "\", expected a number or several: 0,1");
      }
      ranks.push_back(static_cast<int>(*rank));
    }
  }
  return ranks;
}

Status Run(Context& context) {
  FollowOptions options;
  ASSIGN_OR_RETURN(options.ranks, ReadRanks(context.arguments));
  ASSIGN_OR_RETURN(options.tail, context.arguments.GetInt("--tail", 0));
  options.has_follow = context.arguments.Has("--follow");
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(options.job, FindNamedJob(context, *server));
  JobNotes notes;
  ASSIGN_OR_RETURN(const FollowEnd end, FollowJob(context, options, notes));
  if (end == FollowEnd::kInterrupted) {
    context.exit_code = kInterruptedExit;
    return {};
  }
  if (!options.has_follow) return {};
  ASSIGN_OR_RETURN(server, context.Reconnect());
  ASSIGN_OR_RETURN(const Json live, GetLiveJob(*server, options.job));
  notes.Tell(context.terminal, live);
  context.exit_code = ReportEnd(context, live);
  return {};
}

constexpr Flag kFlags[] = {
    flags::kJobName,
    {"--follow", "-f", "", "go on until the job ends; exits with 7 if it fails"},
    {"--rank", "", "N", "one process's log, or several: 0,1", "", "", true},
    {"--tail", "", "N", "begin N lines before the end"}};

}  // namespace

extern const Command kLogs;
const Command kLogs = {
    .name = "logs",
    .sentence = "Print what a job's processes have written.",
    .arguments = "NAME",
    .subject = "<job>",
    .words_max = 1,
    .flags = kFlags,
    .examples = "lazurite logs 7f3 --follow\nlazurite logs 7f3 --rank 0 --tail 100",
    .run = Run};

}  // namespace lazurite::cli
