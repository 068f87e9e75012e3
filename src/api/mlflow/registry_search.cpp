#include "api/mlflow/registry_search.h"

namespace lazurite::mlflow {

Result<RegistrySearch> ReadSearch(const Call& call, const FilterSubject& subject, SearchSize size) {
  RegistrySearch search;
  ASSIGN_OR_RETURN(const int64_t limit, call.fields.MaxResults(size.preset, size.most));
  search.limit = static_cast<size_t>(limit);
  ASSIGN_OR_RETURN(const std::string token, call.fields.Text("page_token"));
  ASSIGN_OR_RETURN(const int64_t offset, ReadPageToken(token));
  search.offset = static_cast<size_t>(offset);
  ASSIGN_OR_RETURN(const std::string text, call.fields.Text("filter"));
  ASSIGN_OR_RETURN(search.filter, ParseFilter(text, subject));
  ASSIGN_OR_RETURN(const auto entries, call.fields.Texts("order_by"));
  ASSIGN_OR_RETURN(search.order, ParseOrderBy(entries, subject));
  return search;
}

FilterValue RegistryTag(const std::vector<KeyValue>& tags, std::string_view key) {
  const std::string* value = FindValue(tags, key);
  if (value != nullptr) return {{}, *value};
  return key == kPromptTag ? FilterValue{{}, "false"} : FilterValue{};
}

bool IsShown(const std::vector<KeyValue>& tags, const RegistrySearch& search) {
  const std::string* prompt = FindValue(tags, kPromptTag);
  if (prompt == nullptr || *prompt != "true") return true;
  return std::any_of(search.filter.begin(), search.filter.end(),
                     [](const FilterClause& clause) { return clause.key == kPromptTag; });
}

}  // namespace lazurite::mlflow
