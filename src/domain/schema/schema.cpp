#include "domain/schema/schema.h"

#include "migrations.h"

namespace lazurite {

std::vector<Migration> AllMigrations() {
  return {
      {1, "0001_jobs", migrations::k0001_jobs},
  };
}

}  // namespace lazurite
