#include "app/cli/environment_check.h"
#include "app/cli/flags.h"
#include "app/cli/job_follow.h"
#include "app/cli/job_start.h"
#include "app/cli/noun.h"

namespace lazurite::cli {
namespace {

// The file may be a word: `submit train.yml`. LoadDraft reads --file, so the word becomes that.
Arguments WithFile(const Arguments& arguments) {
  Arguments out = arguments;
  if (!out.words.empty()) {
    out.flags.emplace_back("--file", out.words[0]);
    out.words.clear();
  }
  return out;
}

Status Submit(Context& context) {
  const Noun& noun = NounOf(context);
  ASSIGN_OR_RETURN(Draft draft, LoadDraft(context, noun.word, noun.fields));
  const bool is_dry = context.arguments.Has("--dry-run");
  ASSIGN_OR_RETURN(const auto environment, CheckEnvironment(context, draft, is_dry));
  context.terminal.Note(context.terminal.Err("plan", Colour::kBold) + "  " +
                        context.arguments.Get("--file"));
  if (!context.terminal.is_quiet) WriteErr(DescribePlan(draft, environment));
  if (is_dry) return {};
  ASSIGN_OR_RETURN(const Json created,
                   StartJob(context, draft, context.arguments.Has("--if-not-exists")));
  const std::string name = created.GetString("name");
  context.terminal.Note(context.terminal.Err("job " + name, Colour::kBold));
  if (context.arguments.Has("--detach")) return context.Print(ViewOf(noun, created), ViewOf(noun));
  return FollowToEnd(context, {.job = name, .ranks = {}, .tail = {}, .shows_states = true});
}

Status Run(Context& context) {
  if (context.arguments.words.empty() && !context.arguments.Has("--file")) {
    return InvalidArgument("lazurite submit needs a file");
  }
  Context with_file(context.command, WithFile(context.arguments), context.terminal);
  Status status = Submit(with_file);
  context.exit_code = with_file.exit_code;
  context.help = with_file.help;
  context.details = with_file.details;
  return status;
}

constexpr Flag kFlags[] = {flags::kFile,   flags::kSet,
                           flags::kName,   {"--detach", "-d", "", "do not follow the log"},
                           flags::kDryRun, flags::kIfNotExists};

}  // namespace

extern const Command kSubmit;
const Command kSubmit = {
    .name = "submit",
    .sentence =
        "Run a job: show the plan, create it, follow its log; exits with 7 if the job fails.",
    .arguments = "FILE",
    .subject = "<file>",
    .words_max = 1,
    .flags = kFlags,
    .examples =
        "lazurite submit train.yml\n"
        "lazurite submit train.yml --set inputs.lr=0.01\n"
        "lazurite submit train.yml --dry-run",
    .run = Run};

}  // namespace lazurite::cli
