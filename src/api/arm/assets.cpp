// data, environments, models, codes and components: containers and versions.
#include "api/arm/arm.h"
#include "api/arm/asset_rules.h"
#include "base/text.h"
#include "domain/asset/asset_store.h"

namespace lazurite::arm {
namespace {

constexpr NameRule kAssetName{.what = "asset", .extra = "-_. "};
constexpr NameRule kVersionName{.what = "version", .extra = "-_.+"};
// Components asked for without a version come with this one.
constexpr std::string_view kAnyVersion = "azureml_default";
constexpr int kTagPagesMax = 50;
constexpr size_t kModelFileBytesMax = size_t{1} << 20;

// One request about assets of a kind.
struct AssetRequest {
  const ApiContext& context;
  AssetKind kind;
  Scope scope;
  std::string name;
  std::string version;
  std::string caller;

  std::string Kind() const { return std::string(ToText(kind)); }
};

AssetRequest Ask(const ApiContext& context, AssetKind kind, const Request& request) {
  return {context,
          kind,
          ScopeOf(request),
          std::string(request.Param("name")),
          std::string(request.Param("version")),
          CallerName(request)};
}

using AssetAction = Task<Result<Response>> (*)(const ApiContext&, AssetKind, Request&);

Task<Response> Answer(const ApiContext& context, AssetKind kind, AssetAction action,
                      Request& request) {
  Result<Response> result = co_await action(context, kind, request);
  if (!result.ok()) co_return AzureError(result.status());
  co_return std::move(result).value();
}

Json VersionResource(const AssetRequest& asked, const AssetVersion& version) {
  Json properties = version.properties;
  properties["isArchived"] = version.is_archived;
  properties["isAnonymous"] = version.is_anonymous;
  for (const std::string_view key : {"tags", "properties"}) {
    if (!properties[key].is_object()) properties[key] = Json::MakeObject();
  }
  if (version.kind == AssetKind::kModel && !properties["flavors"].is_object()) {
    properties["flavors"] = Json::MakeObject();
  }
  Json* build = properties.Find("build");
  if (build != nullptr && build->is_object() && build->GetString("dockerfilePath").empty()) {
    (*build)["dockerfilePath"] = "Dockerfile";
  }
  properties["provisioningState"] = "Succeeded";
  return Envelope(VersionId(asked.scope, asked.Kind(), version.name, version.version),
                  version.version, asked.Kind() + "/versions", std::move(properties),
                  {version.created, version.created_by, version.modified});
}

Json ContainerResource(const AssetRequest& asked, const AssetContainer& container) {
  Json properties = container.properties;
  for (const std::string_view key : {"tags", "properties"}) {
    if (!properties[key].is_object()) properties[key] = Json::MakeObject();
  }
  properties["isArchived"] = container.is_archived;
  properties["latestVersion"] =
      container.latest_version.empty() ? Json() : Json(container.latest_version);
  properties["nextVersion"] = container.next_version;
  properties["provisioningState"] = "Succeeded";
  return Envelope(ResourceId(asked.scope, asked.Kind(), container.name), container.name,
                  asked.Kind(), std::move(properties), {container.created, "", container.modified});
}

Status NoVersion(const AssetRequest& asked) {
  return NotFound(asked.Kind() + " \"" + asked.name + "\" has no version \"" + asked.version +
                  "\"");
}

// Versions ------------------------------------------------------------------------------------

struct Stored {
  bool is_new = false;
  AssetVersion version;
  std::optional<ContentConflict> conflict;
};

// A component that was given the next number carries it inside too.
Status NumberInside(Transaction& transaction, AssetVersion& version, Time now) {
  if (version.kind != AssetKind::kComponent) return {};
  version.properties["componentSpec"]["version"] = version.version;
  return AssetStore().Save(transaction, version, now);
}

// The asked-for version, unless it contradicts the one that is there.
Status Store(Transaction& transaction, const AssetRequest& asked, const Json& properties,
             Stored& done) {
  done = Stored();
  TRY(CheckWorkspace(transaction, asked.scope));
  const AssetStore store;
  AssetVersion& version = done.version;
  version.kind = asked.kind;
  version.workspace = asked.scope.workspace;
  version.name = asked.name;
  version.version = asked.version;
  version.properties = properties;
  TRY(PrepareVersion(transaction, *asked.context.blobs, asked.scope, version));
  const Time now = asked.context.clock->Now();
  std::optional<AssetVersion> existing;
  if (!asked.version.empty()) {
    ASSIGN_OR_RETURN(existing, store.Find(transaction, asked.kind, asked.name, asked.version));
  }
  if (!existing) {
    version.created = now;
    version.created_by = asked.caller;
    version.modified = now;
    done.is_new = true;
    TRY(store.Insert(transaction, version, now));
    return asked.version.empty() ? NumberInside(transaction, version, now) : Status();
  }
  if (!IsSameContent(*existing, version) && !IsReplaceable(*existing)) {
    done.conflict = ConflictOf(*existing);
    return Conflict(done.conflict->message);
  }
  version.created = existing->created;
  version.created_by = existing->created_by;
  version.sequence = existing->sequence;
  version.modified = now;
  if (version.hash.empty()) version.hash = existing->hash;
  const Json* flavors = existing->properties.Find("flavors");
  if (flavors != nullptr && version.properties.Find("flavors") == nullptr) {
    version.properties["flavors"] = *flavors;
  }
  return store.Save(transaction, version, now);
}

// Reads the flavors of an mlflow model from its MLmodel file; the client does not send them.
Task<Status> AddFlavors(const AssetRequest& asked, AssetVersion& version) {
  const Json* flavors = version.properties.Find("flavors");
  if (flavors != nullptr && flavors->is_object() && !flavors->object().empty()) co_return Status();
  const std::string file = ModelFileOf(*asked.context.blobs, version);
  if (file.empty()) co_return Status();
  std::string text;
  const std::function<void()> read = [&file, &text] {
    const Result<std::string> content = ReadFile(file, kModelFileBytesMax);
    if (content.ok()) text = *content;
  };
  co_await asked.context.loop->Blocking(read);
  if (text.empty()) co_return Status();
  version.properties["flavors"] = FlavorsOf(text);
  const Database::Work work = [&](Transaction& transaction) {
    return AssetStore().Save(transaction, version, version.modified);
  };
  const Status saved = co_await Write(*asked.context.database, work);
  co_return saved;
}

Response ConflictAnswer(const ContentConflict& conflict) {
  Json error = Json::MakeObject();
  error["code"] = conflict.code;
  error["message"] = conflict.message;
  error["details"] = Json::MakeArray();
  Json body = Json::MakeObject();
  body["error"] = std::move(error);
  Response response = Response::OfJson(409, body);
  response.headers.Set("x-ms-error-code", conflict.code);
  return response;
}

Task<Result<Response>> PutVersion(const ApiContext& context, AssetKind kind, Request& request) {
  const AssetRequest asked = Ask(context, kind, request);
  CO_TRY(CheckName(asked.name, kAssetName));
  if (!asked.version.empty()) CO_TRY(CheckName(asked.version, kVersionName));
  Result<Json> body = co_await ReadBody(request);
  if (!body.ok()) co_return body.status();
  const Json& properties = (*body)["properties"];
  Stored done;
  const Database::Work work = [&](Transaction& transaction) {
    return Store(transaction, asked, properties, done);
  };
  const Status status = co_await Write(*context.database, work);
  if (!status.ok() && done.conflict) co_return ConflictAnswer(*done.conflict);
  if (!status.ok()) co_return status;
  const Status flavored = co_await AddFlavors(asked, done.version);
  if (!flavored.ok()) co_return flavored;
  co_return Response::OfJson(done.is_new ? 201 : 200, VersionResource(asked, done.version));
}

Result<AssetVersion> Load(Transaction& transaction, const AssetRequest& asked) {
  TRY(CheckWorkspace(transaction, asked.scope));
  const AssetStore store;
  if (asked.version == kAnyVersion) {
    return store.FindByLabel(transaction, asked.kind, asked.name, "latest");
  }
  ASSIGN_OR_RETURN(std::optional<AssetVersion> version,
                   store.Find(transaction, asked.kind, asked.name, asked.version));
  if (!version) return NoVersion(asked);
  return std::move(*version);
}

Task<Result<Response>> GetVersion(const ApiContext& context, AssetKind kind, Request& request) {
  const AssetRequest asked = Ask(context, kind, request);
  AssetVersion version;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(version, Load(transaction, asked));
    return {};
  };
  const Status status = co_await Read(*context.database, work);
  if (!status.ok()) co_return status;
  co_return Response::OfJson(200, VersionResource(asked, version));
}

Task<Result<Response>> GetLabel(const ApiContext& context, AssetKind kind, Request& request) {
  const AssetRequest asked = Ask(context, kind, request);
  const std::string label(request.Param("label"));
  AssetVersion version;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    TRY(CheckWorkspace(transaction, asked.scope));
    const std::string_view wanted = label == "default" ? std::string_view("latest") : label;
    ASSIGN_OR_RETURN(version, AssetStore().FindByLabel(transaction, kind, asked.name, wanted));
    return {};
  };
  const Status status = co_await Read(*context.database, work);
  if (!status.ok()) co_return status;
  co_return Response::OfJson(200, VersionResource(asked, version));
}

