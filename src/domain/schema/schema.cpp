#include "domain/schema/schema.h"

#include "migrations.h"

namespace lazurite {

std::vector<Migration> AllMigrations() {
  return {
      {1, "0001_jobs", migrations::k0001_jobs},
      {2, "0002_assets", migrations::k0002_assets},
      {3, "0003_runs", migrations::k0003_runs},
      {4, "0004_series", migrations::k0004_series},
      {5, "0005_models", migrations::k0005_models},
      {6, "0006_people", migrations::k0006_people},
      {7, "0007_asset_workspaces", migrations::k0007_asset_workspaces},
      {8, "0008_experiment_workspaces", migrations::k0008_experiment_workspaces},
  };
}

}  // namespace lazurite
