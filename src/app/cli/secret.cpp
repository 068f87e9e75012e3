// secret set, list, delete.
#include "app/cli/context.h"
#include "app/cli/flags.h"
#include "app/cli/prompt.h"
#include "base/text.h"
#include "domain/secret/secret_store.h"

namespace lazurite::cli {
namespace {

// Shorter values than this are not taken out of logs.
constexpr size_t kRedactedBytesMin = 4;

constexpr Column kColumns[] = {{"NAME", "name", CellStyle::kText, 0},
                               {"SET", "modified", CellStyle::kTime, 1},
                               {"BY", "modified_by", CellStyle::kText, 2},
                               {"CREATED", "created", CellStyle::kTime, 3},
                               {"CREATED BY", "created_by", CellStyle::kText, 4}};

View SecretsView() {
  return {{std::begin(kColumns), std::end(kColumns)},
          "no secrets; lazurite secret set NAME sets one"};
}

std::string TargetOf(const Server& server, std::string_view name) {
  std::string target = "/lazurite/v1/secrets";
  if (!name.empty()) target += "/" + UrlEncode(name);
  return target + "?workspace=" + UrlEncode(server.settings().scope.workspace);
}

Status RunSet(Context& context) {
  ASSIGN_OR_RETURN(const std::string name, context.Name());
  TRY(CheckSecretName(name));
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(
      const std::string value,
      ReadHidden(context.terminal, "value of " + name + " (not shown): ", kSecretBytesMax));
  TRY(CheckSecretValue(value));
  ASSIGN_OR_RETURN(const Json secret, server->Put(TargetOf(*server, name),
                                                  Json(Json::Object{{"value", Json(value)}})));
  if (value.size() < kRedactedBytesMin) {
    context.terminal.Note("the value is so short that it is not taken out of logs");
  }
  context.terminal.Note("secret " + name + " is set; a job gets it by environment_variables: {" +
                        name + ": \"${{secrets." + name + "}}\"}");
  return context.Print(secret, SecretsView());
}

Status RunList(Context& context) {
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(const Json answer, server->Get(TargetOf(*server, "")));
  const Json* secrets = answer.Find("secrets");
  return context.Print(secrets != nullptr ? *secrets : Json::MakeArray(), SecretsView());
}

Status RunDelete(Context& context) {
  ASSIGN_OR_RETURN(const std::string name, context.Name());
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  if (!context.arguments.Has("--yes")) {
    ASSIGN_OR_RETURN(const bool agreed, Confirm(context.terminal, "delete secret " + name + "?"));
    if (!agreed) return Status(Code::kCancelled, "nothing was deleted");
  }
  const Status deleted = server->Delete(TargetOf(*server, name));
  if (deleted.code() != Code::kNotFound) return deleted;
  return context.Fail(NotFound("no secret named \"" + name + "\" in workspace \"" +
                               server->settings().scope.workspace + "\""),
                      "lazurite secret list");
}

constexpr Flag kSetFlags[] = {flags::kName};
constexpr Flag kDeleteFlags[] = {flags::kName, flags::kYes};

}  // namespace

extern const Command kSecretSet, kSecretList, kSecretDelete;
const Command kSecretSet = {
    .name = "secret set",
    .sentence = "Set a secret of the workspace, asked for or read from standard input.",
    .arguments = "NAME",
    .words_max = 1,
    .flags = kSetFlags,
    .examples = "lazurite secret set HF_TOKEN\nlazurite secret set HF_TOKEN < token.txt",
    .run = RunSet};
const Command kSecretList = {.name = "secret list",
                             .sentence = "List the names of secrets, and who set them.",
                             .examples = "lazurite secret list",
                             .run = RunList};
const Command kSecretDelete = {.name = "secret delete",
                               .sentence = "Delete a secret.",
                               .arguments = "NAME",
                               .words_max = 1,
                               .flags = kDeleteFlags,
                               .examples = "lazurite secret delete HF_TOKEN --yes",
                               .run = RunDelete};

}  // namespace lazurite::cli
