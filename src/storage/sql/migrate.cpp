#include "storage/sql/migrate.h"

#include "base/clock.h"

namespace lazurite::sql {
namespace {

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

}  // namespace

Status Migrate(SqliteConnection& connection, const std::string& path,
               const std::vector<Migration>& migrations) {
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
