// Tokens of people: made by the owner, shown once, known here only by their hash.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/locked.h"
#include "base/status.h"
#include "storage/sql/database.h"

namespace lazurite {

inline constexpr size_t kUserTokensMax = 10'000;

struct UserToken {
  std::string id;    // names it in lists; no secret
  std::string user;  // whom it speaks for
  std::string hash;
  Time created{};
  std::string created_by;
  std::optional<Time> expires;
  std::optional<Time> last_used;

  bool HasExpired(Time now) const { return expires && *expires <= now; }
};

// Letters, digits, "-", "_", "." and "@", the first a letter or digit, at most 64.
Status CheckUserName(std::string_view name);

// The durable record; every function works inside the caller's transaction.
class UserTokenStore final {
 public:
  // kResourceExhausted beyond kUserTokensMax.
  Status Insert(Transaction& transaction, const UserToken& token) const;
  Result<std::vector<UserToken>> List(Transaction& transaction) const;  // the oldest first
  // False if it was not there.
  Result<bool> Delete(Transaction& transaction, std::string_view id) const;
  Status MarkUsed(Transaction& transaction, std::string_view id, Time now) const;
};

// The same in memory, asked at every request. Safe for several threads.
class UserTokens final {
 public:
  // So often at most is the time of a token's last use written down.
  static constexpr Duration kUseWrittenEvery{std::chrono::minutes(1)};

  // What begins a token, so that people and scanners of secrets know what they see.
  static bool IsOne(std::string_view token);
  // A new token's text; its hash goes into UserToken::hash.
  static std::string MakeText();
  static std::string HashOf(std::string_view text);

  void Add(UserToken token);
  void Remove(std::string_view id);
  // Whom the token speaks for. kUnauthenticated: unknown, revoked or expired.
  Result<std::string> Check(std::string_view text, Time now);
  // With the times of their last use; the oldest first.
  std::vector<UserToken> List() const;
  // Told, by whoever checks, when a use is to be written down. Set once, before use.
  void OnUse(std::function<void(const std::string& id, Time now)> listener) {
    on_use_ = std::move(listener);
  }

 private:
  struct Entry {
    UserToken token;
    std::optional<Time> written;
  };
  Locked<std::map<std::string, Entry, std::less<>>> by_hash_;
  std::function<void(const std::string&, Time)> on_use_;
};

}  // namespace lazurite
