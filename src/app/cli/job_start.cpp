#include "app/cli/job_start.h"

#include "app/cli/git_send.h"
#include "app/cli/noun.h"
#include "app/cli/server_problems.h"

namespace lazurite::cli {

Result<Json> StartJob(Context& context, Draft& draft, bool if_not_exists) {
  const Noun& noun = NounOf(context);
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  GitLook git(GitFolderOf(draft), server->settings());  // beside the uploads
  std::string name = draft.Text("name");
  if (!name.empty()) {
    Result<Json> there = server->Get(TargetOf(*server, noun, name));
    if (there.ok() && if_not_exists) return there;
    if (there.ok()) {
      return context.Fail(
          Conflict("there is a job named \"" + name + "\" already"),
          "leave the name out, or pass --name; --if-not-exists takes the one that is there");
    }
    if (there.status().code() != Code::kNotFound) return there.status();
  }
  TRY(SendFiles(context, *server, draft));
  git.AddTo(context, draft);
  if (name.empty()) name = context.ids.JobName();
  Result<Json> created = server->Put(TargetOf(*server, noun, name), BodyOf(*server, draft));
  if (!created.ok()) return AtFields(context, *server, draft, created.status());
  return created;
}

}  // namespace lazurite::cli
