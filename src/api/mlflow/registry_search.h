// What the searches of the registry share: registered models and their versions.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "api/mlflow/operations.h"
#include "api/mlflow/wire.h"
#include "domain/run/filter.h"

namespace lazurite::mlflow {

struct RegistrySearch {
  size_t limit = 0;
  size_t offset = 0;
  std::vector<FilterClause> filter;
  std::vector<OrderBy> order;
};

struct SearchSize {
  int64_t preset;
  int64_t most;
};
Result<RegistrySearch> ReadSearch(const Call& call, const FilterSubject& subject, SearchSize size);

// What a filter finds of a tag. Who is no prompt says so though nothing was written.
FilterValue RegistryTag(const std::vector<KeyValue>& tags, std::string_view key);

// Prompts are registered models too, but seen only by those who ask for them.
bool IsShown(const std::vector<KeyValue>& tags, const RegistrySearch& search);

// The items of one page and, in the answer, the token of the next. `look_up` gives an item's
// FilterLookup, `is_before` sorts.
template <class Item, class LookUp, class IsBefore>
std::vector<const Item*> PageOf(const std::vector<Item>& all, const RegistrySearch& search,
                                LookUp look_up, IsBefore is_before, Json& answer) {
  std::vector<const Item*> found;
  for (const Item& item : all) {
    if (IsShown(item.tags, search) && Matches(search.filter, look_up(item))) found.push_back(&item);
  }
  std::stable_sort(found.begin(), found.end(),
                   [&](const Item* a, const Item* b) { return is_before(*a, *b); });
  const size_t first = std::min(found.size(), search.offset);
  const size_t end = std::min(found.size(), search.offset + search.limit);
  if (end < found.size()) answer["next_page_token"] = PageToken(static_cast<int64_t>(end));
  return {found.begin() + static_cast<std::ptrdiff_t>(first),
          found.begin() + static_cast<std::ptrdiff_t>(std::max(first, end))};
}

}  // namespace lazurite::mlflow
