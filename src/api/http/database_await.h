// The database for handlers: awaited, not waited for.
#pragma once

#include "base/net/task.h"
#include "storage/sql/database.h"

namespace lazurite {

// `work` may run more than once and on another thread; it may refer to locals of the awaiting
// coroutine.
inline auto Write(Database& database, Database::Work work) {
  return AwaitWork<Status>([&database, work = std::move(work)](auto done) mutable {
    database.Write(std::move(work), std::move(done));
  });
}
inline auto Read(Database& database, Database::Work work) {
  return AwaitWork<Status>([&database, work = std::move(work)](auto done) mutable {
    database.Read(std::move(work), std::move(done));
  });
}

}  // namespace lazurite