Task<Result<Response>> PatchVersion(const ApiContext& context, AssetKind kind, Request& request) {
  const AssetRequest asked = Ask(context, kind, request);
  Result<Json> body = co_await ReadBody(request);
  if (!body.ok()) co_return body.status();
  const Json& patch = (*body)["properties"];
  AssetVersion version;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(const AssetVersion before, Load(transaction, asked));
    version = before;
    Merge(version.properties, patch);
    TRY(PrepareVersion(transaction, *context.blobs, asked.scope, version));
    if (!IsSameContent(before, version)) {
      return InvalidArgument("the content of a version cannot be changed; make a new version");
    }
    version.modified = context.clock->Now();
    return AssetStore().Save(transaction, version, version.modified);
  };
  const Status status = co_await Write(*context.database, work);
  if (!status.ok()) co_return status;
  co_return Response::OfJson(200, VersionResource(asked, version));
}

Task<Result<Response>> DeleteVersion(const ApiContext& context, AssetKind kind, Request& request) {
  const AssetRequest asked = Ask(context, kind, request);
  const Database::Work work = [&](Transaction& transaction) -> Status {
    TRY(CheckWorkspace(transaction, asked.scope));
    return AssetStore().DeleteVersion(transaction, kind, asked.name, asked.version);
  };
  const Status status = co_await Write(*context.database, work);
  if (status.code() == Code::kNotFound) co_return Response::Empty(204);
  if (!status.ok()) co_return status;
  co_return Response::Empty(200);
}

