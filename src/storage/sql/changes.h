// The table of changes, read: who keeps something in memory learns from it what to refresh.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "storage/sql/database.h"

namespace lazurite {

// The number of the newest change; 0 if there has been none.
Result<int64_t> NewestChange(Transaction& transaction);

struct Changes {
  int64_t seq = 0;       // of the newest one read; `after` if there is none
  bool has_gap = false;  // some were pruned before they were read
  std::set<std::pair<std::string, std::string>> objects;  // (kind, object), each once

  bool Has(std::string_view kind) const;
};

// At most `limit` changes after `after`, the oldest first.
Result<Changes> ReadChanges(Transaction& transaction, int64_t after, int limit);

}  // namespace lazurite
