// Tokens of people, for the owner only.
#include <chrono>

#include "api/http/database_await.h"
#include "api/http/error.h"
#include "api/live/routes.h"
#include "base/text.h"
#include "domain/identity/user_tokens.h"

namespace lazurite::live {
namespace {

constexpr size_t kBodyBytesMax = size_t{64} << 10;
constexpr size_t kIdLetters = 8;
constexpr std::chrono::hours kExpiryMax{24 * 365 * 10};

Json TokenJson(const UserToken& token) {
  return Json(Json::Object{{"id", token.id},
                           {"user", token.user},
                           {"created", FormatTime(token.created)},
                           {"created_by", token.created_by},
                           {"expires", TimeJson(token.expires)},
                           {"last_used", TimeJson(token.last_used)}});
}

// Here and not by the path: one route has many spellings.
Status CheckOwner(const Request& request) {
  if (request.caller.kind == Caller::Kind::kOwner) return {};
  return {Code::kPermissionDenied,
          "tokens are made, listed and revoked with the owner's token only, which is in "
          "tokens/owner of the server's home"};
}

Task<Response> ListTokens(const ApiContext& context, const Request& request) {
  const Status owner = CheckOwner(request);
  if (!owner.ok()) co_return AzureError(owner);
  Json list = Json::MakeArray();
  for (const UserToken& token : context.identity->user_tokens().List()) {
    list.Push(TokenJson(token));
  }
  co_return Response::OfJson(200, Json(Json::Object{{"tokens", std::move(list)}}));
}

// Fills in everything but the hash.
Status ReadToken(const ApiContext& context, const Json& body, UserToken& token) {
  token.user = body.GetString("user");
  TRY(CheckUserName(token.user));
  if (EqualNoCase(token.user, context.identity->owner())) {
    return InvalidArgument("\"" + token.user +
                           "\" owns this server and has a token already, in tokens/owner of the "
                           "home; tokens are made for others");
  }
  token.id = context.ids->Hex(kIdLetters);
  token.created = context.clock->Now();
  const Json* seconds = body.Find("expires_in_s");
  if (seconds == nullptr || seconds->is_null()) return {};
  const int64_t most = std::chrono::seconds(kExpiryMax).count();
  if (!seconds->is_int() || seconds->int_value() < 1 || seconds->int_value() > most) {
    return InvalidArgument("expires_in_s is " + seconds->Dump() + ", expected a number from 1 to " +
                           std::to_string(most));
  }
  token.expires = token.created + std::chrono::seconds(seconds->int_value());
  return {};
}

Task<Response> CreateToken(const ApiContext& context, Request& request) {
  const Status owner = CheckOwner(request);
  if (!owner.ok()) co_return AzureError(owner);
  const Result<Json> body = co_await request.ReadJson(kBodyBytesMax);
  if (!body.ok()) co_return AzureError(body.status());
  UserToken token;
  const Status read = ReadToken(context, *body, token);
  if (!read.ok()) co_return AzureError(read);
  const std::string text = UserTokens::MakeText();
  token.hash = UserTokens::HashOf(text);
  token.created_by = request.caller.name;
  Database::Work work = [&token](Transaction& transaction) {
    return UserTokenStore().Insert(transaction, token);
  };
  const Status written = co_await Write(*context.database, std::move(work));
  if (!written.ok()) co_return AzureError(written);
  context.identity->user_tokens().Add(token);
  Json answer = TokenJson(token);
  answer["token"] = text;
  co_return Response::OfJson(201, answer);
}

Task<Response> RevokeToken(const ApiContext& context, Request& request) {
  const Status owner = CheckOwner(request);
  if (!owner.ok()) co_return AzureError(owner);
  const std::string id(request.Param("id"));
  Database::Work work = [id](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(const bool was_there, UserTokenStore().Delete(transaction, id));
    if (was_there) return {};
    return NotFound("no token has the id \"" + id + "\"");
  };
  const Status written = co_await Write(*context.database, std::move(work));
  if (!written.ok()) co_return AzureError(written);
  context.identity->user_tokens().Remove(id);
  co_return Response::Empty(204);
}

}  // namespace

void AddTokenRoutes(Router& router, const ApiContext& context) {
  router.Get("/lazurite/v1/tokens",
             [&context](Request& request) { return ListTokens(context, request); });
  router.Post("/lazurite/v1/tokens",
              [&context](Request& request) { return CreateToken(context, request); });
  router.Delete("/lazurite/v1/tokens/{id}",
                [&context](Request& request) { return RevokeToken(context, request); });
}

}  // namespace lazurite::live
