// The numbered steps of the database's schema: the .sql files of this folder, embedded.
#pragma once

#include <vector>

#include "storage/sql/database.h"

namespace lazurite {

std::vector<Migration> AllMigrations();

}  // namespace lazurite
