#include "storage/sql/compact.h"

#include "base/file.h"
#include "storage/sql/connection.h"
#include "storage/sql/migrate.h"

namespace lazurite {

Status RewriteSqlite(const std::string& path) {
  const SqliteOptions defaults{.path = path};
  ASSIGN_OR_RETURN(const std::unique_ptr<sql::SqliteConnection> connection,
                   sql::SqliteConnection::Open({.path = path, .busy_wait = defaults.busy_wait}));
  TRY(connection->Execute("VACUUM").With("writing " + path + " anew"));
  ASSIGN_OR_RETURN(Statement * checkpoint, connection->Prepare("PRAGMA wal_checkpoint(TRUNCATE)"));
  ASSIGN_OR_RETURN(const bool has_row, checkpoint->Step());
  const bool is_done = has_row && checkpoint->Int(0) == 0;
  connection->EndUse();
  return is_done ? Status() : Unavailable("the log of " + path + " is in use and was not emptied");
}

Status RemoveOldCopies(const std::string& path, int schema) {
  for (const int64_t number : sql::Copies(path)) {
    if (number < schema) TRY(RemoveTree(sql::CopyOf(path, number)));
  }
  return SyncDir(DirName(path));
}

}  // namespace lazurite
