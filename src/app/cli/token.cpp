// token create, list, revoke.
#include "app/cli/context.h"
#include "app/cli/flags.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

constexpr const char* kTokens = "/lazurite/v1/tokens";
constexpr size_t kRevokedMax = 1000;

constexpr Column kColumns[] = {{"ID", "id", CellStyle::kText, 0},
                               {"USER", "user", CellStyle::kText, 0},
                               {"CREATED", "created", CellStyle::kTime, 2},
                               {"EXPIRES", "expires", CellStyle::kTime, 1},
                               {"LAST USED", "last_used", CellStyle::kTime, 1}};

View TokensView() {
  return {{std::begin(kColumns), std::end(kColumns)},
          "nobody but the owner has a token; lazurite token create --user NAME makes one"};
}

Status RunCreate(Context& context) {
  const std::string user = context.arguments.Get("--user");
  if (user.empty()) {
    return context.Fail(InvalidArgument("lazurite token create needs --user"),
                        "lazurite token create --user NAME");
  }
  Json body(Json::Object{{"user", user}});
  if (context.arguments.Has("--expires")) {
    ASSIGN_OR_RETURN(const double seconds, ParseSeconds(context.arguments.Get("--expires")));
    body["expires_in_s"] = static_cast<int64_t>(seconds);
  }
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(const Json token, server->Post(kTokens, body));
  const std::string until = token.GetString("expires");
  context.terminal.Note("token of " + user + (until.empty() ? "" : ", until " + until) +
                        "; it is shown this once. " + user +
                        " sets LAZURITE_SERVER and "
                        "LAZURITE_TOKEN, and has what lazurite token list shows as " +
                        token.GetString("id"));
  const bool is_plain = !context.arguments.Has("--output") && !context.arguments.Has("--query");
  if (!is_plain) return context.Print(token, {});
  WriteOut(token.GetString("token") + "\n");
  return {};
}

Result<std::vector<Json>> ListTokens(Server& server) {
  ASSIGN_OR_RETURN(const Json answer, server.Get(kTokens));
  const Json* tokens = answer.Find("tokens");
  if (tokens == nullptr || !tokens->is_array()) return std::vector<Json>();
  return tokens->array();
}

Status RunList(Context& context) {
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(std::vector<Json> tokens, ListTokens(*server));
  return context.Print(Json(std::move(tokens)), TokensView());
}

// Those that the words name, or all of a user.
Result<std::vector<std::string>> TokensToRevoke(Context& context, Server& server) {
  std::vector<std::string> ids = context.arguments.words;
  const std::string user = context.arguments.Get("--user");
  if (ids.empty() == user.empty()) {
    return context.Fail(InvalidArgument("lazurite token revoke needs the id of a token, or --user"),
                        "lazurite token list");
  }
  if (user.empty()) return ids;
  ASSIGN_OR_RETURN(const std::vector<Json> tokens, ListTokens(server));
  for (const Json& token : tokens) {
    if (token.GetString("user") == user) ids.push_back(token.GetString("id"));
  }
  if (ids.empty()) {
    return context.Fail(NotFound("\"" + user + "\" has no token"), "lazurite token list");
  }
  return ids;
}

Status RunRevoke(Context& context) {
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(const std::vector<std::string> ids, TokensToRevoke(context, *server));
  for (const std::string& id : ids) {
    const Status revoked = server->Delete(std::string(kTokens) + "/" + UrlEncode(id));
    if (revoked.code() == Code::kNotFound) return context.Fail(revoked, "lazurite token list");
    TRY(revoked);
    context.terminal.Note("token " + id + " is revoked");
  }
  return {};
}

constexpr Flag kUser{"--user", "", "NAME", "name of the user"};
constexpr Flag kCreateFlags[] = {kUser, {"--expires", "", "TIME", "how long it is good: 30d, 12h"}};
constexpr Flag kRevokeFlags[] = {kUser};

}  // namespace

extern const Command kTokenCreate, kTokenList, kTokenRevoke;
const Command kTokenCreate = {.name = "token create",
                              .sentence = "Make a token for another user, shown this once.",
                              .arguments = "--user NAME",
                              .flags = kCreateFlags,
                              .examples = "lazurite token create --user ada --expires 30d",
                              .run = RunCreate};
const Command kTokenList = {.name = "token list",
                            .sentence = "List tokens: whose, until when, last used.",
                            .examples = "lazurite token list",
                            .run = RunList};
const Command kTokenRevoke = {
    .name = "token revoke",
    .sentence = "Revoke tokens at once.",
    .arguments = "ID…",
    .words_max = kRevokedMax,
    .flags = kRevokeFlags,
    .examples = "lazurite token revoke 3f9c1a2b\nlazurite token revoke --user ada",
    .run = RunRevoke};

}  // namespace lazurite::cli
