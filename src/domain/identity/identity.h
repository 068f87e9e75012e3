// Who may come in: the tokens of a home and the keys that sign them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "domain/identity/user_tokens.h"

namespace lazurite {

// Whom a token speaks for.
struct Bearer {
  enum class Kind : unsigned char { kOwner, kUser, kJob } kind = Kind::kOwner;
  std::string name;       // of the owner, the user or the job
  std::string life = {};  // of the job: LifeOf; "" in tokens of older servers
};

// Safe for several threads.
class Identity final {
 public:
  // Makes the signing key and the owner's token (files 0600) on first start. kPermissionDenied if
  // others can read them.
  static Result<std::unique_ptr<Identity>> Open(const std::string& home);

  const std::string& owner_token() const { return owner_token_; }
  const std::string& owner() const { return owner_; }

  // A token for the processes of one job, which is told by its name and `life`. It says who asks,
  // also across restarts of the server; whether the job still runs is not in it
  // (api/auth/job_gate).
  std::string IssueJobToken(std::string_view job, std::string_view life = "") const;
  // kUnauthenticated: not one of ours, tampered with, revoked, expired.
  Result<Bearer> Check(std::string_view token, Time now) const;
  // The people beside the owner; empty until they are added.
  UserTokens& user_tokens() const { return *user_tokens_; }

  // For addresses that are opened without a token: "se=<expiry>&sig=<signature>" to append to
  // `path` as its query.
  std::string SignPath(std::string_view path, Time expires) const;
  // kUnauthenticated: expired, or another path.
  Status CheckPath(std::string_view path, std::string_view expires, std::string_view signature,
                   Time now) const;

 private:
  Identity() = default;
  std::string key_;
  std::string owner_token_;
  std::string owner_;
  const std::unique_ptr<UserTokens> user_tokens_ = std::make_unique<UserTokens>();
};

}  // namespace lazurite
