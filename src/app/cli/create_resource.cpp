#include "app/cli/draft.h"
#include "app/cli/noun.h"
#include "app/cli/progress.h"
#include "app/cli/server_problems.h"
#include "app/cli/verbs.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

constexpr Duration kReadyMax{std::chrono::minutes(10)};
constexpr Duration kLookPause{500};

bool IsBeingMade(const Json& resource) {
  const Json* state = resource.At("properties.provisioningState");
  return state != nullptr && state->is_string() &&
         (state->string() == "Creating" || state->string() == "Updating");
}

Status WaitUntilReady(Context& context, Server& server, const std::string& target, Json& resource) {
  Progress progress(context.terminal, "waiting until it is ready");
  const Instant deadline = context.clock.Steady() + kReadyMax;
  while (IsBeingMade(resource)) {
    if (context.clock.Steady() > deadline) {
      return {Code::kDeadlineExceeded, "it is still being made after 10 minutes"};
    }
    std::this_thread::sleep_for(kLookPause);
    progress.ShowText("");
    ASSIGN_OR_RETURN(resource, server.Get(target));
  }
  return {};
}

}  // namespace

Status RunCreateResource(Context& context) {
  const Noun& noun = NounOf(context);
  ASSIGN_OR_RETURN(Draft draft, LoadDraft(context, noun.word, noun.fields));
  const std::string name = draft.Text("name");
  if (name.empty())
    return InvalidArgument("the " + std::string(noun.word) + " needs a name: --name");
  if (context.arguments.Has("--dry-run")) {
    context.terminal.Note("would create " + std::string(noun.word) + " " + name);
    return {};
  }
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  const std::string target = TargetOf(*server, noun, name);
  if (context.arguments.Has("--if-not-exists")) {
    const Result<Json> there = server->Get(target);
    if (there.ok()) return context.Print(ViewOf(noun, *there), ViewOf(noun));
    if (there.status().code() != Code::kNotFound) return there.status();
  }
  Result<Json> answer = server->Put(target, BodyOf(*server, draft));
  if (!answer.ok()) return AtFields(context, *server, draft, answer.status());
  Json created = std::move(answer).value();
  if (!context.arguments.Has("--no-wait")) {
    TRY(WaitUntilReady(context, *server, target, created));
  }
  return context.Print(ViewOf(noun, created), ViewOf(noun));
}

}  // namespace lazurite::cli
