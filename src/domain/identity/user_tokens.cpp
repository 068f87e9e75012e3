#include "domain/identity/user_tokens.h"

#include <algorithm>
#include <cctype>

#include "base/hash.h"

namespace lazurite {
namespace {

constexpr std::string_view kPrefix = "lzu_";
constexpr size_t kTokenBytes = 32;
constexpr size_t kUserNameBytesMax = 64;

bool IsAlphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

std::optional<Time> TimeAt(const Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return FromMillis(row.Int(column));
}

void BindTime(Statement& statement, int position, const std::optional<Time>& time) {
  if (time) {
    statement.Bind(position, ToMillis(*time));
  } else {
    statement.Bind(position, nullptr);
  }
}

}  // namespace

Status CheckUserName(std::string_view name) {
  const bool is_good =
      !name.empty() && name.size() <= kUserNameBytesMax && IsAlphanumeric(name[0]) &&
      std::ranges::all_of(name, [](char c) {
        return IsAlphanumeric(c) || std::string_view("-_.@").find(c) != std::string_view::npos;
      });
  if (is_good) return {};
  return InvalidArgument("\"" + std::string(name.substr(0, kUserNameBytesMax)) +
                         "\" is no name of a user; expected 1 to " +
                         std::to_string(kUserNameBytesMax) +
                         " letters, digits, \"-\", \"_\", \".\", \"@\", the first a letter or "
                         "digit");
}

Status UserTokenStore::Insert(Transaction& transaction, const UserToken& token) const {
  ASSIGN_OR_RETURN(Statement * count, transaction.Prepare("SELECT COUNT(*) FROM user_tokens"));
  ASSIGN_OR_RETURN(const bool has_row, count->Step());
  if (has_row && count->Int(0) >= static_cast<int64_t>(kUserTokensMax)) {
    return Status(Code::kResourceExhausted,
                  "there are " + std::to_string(kUserTokensMax) + " tokens; revoke some of them");
  }
  count->Reset();
  ASSIGN_OR_RETURN(
      Statement * insert,
      transaction.Prepare("INSERT INTO user_tokens (id, name, hash, created, created_by, expires,"
                          " last_used) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
  insert->Bind(1, token.id).Bind(2, token.user).Bind(3, token.hash);
  insert->Bind(4, ToMillis(token.created)).Bind(5, token.created_by);
  BindTime(*insert, 6, token.expires);
  BindTime(*insert, 7, token.last_used);
  return insert->Run();
}

Result<std::vector<UserToken>> UserTokenStore::List(Transaction& transaction) const {
  ASSIGN_OR_RETURN(Statement * select,
                   transaction.Prepare("SELECT id, name, hash, created, created_by, expires,"
                                       " last_used FROM user_tokens ORDER BY created, id"));
  std::vector<UserToken> tokens;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, select->Step());
    if (!more) return tokens;
    tokens.push_back({.id = select->Text(0),
                      .user = select->Text(1),
                      .hash = select->Text(2),
                      .created = FromMillis(select->Int(3)),
                      .created_by = select->Text(4),
                      .expires = TimeAt(*select, 5),
                      .last_used = TimeAt(*select, 6)});
  }
}

Result<bool> UserTokenStore::Delete(Transaction& transaction, std::string_view id) const {
  ASSIGN_OR_RETURN(Statement * remove,
                   transaction.Prepare("DELETE FROM user_tokens WHERE id = ?1"));
  remove->Bind(1, id);
  TRY(remove->Run());
  return transaction.RowsChanged() > 0;
}

Status UserTokenStore::MarkUsed(Transaction& transaction, std::string_view id, Time now) const {
  ASSIGN_OR_RETURN(Statement * update,
                   transaction.Prepare("UPDATE user_tokens SET last_used = ?2 WHERE id = ?1"));
  update->Bind(1, id).Bind(2, ToMillis(now));
  return update->Run();
}

bool UserTokens::IsOne(std::string_view token) { return token.starts_with(kPrefix); }

std::string UserTokens::MakeText() {
  return std::string(kPrefix) + Base64UrlEncode(RandomBytes(kTokenBytes));
}

// The text is random enough that a plain hash keeps it.
std::string UserTokens::HashOf(std::string_view text) { return Sha256Hex(text); }

void UserTokens::Add(UserToken token) {
  by_hash_.With([&token](auto& tokens) {
    const std::string hash = token.hash;
    const std::optional<Time> written = token.last_used;
    tokens.insert_or_assign(hash, Entry{std::move(token), written});
  });
}

void UserTokens::Remove(std::string_view id) {
  by_hash_.With([id](auto& tokens) {
    std::erase_if(tokens, [id](const auto& entry) { return entry.second.token.id == id; });
  });
}

Result<std::string> UserTokens::Check(std::string_view text, Time now) {
  const std::string hash = HashOf(text);
  std::string used;  // whose use is to be written down
  Result<std::string> user = by_hash_.With([&](auto& tokens) -> Result<std::string> {
    const auto found = tokens.find(hash);
    if (found == tokens.end()) {
      return Status(Code::kUnauthenticated,
                    "the token is not known here: it was revoked, or is another server's");
    }
    Entry& entry = found->second;
    if (entry.token.HasExpired(now)) {
      return Status(Code::kUnauthenticated, "the token of " + entry.token.user + " expired at " +
                                                FormatTime(*entry.token.expires) +
                                                "; ask the server's owner for a new one");
    }
    entry.token.last_used = now;
    if (!entry.written || now - *entry.written >= kUseWrittenEvery) {
      entry.written = now;
      used = entry.token.id;
    }
    return entry.token.user;
  });
  if (!used.empty() && on_use_) on_use_(used, now);
  return user;
}

std::vector<UserToken> UserTokens::List() const {
  std::vector<UserToken> list = by_hash_.With([](const auto& tokens) {
    std::vector<UserToken> all;
    for (const auto& [hash, entry] : tokens) all.push_back(entry.token);
    return all;
  });
  std::ranges::sort(list, [](const UserToken& a, const UserToken& b) {
    return std::tie(a.created, a.id) < std::tie(b.created, b.id);
  });
  return list;
}

}  // namespace lazurite
