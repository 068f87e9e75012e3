#include "domain/identity/identity.h"

#include <pwd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "domain/workspace/key_file.h"
#include "domain/workspace/places.h"

namespace lazurite {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kTokenBytes = 32;
constexpr size_t kTokenBytesMax = 8192;
// What stands before a token, so that people and secret scanners know what they see.
constexpr std::string_view kOwnerPrefix = "lzo_";
constexpr std::string_view kJobAudience = "lazurite-job";

std::string UserName() {
  const passwd* entry = getpwuid(geteuid());
  return entry != nullptr ? entry->pw_name : std::to_string(geteuid());
}

std::string Encoded(const Json& json) { return Base64UrlEncode(json.Dump()); }

Status Refused(std::string why) { return {Code::kUnauthenticated, std::move(why)}; }

}  // namespace

Result<std::unique_ptr<Identity>> Identity::Open(const std::string& home) {
  std::unique_ptr<Identity> identity(new Identity);
  ASSIGN_OR_RETURN(identity->key_,
                   ReadOrMakeKeyFile(JoinPath(KeysFolder(home), "token.key"), "", kKeyBytes));
  ASSIGN_OR_RETURN(identity->owner_token_, ReadOrMakeKeyFile(JoinPath(TokensFolder(home), "owner"),
                                                             kOwnerPrefix, kTokenBytes));
  identity->owner_ = UserName();
  return identity;
}

// A JSON Web Token (RFC 7519, HS256), because clients that look into a token expect one.
std::string Identity::IssueJobToken(std::string_view job, std::string_view life) const {
  const Json header(Json::Object{{"alg", "HS256"}, {"typ", "JWT"}});
  const Json claims(Json::Object{{"aud", kJobAudience}, {"sub", job}, {"life", life}});
  const std::string text = Encoded(header) + "." + Encoded(claims);
  return text + "." + HmacSha256Hex(key_, text);
}

Result<Bearer> Identity::Check(std::string_view token, Time now) const {
  if (EqualSecret(token, owner_token_)) return Bearer{Bearer::Kind::kOwner, owner_};
  if (UserTokens::IsOne(token)) {
    ASSIGN_OR_RETURN(std::string user, user_tokens_->Check(token, now));
    return Bearer{Bearer::Kind::kUser, std::move(user)};
  }
  const size_t dot = token.rfind('.');
  if (token.size() > kTokenBytesMax || dot == std::string_view::npos) {
    return Refused("the token is not one of this server's");
  }
  const std::string_view text = token.substr(0, dot);
  if (!EqualSecret(token.substr(dot + 1), HmacSha256Hex(key_, text))) {
    return Refused("the token was not signed by this server");
  }
  const std::string_view payload = text.substr(text.find('.') + 1);
  const Result<std::string> decoded = Base64Decode(payload);
  if (!decoded.ok()) return Refused("the token's claims cannot be read");
  const Result<Json> claims = Json::Parse(*decoded);
  if (!claims.ok() || claims->GetString("aud") != kJobAudience) {
    return Refused("the token is for something else");
  }
  return Bearer{Bearer::Kind::kJob, claims->GetString("sub"), claims->GetString("life")};
}

std::string Identity::SignPath(std::string_view path, Time expires) const {
  const std::string until = std::to_string(ToMillis(expires) / 1000);
  return "se=" + until + "&sig=" + HmacSha256Hex(key_, "path\n" + until + "\n" + std::string(path));
}

Status Identity::CheckPath(std::string_view path, std::string_view expires,
                           std::string_view signature, Time now) const {
  const std::optional<int64_t> until = ParseInt(expires);
  if (!until) return Refused("the address carries no time of expiry");
  const std::string text = "path\n" + std::string(expires) + "\n" + std::string(path);
  if (!EqualSecret(signature, HmacSha256Hex(key_, text))) {
    return Refused("the address was not signed by this server");
  }
  if (*until * 1000 < ToMillis(now)) return Refused("the address has expired");
  return {};
}

}  // namespace lazurite
