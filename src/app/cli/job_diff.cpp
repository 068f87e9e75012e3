#include "app/cli/flags.h"
#include "app/cli/git_facts.h"
#include "app/cli/job_names.h"
#include "app/cli/noun.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

Status Run(Context& context) {
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(const std::string name, FindNamedJob(context, *server));
  ASSIGN_OR_RETURN(const Json resource, server->Get(TargetOf(*server, NounOf(context), name)));
  const Json* properties = resource.At("properties.properties");
  const std::string uri =
      properties == nullptr ? "" : properties->GetString(std::string(kDiffProperty));
  if (uri.empty()) {
    context.terminal.Note("job " + name + " keeps no diff: its code was committed, or in no git");
    return {};
  }
  ClientRequest request;
  request.target = "/lazurite/v1/files/content?uri=" + UrlEncode(uri) +
                   "&path=" + UrlEncode(uri.substr(uri.rfind('/') + 1));
  std::string text;
  ASSIGN_OR_RETURN(const ClientResponse response,
                   server->Call(std::move(request), [&](std::string_view piece) {
                     text += piece;
                     return text.size() <= 2 * kDiffBytesMax;
                   }));
  TRY(Server::StatusOf(response));
  WriteOut(text);
  return {};
}

constexpr Flag kFlags[] = {flags::kJobName};

}  // namespace

extern const Command kJobDiff;
const Command kJobDiff = {
    .name = "job diff",
    .sentence = "Print what was not committed when a job was submitted, as git apply takes it.",
    .arguments = "NAME",
    .subject = "<job>",
    .words_max = 1,
    .flags = kFlags,
    .examples = "lazurite job diff ashen_wolf\nlazurite job diff ashen_wolf | git apply",
    .run = Run};

}  // namespace lazurite::cli
