// Who may come in: the tokens of a home and the keys that sign them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace lazurite {

// Whom a token speaks for.
struct Bearer {
  enum class Kind : unsigned char { kOwner, kJob } kind = Kind::kOwner;
  std::string name;  // the owner's user name, or the job's name
};

// Safe for several threads.
class Identity final {
 public:
  // Makes the signing key and the owner's token (files 0600) on first start. kPermissionDenied if
  // others can read them.
  static Result<std::unique_ptr<Identity>> Open(const std::string& home);

  const std::string& owner_token() const { return owner_token_; }
  const std::string& owner() const { return owner_; }

  // A token for the processes of one job. It stays valid for the job's whole life, also across
  // restarts of the server.
  std::string IssueJobToken(std::string_view job) const;
  // kUnauthenticated: not one of ours, tampered with.
  Result<Bearer> Check(std::string_view token) const;

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
};

}  // namespace lazurite
