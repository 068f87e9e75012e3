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

// The numbers of the schemas of which copies lie beside the database, the oldest first.
std::vector<int64_t> Copies(const std::string& path);
// Where the copy of schema `number` lies.
std::string CopyOf(const std::string& path, int64_t number);

}  // namespace lazurite::sql
