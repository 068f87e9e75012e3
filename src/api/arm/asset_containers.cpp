// The names that the versions of assets share.
#include <array>

#include "api/arm/asset_request.h"
#include "api/arm/in_place.h"
#include "api/arm/curated_environments.h"
#include "base/text.h"

namespace lazurite::arm {
namespace {

Task<Result<Response>> ListContainers(const ApiContext& context, AssetKind kind, Request& request) {
  const AssetRequest asked = Ask(context, kind, request);
  CO_ASSIGN_OR_RETURN(const Page page, ReadPage(request));
  AssetQuery query;
  query.kind = kind;
  query.archived_too = page.archived_too;
  query.only_archived = page.only_archived;
  query.limit = kPageMax;
  // Asked for by our command line only: Azure's list shows a workspace's own.
  const bool curated_too = kind == AssetKind::kEnvironment && request.Query("curated") == "true";
  std::vector<AssetContainer> containers;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    TRY(CheckWorkspace(transaction, asked.scope));
    ASSIGN_OR_RETURN(containers, asked.Store().ListContainers(transaction, query));
    if (!curated_too) return {};
    ASSIGN_OR_RETURN(const Time created, HomeCreated(transaction));
    std::vector<AssetContainer> curated = CuratedContainers(created);
    std::move(curated.begin(), curated.end(), std::back_inserter(containers));
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
                   asked.Store().FindContainer(transaction, asked.kind, asked.name));
  if (!found) {
    return NotFound("no asset among " + asked.Kind() + " is called \"" + asked.name + "\"");
  }
  container = *found;
  return {};
}

// Like LoadContainer; curated environments are there for whoever only looks.
Status LookAtContainer(Transaction& transaction, const AssetRequest& asked,
                       AssetContainer& container) {
  Status loaded = LoadContainer(transaction, asked, container);
  if (asked.kind != AssetKind::kEnvironment || loaded.code() != Code::kNotFound) return loaded;
  TRY(CheckWorkspace(transaction, asked.scope));
  ASSIGN_OR_RETURN(const Time created, HomeCreated(transaction));
  for (AssetContainer& curated : CuratedContainers(created)) {
    if (!EqualNoCase(curated.name, asked.name)) continue;
    container = std::move(curated);
    return {};
  }
  return loaded;
}

Task<Result<Response>> GetContainer(const ApiContext& context, AssetKind kind, Request& request) {
  const AssetRequest asked = Ask(context, kind, request);
  AssetContainer container;
  std::optional<AssetVersion> latest;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    TRY(LookAtContainer(transaction, asked, container));
    if (kind != AssetKind::kData || container.latest_version.empty()) return {};
    ASSIGN_OR_RETURN(latest,
                     asked.Store().Find(transaction, kind, asked.name, container.latest_version));
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
  return asked.Store().SaveContainer(transaction, container, now);
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
    return asked.Store().DeleteContainer(transaction, kind, asked.name);
  };
  const Status status = co_await Write(*context.database, work);
  if (status.code() == Code::kNotFound) co_return Response::Empty(204);
  if (!status.ok()) co_return status;
  co_await DropManifests(asked, "");
  co_return Response::Empty(200);
}

constexpr auto kRoutes = std::to_array<AssetRoute>({
    {"GET", "", ListContainers},
    {"GET", "/{name}", GetContainer},
    {"PUT", "/{name}", PutContainer},
    {"PATCH", "/{name}", PatchContainer},
    {"DELETE", "/{name}", DeleteContainer},
});

}  // namespace

std::span<const AssetRoute> ContainerRoutes() { return kRoutes; }

}  // namespace lazurite::arm
