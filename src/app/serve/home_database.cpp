#include "app/serve/home_database.h"

#include <algorithm>
#include <cctype>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "domain/schema/schema.h"
#include "domain/secret/credentials.h"
#include "domain/workspace/places.h"
#include "storage/sql/compact.h"

namespace lazurite::serve {
namespace {

constexpr size_t kVersionBytesMax = 64;
// Before this schema the credentials of datastores lay open.
constexpr int kSealedSince = 6;

// As the home's file says it; "" if that is no version.
std::string NotedVersion(const std::string& file) {
  const Result<std::string> text = ReadFile(file, kVersionBytesMax);
  if (!text.ok()) return "";
  const std::string_view version = Trim(*text);
  const bool is_one = std::ranges::all_of(version, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '+' ||
           c == '~';
  });
  return is_one ? std::string(version) : "";
}

}  // namespace

Result<std::unique_ptr<Database>> OpenDatabase(const std::string& home) {
  const std::string file = home + "/version";
  const std::string last = NotedVersion(file);
  Result<std::unique_ptr<Database>> database =
      OpenSqlite({.path = DatabaseFile(home)}, AllMigrations());
  if (!database.ok()) {
    const bool is_newer = database.status().code() == Code::kFailedPrecondition && !last.empty() &&
                          last != LAZURITE_VERSION;
    if (!is_newer) return database.status();
    return FailedPrecondition(database.status().text() + "; Lazurite " + last +
                              " served this home last, this is " LAZURITE_VERSION);
  }
  if (last == LAZURITE_VERSION) return database;
  const Status written = WriteFileAtomic(file, LAZURITE_VERSION "\n", 0600);
  if (!written.ok()) {
    Log(LogLevel::kWarning, "the home's version is not noted", {{"error", written.text()}});
  }
  return database;
}

Status SealOldHome(const std::string& home, Database& database, const Vault& vault) {
  bool is_sealed = true;
  TRY(database.ReadNow([&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(is_sealed, AreCredentialsSealed(transaction));
    return {};
  }));
  if (is_sealed) return {};
  const std::string file = DatabaseFile(home);
  TRY(RemoveOldCopies(file, kSealedSince));
  TRY(database.WriteNow(
      [&](Transaction& transaction) { return SealOldCredentials(transaction, vault); }));
  const Status rewritten = RewriteSqlite(file);
  if (rewritten.ok()) {
    Log(LogLevel::kInfo,
        "credentials of datastores are sealed now, and old copies of the database, which held them "
        "in the open, are removed");
    return {};
  }
  Log(LogLevel::kWarning,
      "free pages of the database may still hold credentials that an older version kept unsealed",
      {{"error", rewritten.text()}});
  return {};
}

}  // namespace lazurite::serve
