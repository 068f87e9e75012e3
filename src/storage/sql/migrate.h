// Brings a database's schema up to date. Internal to storage/sql.
#pragma once

#include <string>
#include <vector>

#include "storage/sql/connection.h"

namespace lazurite::sql {

// Makes the storage's own tables and applies the migrations that are missing, all in one
// transaction. What an older database was is kept beside it before (<path>.schema-N, the newest
// three). kFailedPrecondition: the database is newer than the newest migration.
Status Migrate(SqliteConnection& connection, const std::string& path,
               const std::vector<Migration>& migrations);

}  // namespace lazurite::sql
