#include "storage/sql/changes.h"

namespace lazurite {

Result<int64_t> NewestChange(Transaction& transaction) {
  ASSIGN_OR_RETURN(Statement * newest,
                   transaction.Prepare("SELECT COALESCE(MAX(seq), 0) FROM changes"));
  TRY(newest->Step().status());
  const int64_t seq = newest->Int(0);
  newest->Reset();
  return seq;
}

}  // namespace lazurite
