// What the resources of this folder share: paths, envelopes, paging, errors. Only for this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/context.h"
#include "api/http/database_await.h"
#include "api/http/error.h"
#include "base/json.h"
#include "domain/workspace/resource_store.h"

namespace lazurite::arm {

inline const std::string kGroup = "/subscriptions/{sub}/resourceGroups/{rg}";
inline const std::string kWorkspaces =
    kGroup + "/providers/Microsoft.MachineLearningServices/workspaces";
inline const std::string kWorkspace = kWorkspaces + "/{ws}";

inline constexpr size_t kBodyBytesMax = size_t{8} << 20;
inline constexpr int kPageDefault = 100;
inline constexpr int kPageMax = 1000;
inline constexpr size_t kTagFiltersMax = 20;

void AddWorkspaceRoutes(Router& router, const ApiContext& context);
void AddDatastoreRoutes(Router& router, const ApiContext& context);
void AddComputeRoutes(Router& router, const ApiContext& context);
void AddAssetRoutes(Router& router, const ApiContext& context);
void AddEnvironmentCheckRoute(Router& router, const ApiContext& context);
void AddJobRoutes(Router& router, const ApiContext& context);

// A handler whose failures become Azure's errors.
using Action = Task<Result<Response>> (*)(const ApiContext&, Request&);
// kInvalidArgument if the request has a $filter: clients of Azure ML send none, and a list that
// leaves it out would tell lies.
Status CheckNoFilter(const Request& request);
Handler Answering(const ApiContext& context, Action action);

// The scope that the path names; a workspace called like the default one in other case is that.
Scope ScopeOf(const Request& request);
// kNotFound unless the workspace exists.
Status CheckWorkspace(Transaction& transaction, const Scope& scope);
// What is always there is as old as the home.
Status DateBuiltIn(Transaction& transaction, Resource& resource);

// The body, which must be an object with an object "properties".
Task<Result<Json>> ReadBody(Request& request);
// Letters, digits, "-", "_" and "." ("." also in `more`), at most `bytes_max`; kInvalidArgument
// names `what`.
struct NameRule {
  std::string_view what;   // "job"
  std::string_view extra;  // characters allowed beside letters and digits
  size_t bytes_max = 255;
};
Status CheckName(std::string_view name, const NameRule& rule);

std::string CallerName(const Request& request);
// "Microsoft.MachineLearningServices/workspaces/jobs"
std::string TypeName(std::string_view below_workspaces);
struct Author {
  Time created{};
  std::string created_by;
  Time modified{};
};
Json SystemData(const Author& author);
// {"id", "name", "type", "properties", "systemData"}
Json Envelope(std::string id, std::string_view name, std::string_view below_workspaces,
              Json properties, const Author& author);

// What lists are asked for.
struct Page {
  int limit = kPageDefault;
  int64_t before = 0;  // token of the page: only what is older
  bool archived_too = false;
  bool only_archived = false;
  std::vector<std::pair<std::string, std::string>> tags;  // value "" = any
};
// $top, $skip (the token of a nextLink), listViewType, tags or tag ("a=1,b").
Result<Page> ReadPage(const Request& request);
bool HasTags(const Json& properties, const Page& page);
// {"value": […], "nextLink": …}: the same request with another token, or null.
Response ListAnswer(const Request& request, Json::Array items,
                    const std::optional<std::string>& next);

// Equal, whatever the order of members; null, absent and {} are the same for members.
bool IsSame(const Json* a, const Json* b);
// Changes members of `target` as JSON merge patch does.
void Merge(Json& target, const Json& patch);
// Makes `key` an object if it is missing or null; kInvalidArgument if it is something else. `where`
// says what `object` is.
Status NeedObject(Json& object, std::string_view key, std::string_view where);
// `properties.tags` and `properties.properties` as objects whose values are texts (numbers and
// booleans are turned into such).
Status NormaliseTags(Json& properties);

}  // namespace lazurite::arm
