#include "storage/sql/migrate.h"

#include <algorithm>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

namespace lazurite::sql {
namespace {

// A copy of the database as schema N had it lies at <path>.schema-N; so many are kept.
constexpr std::string_view kCopySuffix = ".schema-";
constexpr size_t kCopiesMax = 3;

constexpr const char* kOwnTables =
    "CREATE TABLE IF NOT EXISTS migrations ("
    "  number INTEGER PRIMARY KEY, name TEXT NOT NULL, time INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS changes ("
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, kind TEXT NOT NULL,"
    "  object TEXT NOT NULL);";

Result<int> NewestApplied(SqliteConnection& connection) {
  ASSIGN_OR_RETURN(Statement * select,
                   connection.Prepare("SELECT COALESCE(MAX(number), 0) FROM migrations"));
  ASSIGN_OR_RETURN(const bool has_row, select->Step());
  LAZURITE_CHECK(has_row);
  const auto newest = static_cast<int>(select->Int(0));
  select->Reset();
  return newest;
}

Status Apply(SqliteConnection& connection, const Migration& migration) {
  TRY(connection.Execute(std::string(migration.sql).c_str())
          .With("migration " + std::string(migration.name)));
  ASSIGN_OR_RETURN(Statement * insert,
                   connection.Prepare("INSERT INTO migrations VALUES (?1, ?2, ?3)"));
  insert->Bind(1, migration.number).Bind(2, migration.name);
  insert->Bind(3, ToMillis(SystemClock().Now()));
  return insert->Run();
}

Status ApplyMissing(SqliteConnection& connection, const std::string& path,
                    const std::vector<Migration>& migrations) {
  TRY(connection.Execute(kOwnTables));
  ASSIGN_OR_RETURN(const int applied, NewestApplied(connection));
  const int known = migrations.empty() ? 0 : migrations.back().number;
  if (applied > known) {
    return FailedPrecondition("database " + path + " was written by a newer version (schema " +
                              std::to_string(applied) + ", this program knows " +
                              std::to_string(known) +
                              "); use that version, or another home (LAZURITE_HOME)");
  }
  int previous = 0;
  for (const Migration& migration : migrations) {
    LAZURITE_CHECK(migration.number > previous);
    previous = migration.number;
    if (migration.number > applied) TRY(Apply(connection, migration));
  }
  return {};
}

// The schema's number, 0 in a new file.
Result<int> Schema(SqliteConnection& connection) {
  ASSIGN_OR_RETURN(Statement * select,
                   connection.Prepare("SELECT COUNT(*) FROM sqlite_master WHERE name = "
                                      "'migrations'"));
  ASSIGN_OR_RETURN(const bool has_row, select->Step());
  LAZURITE_CHECK(has_row);
  const bool is_new = select->Int(0) == 0;
  connection.EndUse();
  if (is_new) return 0;
  Result<int> newest = NewestApplied(connection);
  connection.EndUse();
  return newest;
}

// What the database was before it is changed, whole and in one file.
Status KeepCopy(SqliteConnection& connection, const std::string& path, int schema) {
  const std::string copy = CopyOf(path, schema);
  const std::string fresh = copy + ".new";
  TRY(RemoveTree(fresh));
  ASSIGN_OR_RETURN(Statement * vacuum, connection.Prepare("VACUUM INTO ?1"));
  vacuum->Bind(1, fresh);
  const Status copied = vacuum->Run();
  connection.EndUse();
  if (!copied.ok()) {
    const Status removed = RemoveTree(fresh);
    if (!removed.ok()) return removed;
    return Status(copied).With("keeping a copy of " + path + " before its schema is changed");
  }
  TRY(SyncFile(fresh));
  TRY(Rename(fresh, copy));
  const std::vector<int64_t> numbers = Copies(path);
  for (size_t i = 0; i + kCopiesMax < numbers.size(); ++i) {
    TRY(RemoveTree(CopyOf(path, numbers[i])));
  }
  return SyncDir(DirName(path));
}

}  // namespace

std::vector<int64_t> Copies(const std::string& path) {
  std::vector<int64_t> numbers;
  const Result<std::vector<std::string>> files = ListDir(DirName(path));
  if (!files.ok()) return numbers;
  const std::string prefix = BaseName(path) + std::string(kCopySuffix);
  for (const std::string& file : *files) {
    if (!file.starts_with(prefix)) continue;
    if (const auto number = ParseInt(file.substr(prefix.size()))) numbers.push_back(*number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

std::string CopyOf(const std::string& path, int64_t number) {
  return path + std::string(kCopySuffix) + std::to_string(number);
}

Status Migrate(SqliteConnection& connection, const std::string& path,
               const std::vector<Migration>& migrations) {
  const int known = migrations.empty() ? 0 : migrations.back().number;
  ASSIGN_OR_RETURN(const int schema, Schema(connection));
  if (schema > 0 && schema < known) TRY(KeepCopy(connection, path, schema));
  TRY(connection.Execute("BEGIN IMMEDIATE").With("opening " + path));
  Status status = ApplyMissing(connection, path, migrations);
  connection.EndUse();
  if (status.ok()) return connection.Execute("COMMIT");
  if (connection.InTransaction()) {
    const Status rolled_back = connection.Execute("ROLLBACK");
    if (!rolled_back.ok()) return rolled_back;
  }
  return status;
}

}  // namespace lazurite::sql