// Lists ---------------------------------------------------------------------------------------

// Only the newest first is offered, which is what clients ask for.
Status CheckOrder(const Request& request) {
  const std::string_view order = request.Query("$orderBy");
  if (order.empty()) return {};
  for (const std::string_view known : {"createdtime desc", "createdat desc"}) {
    if (EqualNoCase(order, known)) return {};
  }
  return InvalidArgument("$orderBy is \"" + std::string(order) +
                         "\", expected \"createdtime desc\"");
}

Result<AssetQuery> ReadQuery(const AssetRequest& asked, const Request& request, const Page& page) {
  TRY(CheckOrder(request));
  AssetQuery query;
  query.kind = asked.kind;
  query.workspace = asked.scope.workspace;
  query.name = asked.name;
  query.hash = request.Query("hash");
  // Clients look for a code under a name made up on the spot.
  if (!query.hash.empty()) query.name.clear();
  query.anonymous_too = !query.hash.empty();
  query.archived_too = page.archived_too;
  query.only_archived = page.only_archived;
  query.before_sequence = page.before;
  query.limit = page.limit;
  return query;
}

// Fills one page; `next` is the token of the page after it, 0 if there is none.
Status FillPage(Transaction& transaction, AssetQuery query, const Page& page,
                std::vector<AssetVersion>& versions, int64_t& next) {
  versions.clear();
  next = 0;
  const auto wanted = static_cast<size_t>(page.limit);
  for (int pages = 0; pages < kTagPagesMax && versions.size() < wanted; ++pages) {
    ASSIGN_OR_RETURN(std::vector<AssetVersion> found,
                     AssetStore().ListVersions(transaction, query));
    const bool is_last = found.size() < wanted;
    for (AssetVersion& version : found) {
      query.before_sequence = version.sequence;
      if (!HasTags(version.properties, page)) continue;
      versions.push_back(std::move(version));
      if (versions.size() == wanted) break;
    }
    if (is_last && versions.size() < wanted) return {};
  }
  next = query.before_sequence;
  return {};
}

