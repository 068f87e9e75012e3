#include "app/cli/flags.h"
#include "app/cli/job_follow.h"
#include "app/cli/job_names.h"

namespace lazurite::cli {
namespace {

Status Run(Context& context) {
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(const std::string name, FindNamedJob(context, *server));
  return FollowToEnd(context, {.job = name, .ranks = {}, .tail = {}, .shows_states = true});
}

constexpr Flag kFlags[] = {flags::kJobName};

}  // namespace

extern const Command kJobStream;
const Command kJobStream = {
    .name = "job stream",
    .sentence = "Follow a job's log from its beginning until the job ends.",
    .arguments = "NAME",
    .subject = "<job>",
    .words_max = 1,
    .flags = kFlags,
    .examples = "lazurite job stream --name brave_moon_1a2b3c4d5e\nlazurite job stream brave",
    .run = Run};

}  // namespace lazurite::cli
