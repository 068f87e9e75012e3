#include "app/cli/noun.h"
#include "app/cli/verbs.h"

namespace lazurite::cli {

Status RunDelete(Context& context) {
  const Noun& noun = NounOf(context);
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(const std::string name, context.Name());
  const std::string target = TargetOf(*server, noun, name);
  const Result<Json> there = server->Get(target);
  if (!there.ok()) return Explained(context, there.status(), noun, name);
  if (!context.arguments.Has("--yes")) {
    ASSIGN_OR_RETURN(
        const bool agreed,
        Confirm(context.terminal, "delete " + std::string(noun.word) + " " + name + "?"));
    if (!agreed) return Status(Code::kCancelled, "nothing was deleted");
  }
  return server->Delete(target);
}

}  // namespace lazurite::cli