Task<Result<Response>> ListVersions(const ApiContext& context, AssetKind kind, Request& request) {
  const AssetRequest asked = Ask(context, kind, request);
  CO_ASSIGN_OR_RETURN(const Page page, ReadPage(request));
  CO_ASSIGN_OR_RETURN(const AssetQuery query, ReadQuery(asked, request, page));
  std::vector<AssetVersion> versions;
  int64_t next = 0;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    TRY(CheckWorkspace(transaction, asked.scope));
    return FillPage(transaction, query, page, versions, next);
  };
  const Status status = co_await Read(*context.database, work);
  if (!status.ok()) co_return status;
  Json::Array items;
  for (const AssetVersion& version : versions) items.push_back(VersionResource(asked, version));
  std::optional<std::string> token;
  if (next > 1) token = std::to_string(next);
  co_return ListAnswer(request, std::move(items), token);
}

// Containers ----------------------------------------------------------------------------------

Task<Result<Response>> ListContainers(const ApiContext& context, AssetKind kind, Request& request) {
  const AssetRequest asked = Ask(context, kind, request);
  CO_ASSIGN_OR_RETURN(const Page page, ReadPage(request));
  AssetQuery query;
  query.kind = kind;
  query.workspace = asked.scope.workspace;
  query.archived_too = page.archived_too;
  query.only_archived = page.only_archived;
  query.limit = kPageMax;
  std::vector<AssetContainer> containers;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    TRY(CheckWorkspace(transaction, asked.scope));
    ASSIGN_OR_RETURN(containers, AssetStore().ListContainers(transaction, query));
    return {};
  };
  const Status status = co_await Read(*context.database, work);
  if (!status.ok()) co_return status;
  Json::Array items;
  int64_t at = 0;
  std::optional<std::string> token;
  for (const AssetContainer& container : containers) {
    if (at++ < page.before || !HasTags(container.properties, page)) continue;
    if (items.size() == static_cast<size_t>(page.limit)) {
      token = std::to_string(at - 1);
      break;
    }
    items.push_back(ContainerResource(asked, container));
  }
  co_return ListAnswer(request, std::move(items), token);
}

Status LoadContainer(Transaction& transaction, const AssetRequest& asked,
                     AssetContainer& container) {
  TRY(CheckWorkspace(transaction, asked.scope));
  ASSIGN_OR_RETURN(const std::optional<AssetContainer> found,
                   AssetStore().FindContainer(transaction, asked.kind, asked.name));
  if (!found) {
    return NotFound("no asset among " + asked.Kind() + " is called \"" + asked.name + "\"");
  }
  container = *found;
  return {};
}

Task<Result<Response>> GetContainer(const ApiContext& context, AssetKind kind, Request& request) {
  const AssetRequest asked = Ask(context, kind, request);
  AssetContainer container;
  std::optional<AssetVersion> latest;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    TRY(LoadContainer(transaction, asked, container));
    if (kind != AssetKind::kData || container.latest_version.empty()) return {};
    ASSIGN_OR_RETURN(latest,
                     AssetStore().Find(transaction, kind, asked.name, container.latest_version));
    return {};
  };
  const Status status = co_await Read(*context.database, work);
  if (!status.ok()) co_return status;
  if (latest && container.properties.GetString("dataType").empty()) {
    container.properties["dataType"] = latest->properties.GetString("dataType");
  }
  co_return Response::OfJson(200, ContainerResource(asked, container));
}

enum class Change : unsigned char { kReplace, kMerge };

