#include "app/cli/environment_check.h"
#include "app/cli/flags.h"
#include "app/cli/job_follow.h"
#include "app/cli/job_start.h"
#include "app/cli/noun.h"

namespace lazurite::cli {
namespace {

Status Run(Context& context) {
  const Noun& noun = NounOf(context);
  if (!context.arguments.Has("--file")) {
    return InvalidArgument("lazurite job create needs --file");
  }
  ASSIGN_OR_RETURN(Draft draft, LoadDraft(context, noun.word, noun.fields));
  const bool is_dry = context.arguments.Has("--dry-run");
  ASSIGN_OR_RETURN(const auto environment, CheckEnvironment(context, draft, is_dry));
  if (is_dry) {
    WriteErr("would create a job\n" + DescribePlan(draft, environment));
    return {};
  }
  ASSIGN_OR_RETURN(const Json created,
                   StartJob(context, draft, context.arguments.Has("--if-not-exists")));
  const std::string name = created.GetString("name");
  if (context.arguments.Has("--web")) {
    const Json* page = created.At("properties.services.Studio.endpoint");
    if (page != nullptr) context.terminal.Note(PlainText(*page));
  }
  if (!context.arguments.Has("--stream")) return context.Print(ViewOf(noun, created), ViewOf(noun));
  context.terminal.Note("job " + name);
  return FollowToEnd(context, {.job = name, .ranks = {}, .tail = {}, .shows_states = true});
}

constexpr Flag kFlags[] = {
    flags::kFile,   flags::kSet,
    flags::kName,   {"--stream", "-s", "", "follow the log until the job ends"},
    flags::kDryRun, flags::kIfNotExists,
    flags::kWeb};

}  // namespace

extern const Command kJobCreate;
const Command kJobCreate = {.name = "job create",
                            .sentence = "Create a job from a YAML file.",
                            .arguments = "-f FILE",
                            .flags = kFlags,
                            .examples =
                                "lazurite job create -f train.yml\n"
                                "lazurite job create -f train.yml --set inputs.lr=0.01 --stream\n"
                                "NAME=$(lazurite job create -f train.yml --query name -o tsv)",
                            .run = Run};

}  // namespace lazurite::cli
