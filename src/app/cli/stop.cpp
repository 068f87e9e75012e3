#include "app/cli/flags.h"
#include "app/cli/job_names.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

constexpr size_t kJobsMax = 1000;

Status Cancel(Context& context, Server& server, const std::string& name) {
  TRY(CancelJob(server, name));
  context.terminal.Note("asked job " + name + " to end");
  return {};
}

Status RunStop(Context& context) {
  std::vector<std::string> words = context.arguments.words;
  if (context.arguments.Has("--name")) words.push_back(context.arguments.Get("--name"));
  if (words.empty()) return InvalidArgument("lazurite stop needs the name of a job");
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  std::vector<std::string> names;
  for (const std::string& word : words) {
    ASSIGN_OR_RETURN(const std::string name, FindJob(context, *server, word));
    names.push_back(name);
  }
  if (names.size() > 1 && !context.arguments.Has("--yes")) {
    const std::string question =
        "stop " + std::to_string(names.size()) + " jobs (" + Join(names, ", ") + ")?";
    ASSIGN_OR_RETURN(const bool agreed, Confirm(context.terminal, question));
    if (!agreed) return Status(Code::kCancelled, "no job was stopped");
  }
  for (const std::string& name : names) TRY(Cancel(context, *server, name));
  return {};
}

Status RunCancel(Context& context) {
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(const std::string name, FindNamedJob(context, *server));
  return Cancel(context, *server, name);
}

constexpr Flag kStopFlags[] = {flags::kJobName, flags::kYes};
constexpr Flag kCancelFlags[] = {flags::kJobName, flags::kYes, flags::kNoWait};

}  // namespace

extern const Command kStop;
const Command kStop = {.name = "stop",
                       .sentence = "Ask jobs to end.",
                       .arguments = "NAME…",
                       .subject = "<job>",
                       .words_max = kJobsMax,
                       .flags = kStopFlags,
                       .examples = "lazurite stop 7f3\nlazurite stop 7f3 81c --yes",
                       .run = RunStop};

extern const Command kJobCancel;
const Command kJobCancel = {.name = "job cancel",
                            .sentence = "Ask a job to end.",
                            .arguments = "NAME",
                            .subject = "<job>",
                            .words_max = 1,
                            .flags = kCancelFlags,
                            .examples = "lazurite job cancel --name brave_moon_1a2b3c4d5e",
                            .run = RunCancel};

}  // namespace lazurite::cli
