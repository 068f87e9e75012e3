// Finds runs by MLflow's search language.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "domain/run/filter.h"
#include "storage/sql/database.h"

namespace lazurite {

enum class RunView : unsigned char { kActiveOnly = 1, kDeletedOnly, kAll };

struct RunQuery {
  std::vector<int64_t> experiments;
  std::vector<FilterClause> filter;
  std::vector<OrderBy> order;
  RunView view = RunView::kActiveOnly;
  int64_t offset = 0;
  int64_t limit = 1000;
};

// What runs can be searched by.
const FilterSubject& RunSubject();

// The ids of the runs, in order: as asked, then the newest first, then by id.
Result<std::vector<std::string>> SearchRuns(Transaction& transaction, const RunQuery& query);

}  // namespace lazurite
