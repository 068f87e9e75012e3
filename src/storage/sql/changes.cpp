#include "storage/sql/changes.h"

#include <algorithm>

namespace lazurite {

Result<int64_t> NewestChange(Transaction& transaction) {
  ASSIGN_OR_RETURN(Statement * newest,
                   transaction.Prepare("SELECT COALESCE(MAX(seq), 0) FROM changes"));
  TRY(newest->Step().status());
  const int64_t seq = newest->Int(0);
  newest->Reset();
  return seq;
}

bool Changes::Has(std::string_view kind) const {
  return std::any_of(objects.begin(), objects.end(),
                     [kind](const auto& object) { return object.first == kind; });
}

Result<Changes> ReadChanges(Transaction& transaction, int64_t after, int limit) {
  Changes changes;
  changes.seq = after;
  ASSIGN_OR_RETURN(Statement * oldest,
                   transaction.Prepare("SELECT COALESCE(MIN(seq), 0) FROM changes"));
  TRY(oldest->Step().status());
  changes.has_gap = oldest->Int(0) > after + 1;
  oldest->Reset();
  ASSIGN_OR_RETURN(Statement * select,
                   transaction.Prepare("SELECT seq, kind, object FROM changes WHERE seq > ?1"
                                       " ORDER BY seq LIMIT ?2"));
  select->Bind(1, after).Bind(2, limit);
  while (true) {
    ASSIGN_OR_RETURN(const bool more, select->Step());
    if (!more) return changes;
    changes.seq = select->Int(0);
    changes.objects.emplace(select->Text(1), select->Text(2));
  }
}

}  // namespace lazurite
