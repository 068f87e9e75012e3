#include "api/arm/arm.h"

#include "api/arm/arm_routes.h"
#include "base/text.h"
#include "domain/workspace/resource_store.h"

namespace lazurite {

void AddArmRoutes(Router& router, const ApiContext& context) {
  arm::AddWorkspaceRoutes(router, context);
  arm::AddDatastoreRoutes(router, context);
  arm::AddComputeRoutes(router, context);
  arm::AddAssetRoutes(router, context);
  arm::AddEnvironmentCheckRoute(router, context);
  arm::AddJobRoutes(router, context);
}

namespace arm {
namespace {

Task<Response> Answer(const ApiContext& context, Action action, Request& request) {
  const Status checked = CheckNoFilter(request);
  if (!checked.ok()) co_return AzureError(checked);
  Result<Response> result = co_await action(context, request);
  if (!result.ok()) co_return AzureError(result.status());
  co_return std::move(result).value();
}

bool IsEmpty(const Json* json) {
  return json == nullptr || json->is_null() || (json->is_object() && json->object().empty());
}

bool IsSameObject(const Json& a, const Json& b) {
  for (const auto& [key, value] : a.object()) {
    if (!IsSame(&value, b.Find(key))) return false;
  }
  for (const auto& [key, value] : b.object()) {
    if (a.Find(key) == nullptr && !IsEmpty(&value)) return false;
  }
  return true;
}

Status ReadTags(std::string_view text, Page& page) {
  if (text.empty()) return {};
  for (const std::string_view part : Split(text, ',')) {
    const std::string_view tag = Trim(part);
    if (tag.empty()) continue;
    const size_t equals = tag.find('=');
    page.tags.emplace_back(tag.substr(0, equals),
                           equals == std::string_view::npos ? "" : tag.substr(equals + 1));
  }
  if (page.tags.size() <= kTagFiltersMax) return {};
  return InvalidArgument("there are " + std::to_string(page.tags.size()) +
                         " tags to filter by, expected at most " + std::to_string(kTagFiltersMax));
}

Status ReadView(std::string_view view, Page& page) {
  if (view.empty() || EqualNoCase(view, "ActiveOnly")) return {};
  page.archived_too = true;
  if (EqualNoCase(view, "All")) return {};
  page.only_archived = true;
  if (EqualNoCase(view, "ArchivedOnly")) return {};
  return InvalidArgument("listViewType is \"" + std::string(view) +
                         "\", expected ActiveOnly, ArchivedOnly or All");
}

}  // namespace

Status CheckNoFilter(const Request& request) {
  const std::string_view filter = request.Query("$filter");
  if (filter.empty()) return {};
  return InvalidArgument("$filter is \"" + std::string(filter.substr(0, 300)) +
                         "\", which no list understands; expected listViewType, tag (or tags), "
                         "$top and $skip, for jobs also jobType, for datastores isDefault, for "
                         "versions of codes hash");
}

Handler Answering(const ApiContext& context, Action action) {
  return [&context, action](Request& request) { return Answer(context, action, request); };
}

Scope ScopeOf(const Request& request) {
  Scope scope{std::string(request.Param("sub")), std::string(request.Param("rg")),
              std::string(request.Param("ws"))};
  if (EqualNoCase(scope.workspace, kDefaultWorkspace)) scope.workspace = kDefaultWorkspace;
  return scope;
}

Status CheckWorkspace(Transaction& transaction, const Scope& scope) {
  return FindWorkspace(transaction, scope.workspace).status();
}

Status DateBuiltIn(Transaction& transaction, Resource& resource) {
  if (ToMillis(resource.created) != 0) return {};
  ASSIGN_OR_RETURN(resource.created, HomeCreated(transaction));
  resource.modified = resource.created;
  return {};
}

Task<Result<Json>> ReadBody(Request& request) {
  Result<Json> body = co_await request.ReadJson(kBodyBytesMax);
  if (!body.ok()) co_return body.status();
  if (!body->is_object()) co_return InvalidArgument("the body is not a JSON object");
  const Json* properties = body->FindNoCase("properties");
  if (properties == nullptr) {
    co_return InvalidArgument("the body has no \"properties\", expected an object");
  }
  if (!properties->is_object()) {
    co_return InvalidArgument("properties is not an object");
  }
  if (body->Find("properties") == nullptr) {
    Json copy = *properties;
    (*body)["properties"] = std::move(copy);
  }
  co_return body;
}

Status CheckName(std::string_view name, const NameRule& rule) {
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  bool is_good = !name.empty() && name.size() <= rule.bytes_max && is_alphanumeric(name[0]);
  for (const char c : name) {
    is_good = is_good && (is_alphanumeric(c) || rule.extra.find(c) != std::string_view::npos);
  }
  if (is_good) return {};
  std::string extra;
  for (const char c : rule.extra) extra += std::string(", \"") + (c == ' ' ? ' ' : c) + "\"";
  return InvalidArgument("\"" + std::string(name.substr(0, 300)) + "\" is no name of a " +
                         std::string(rule.what) + "; expected 1 to " +
                         std::to_string(rule.bytes_max) + " letters, digits" + extra +
                         ", the first a letter or digit");
}

std::string CallerName(const Request& request) {
  if (request.caller.kind == Caller::Kind::kJob) return "job " + request.caller.name;
  return request.caller.name.empty() ? "anonymous" : request.caller.name;
}

std::string TypeName(std::string_view below_workspaces) {
  std::string type = "Microsoft.MachineLearningServices/workspaces";
  if (!below_workspaces.empty()) type += "/" + std::string(below_workspaces);
  return type;
}

Json SystemData(const Author& author) {
  // As CallerName writes them: names of people have no blank.
  const std::string_view type = author.created_by.starts_with("job ") ? "Application" : "User";
  Json data = Json::MakeObject();
  data["createdAt"] = FormatTime(author.created);
  data["createdBy"] = author.created_by;
  data["createdByType"] = type;
  data["lastModifiedAt"] = FormatTime(author.modified);
  data["lastModifiedBy"] = author.created_by;
  data["lastModifiedByType"] = type;
  return data;
}

Json Envelope(std::string id, std::string_view name, std::string_view below_workspaces,
              Json properties, const Author& author) {
  Json json = Json::MakeObject();
  json["id"] = std::move(id);
  json["name"] = name;
  json["type"] = TypeName(below_workspaces);
  json["properties"] = std::move(properties);
  json["systemData"] = SystemData(author);
  return json;
}

Result<Page> ReadPage(const Request& request) {
  Page page;
  const std::string_view top = request.Query("$top");
  if (!top.empty()) {
    const std::optional<int64_t> limit = ParseInt(top);
    if (!limit || *limit < 1 || *limit > kPageMax) {
      return InvalidArgument("$top is \"" + std::string(top) + "\", expected 1 to " +
                             std::to_string(kPageMax));
    }
    page.limit = static_cast<int>(*limit);
  }
  std::string_view token = request.Query("$skip");
  if (token.empty()) token = request.Query("$skipToken");
  if (!token.empty()) {
    const std::optional<int64_t> before = ParseInt(token);
    if (!before || *before < 0) {
      return InvalidArgument("$skip is \"" + std::string(token) +
                             "\", expected the token of a nextLink");
    }
    page.before = *before;
  }
  TRY(ReadView(request.Query("listViewType"), page));
  TRY(ReadTags(request.Query("tags"), page));
  TRY(ReadTags(request.Query("tag"), page));
  return page;
}

bool HasTags(const Json& properties, const Page& page) {
  for (const auto& [name, value] : page.tags) {
    const Json* tags = properties.Find("tags");
    const Json* tag = tags == nullptr ? nullptr : tags->Find(name);
    if (tag == nullptr) return false;
    if (!value.empty() && !(tag->is_string() && tag->string() == value)) return false;
  }
  return true;
}

Response ListAnswer(const Request& request, Json::Array items,
                    const std::optional<std::string>& next) {
  Json json = Json::MakeObject();
  json["value"] = Json(std::move(items));
  json["nextLink"] = nullptr;
  if (next) {
    std::string link = request.BaseUrl() + PathEncode(request.path) + "?";
    for (const auto& [key, value] : request.query) {
      if (key == "$skip" || key == "$skipToken") continue;
      link += UrlEncode(key) + "=" + UrlEncode(value) + "&";
    }
    json["nextLink"] = link + "$skip=" + UrlEncode(*next);
  }
  return Response::OfJson(200, json);
}

bool IsSame(const Json* a, const Json* b) {
  const bool are_objects = a != nullptr && b != nullptr && a->is_object() && b->is_object();
  if (are_objects) return IsSameObject(*a, *b);
  if (IsEmpty(a) || IsEmpty(b)) return IsEmpty(a) && IsEmpty(b);
  if (a->is_array() && b->is_array()) {
    if (a->array().size() != b->array().size()) return false;
    for (size_t i = 0; i < a->array().size(); ++i) {
      if (!IsSame(&a->array()[i], &b->array()[i])) return false;
    }
    return true;
  }
  if (a->is_number() && b->is_number()) return a->double_value() == b->double_value();
  return *a == *b;
}

void Merge(Json& target, const Json& patch) {
  if (!target.is_object()) target = Json::MakeObject();
  for (const auto& [key, value] : patch.object()) {
    if (value.is_null()) {
      target.Erase(key);
    } else if (value.is_object()) {
      Merge(target[key], value);
    } else {
      target[key] = value;
    }
  }
}

Status NeedObject(Json& object, std::string_view key, std::string_view where) {
  Json& member = object[key];
  if (member.is_null()) member = Json::MakeObject();
  if (member.is_object()) return {};
  return InvalidArgument(std::string(where) + "." + std::string(key) + " is not an object");
}

Status NormaliseTags(Json& properties) {
  for (const std::string_view key : {"tags", "properties"}) {
    TRY(NeedObject(properties, key, "properties"));
    for (auto& [name, value] : properties[key].object()) {
      if (value.is_object() || value.is_array()) {
        return InvalidArgument("properties." + std::string(key) + "." + name + " is not a text");
      }
      if (value.is_number() && key == "tags") value = value.Dump();
      if (value.is_bool() && key == "tags") value = value.bool_value() ? "True" : "False";
    }
  }
  return {};
}

}  // namespace arm
}  // namespace lazurite