Status StoreContainer(Transaction& transaction, const AssetRequest& asked, const Json& properties,
                      Change change, AssetContainer& container, bool& is_new) {
  const Time now = asked.context.clock->Now();
  container = AssetContainer();
  Status loaded = LoadContainer(transaction, asked, container);
  is_new = loaded.code() == Code::kNotFound && change == Change::kReplace;
  if (!loaded.ok() && !is_new) return loaded;
  if (is_new) {
    TRY(CheckWorkspace(transaction, asked.scope));
    container.kind = asked.kind;
    container.workspace = asked.scope.workspace;
    container.name = asked.name;
    container.next_version = "1";
    container.created = now;
  }
  // What other faces keep there (aliases, the registry's own fields) is not the client's to drop.
  Merge(container.properties, properties);
  TRY(NormaliseTags(container.properties));
  if (change == Change::kReplace && properties.Find("tags") != nullptr &&
      properties.Find("tags")->is_object()) {
    container.properties["tags"] = *properties.Find("tags");
  }
  const Json* archived = properties.Find("isArchived");
  if (archived != nullptr && archived->is_bool()) container.is_archived = archived->bool_value();
  for (const std::string_view key :
       {"isArchived", "latestVersion", "nextVersion", "provisioningState"}) {
    container.properties.Erase(key);
  }
  container.modified = now;
  return AssetStore().SaveContainer(transaction, container, now);
}

Task<Result<Response>> ChangeContainer(const ApiContext& context, AssetKind kind, Request& request,
                                       Change change) {
  const AssetRequest asked = Ask(context, kind, request);
  CO_TRY(CheckName(asked.name, kAssetName));
  Result<Json> body = co_await ReadBody(request);
  if (!body.ok()) co_return body.status();
  const Json& properties = (*body)["properties"];
  AssetContainer container;
  bool is_new = false;
  const Database::Work work = [&](Transaction& transaction) {
    return StoreContainer(transaction, asked, properties, change, container, is_new);
  };
  const Status status = co_await Write(*context.database, work);
  if (!status.ok()) co_return status;
  co_return Response::OfJson(is_new ? 201 : 200, ContainerResource(asked, container));
}

Task<Result<Response>> PutContainer(const ApiContext& context, AssetKind kind, Request& request) {
  return ChangeContainer(context, kind, request, Change::kReplace);
}

Task<Result<Response>> PatchContainer(const ApiContext& context, AssetKind kind, Request& request) {
  return ChangeContainer(context, kind, request, Change::kMerge);
}

Task<Result<Response>> DeleteContainer(const ApiContext& context, AssetKind kind,
                                       Request& request) {
  const AssetRequest asked = Ask(context, kind, request);
  const Database::Work work = [&](Transaction& transaction) -> Status {
    TRY(CheckWorkspace(transaction, asked.scope));
    return AssetStore().DeleteContainer(transaction, kind, asked.name);
  };
  const Status status = co_await Write(*context.database, work);
  if (status.code() == Code::kNotFound) co_return Response::Empty(204);
  if (!status.ok()) co_return status;
  co_return Response::Empty(200);
}

}  // namespace

void AddAssetRoutes(Router& router, const ApiContext& context) {
  for (const AssetKind kind : {AssetKind::kData, AssetKind::kEnvironment, AssetKind::kModel,
                               AssetKind::kCode, AssetKind::kComponent}) {
    const auto add = [&](std::string_view method, const std::string& path, AssetAction action) {
      router.Add(method, kWorkspace + "/" + std::string(ToText(kind)) + path,
                 [&context, kind, action](Request& request) {
                   return Answer(context, kind, action, request);
                 });
    };
    add("GET", "", ListContainers);
    add("GET", "/{name}", GetContainer);
    add("PUT", "/{name}", PutContainer);
    add("PATCH", "/{name}", PatchContainer);
    add("DELETE", "/{name}", DeleteContainer);
    add("GET", "/{name}/versions", ListVersions);
    add("POST", "/{name}/versions", PutVersion);  // the next number
    add("GET", "/{name}/versions/{version}", GetVersion);
    add("PUT", "/{name}/versions/{version}", PutVersion);
    add("PATCH", "/{name}/versions/{version}", PatchVersion);
    add("DELETE", "/{name}/versions/{version}", DeleteVersion);
    add("GET", "/{name}/labels/{label}", GetLabel);
  }
}

}  // namespace lazurite::arm
