// Versions of assets.
#include <array>

#include "api/arm/asset_request.h"
#include "api/arm/asset_rules.h"
#include "api/arm/curated_environments.h"
#include "api/arm/environment_check.h"
#include "api/arm/in_place.h"
#include "base/text.h"
#include "domain/data/data_resolver.h"
#include "domain/job/job_store.h"

namespace lazurite::arm {
namespace {

constexpr NameRule kVersionName{.what = "version", .extra = "-_.+"};
// Components asked for without a version come with this one.
constexpr std::string_view kAnyVersion = "azureml_default";
constexpr int kTagPagesMax = 50;
constexpr size_t kModelFileBytesMax = size_t{1} << 20;

Status NoVersion(const AssetRequest& asked) {
  return NotFound(asked.Kind() + " \"" + asked.name + "\" has no version \"" + asked.version +
                  "\"");
}

struct Stored {
  bool is_new = false;
  AssetVersion version;
  std::optional<ContentConflict> conflict;
};

// A component that was given the next number carries it inside too.
Status NumberInside(Transaction& transaction, AssetVersion& version, Time now) {
  if (version.kind != AssetKind::kComponent) return {};
  version.properties["componentSpec"]["version"] = version.version;
  return AssetStore(version.workspace).Save(transaction, version, now);
}

// The asked-for version, unless it contradicts the one that is there.
Status Store(Transaction& transaction, const AssetRequest& asked, const Json& properties,
             Stored& done) {
  done = Stored();
  TRY(CheckWorkspace(transaction, asked.scope));
  const AssetStore store = asked.Store();
  AssetVersion& version = done.version;
  version.kind = asked.kind;
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
    return asked.Store().Save(transaction, version, version.modified);
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

// What this server cannot give to an environment is told when it is made, not when it is used.
Task<std::vector<Status>> CheckOf(const AssetRequest& asked, const Json& properties) {
  std::vector<Status> problems;
  const std::function<void()> check = [&asked, &properties, &problems] {
    problems = CheckVersion(asked.context, asked.name, asked.version, properties);
  };
  co_await asked.context.loop->Blocking(check);
  co_return problems;
}

struct Place {
  std::string path;       // on this machine; "" if it lies elsewhere
  bool is_due = true;     // what is registered must lie there now
  bool is_local = false;  // outside the datastores
};

// A job that has not ended may still write its output, and what is registered already stays so.
Result<bool> IsDue(Transaction& transaction, const AssetRequest& asked, const DataUri& uri) {
  if (uri.kind == DataUri::Kind::kJobOutput) {
    ASSIGN_OR_RETURN(const std::optional<Job> job, JobStore().Find(transaction, uri.job));
    if (job && !IsTerminal(job->state)) return false;
  }
  if (asked.version.empty()) return true;
  ASSIGN_OR_RETURN(const std::optional<AssetVersion> existing,
                   asked.Store().Find(transaction, asked.kind, asked.name, asked.version));
  return !existing.has_value();
}

// Where data or a model lies. What is wrong with its address is told when it is stored.
Task<Result<Place>> PlaceOf(const AssetRequest& asked, const Json& properties) {
  Place place;
  const bool has_place = asked.kind == AssetKind::kData || asked.kind == AssetKind::kModel;
  if (!has_place) co_return place;
  const std::string text =
      properties.GetString(asked.kind == AssetKind::kData ? "dataUri" : "modelUri");
  const Result<DataUri> uri = ParseDataUri(text);
  if (!uri.ok()) co_return place;
  const Database::Work work = [&](Transaction& transaction) -> Status {
    const Result<ResolvedData> found =
        DataResolver(*asked.context.blobs, asked.scope).Resolve(transaction, text);
    if (!found.ok()) return {};
    place.path = found->path;
    place.is_local = found->uri.starts_with("file:");
    ASSIGN_OR_RETURN(place.is_due, IsDue(transaction, asked, *uri));
    return {};
  };
  const Status read = co_await Read(*asked.context.database, work);
  if (!read.ok()) co_return read;
  co_return place;
}

Task<Status> CheckPlace(const AssetRequest& asked, const Caller& caller, const Json& properties) {
  const Result<Place> place = co_await PlaceOf(asked, properties);
  if (!place.ok()) co_return place.status();
  if (place->path.empty()) co_return Status();
  if (place->is_local && caller.kind != Caller::Kind::kOwner) {
    co_return Status(Code::kPermissionDenied,
                     "this token registers what lies in datastores, assets and outputs, not local "
                     "paths such as \"" +
                         place->path + "\"; the owner's token does, or upload the data");
  }
  AssetVersion version;
  version.kind = asked.kind;
  version.properties = properties;
  Status checked;
  const std::function<void()> look = [&] {
    checked = CheckPlaceOf(version, place->path, place->is_due);
  };
  co_await asked.context.loop->Blocking(look);
  co_return checked;
}

Task<Result<Response>> PutVersion(const ApiContext& context, AssetKind kind, Request& request) {
  const AssetRequest asked = Ask(context, kind, request);
  CO_TRY(CheckName(asked.name, kAssetName));
  if (!asked.version.empty()) CO_TRY(CheckName(asked.version, kVersionName));
  Result<Json> body = co_await ReadBody(request);
  if (!body.ok()) co_return body.status();
  const Json& properties = (*body)["properties"];
  const Status placed = co_await CheckPlace(asked, request.caller, properties);
  if (!placed.ok()) co_return placed;
  if (kind == AssetKind::kEnvironment) {
    const std::vector<Status> problems = co_await CheckOf(asked, properties);
    if (!problems.empty()) co_return AzureError(problems.front(), problems);
  }
  Result<ManifestDraft> manifest = co_await TakeDraft(asked, properties);
  if (!manifest.ok()) co_return manifest.status();
  Stored done;
  const Database::Work work = [&](Transaction& transaction) {
    return Store(transaction, asked, properties, done);
  };
  const Status status = co_await Write(*context.database, work);
  if (!status.ok() && done.conflict) co_return ConflictAnswer(*done.conflict);
  if (!status.ok()) co_return status;
  const Status kept = co_await KeepDraft(asked, *manifest, done.version.version);
  if (!kept.ok()) co_return kept;
  const Status flavored = co_await AddFlavors(asked, done.version);
  if (!flavored.ok()) co_return flavored;
  co_return Response::OfJson(done.is_new ? 201 : 200, VersionResource(asked, done.version));
}

// The curated environment of that name where the workspace has none; else what was found, or why
// not.
Result<AssetVersion> OrCurated(Transaction& transaction, const AssetRequest& asked,
                               Result<AssetVersion> found) {
  if (asked.kind != AssetKind::kEnvironment || found.status().code() != Code::kNotFound) {
    return found;
  }
  ASSIGN_OR_RETURN(const Time created, HomeCreated(transaction));
  std::optional<AssetVersion> curated = CuratedVersion(asked.name, created);
  if (!curated) return found;
  return std::move(*curated);
}

Result<AssetVersion> FindVersion(Transaction& transaction, const AssetRequest& asked) {
  const AssetStore store = asked.Store();
  if (asked.version == kAnyVersion) {
    return store.FindByLabel(transaction, asked.kind, asked.name, "latest");
  }
  ASSIGN_OR_RETURN(std::optional<AssetVersion> version,
                   store.Find(transaction, asked.kind, asked.name, asked.version));
  if (!version) return NoVersion(asked);
  return std::move(*version);
}

Result<AssetVersion> Load(Transaction& transaction, const AssetRequest& asked) {
  TRY(CheckWorkspace(transaction, asked.scope));
  return OrCurated(transaction, asked, FindVersion(transaction, asked));
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
    ASSIGN_OR_RETURN(version,
                     OrCurated(transaction, asked,
                               asked.Store().FindByLabel(transaction, kind, asked.name, wanted)));
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
    return asked.Store().Save(transaction, version, version.modified);
  };
  const Status status = co_await Write(*context.database, work);
  if (!status.ok()) co_return status;
  co_return Response::OfJson(200, VersionResource(asked, version));
}

Task<Result<Response>> DeleteVersion(const ApiContext& context, AssetKind kind, Request& request) {
  const AssetRequest asked = Ask(context, kind, request);
  const Database::Work work = [&](Transaction& transaction) -> Status {
    TRY(CheckWorkspace(transaction, asked.scope));
    return asked.Store().DeleteVersion(transaction, kind, asked.name, asked.version);
  };
  const Status status = co_await Write(*context.database, work);
  if (status.code() == Code::kNotFound) co_return Response::Empty(204);
  if (!status.ok()) co_return status;
  co_await DropManifests(asked, asked.version);
  co_return Response::Empty(200);
}

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
Status FillPage(Transaction& transaction, const AssetStore& store, AssetQuery query,
                const Page& page, std::vector<AssetVersion>& versions, int64_t& next) {
  versions.clear();
  next = 0;
  const auto wanted = static_cast<size_t>(page.limit);
  for (int pages = 0; pages < kTagPagesMax && versions.size() < wanted; ++pages) {
    ASSIGN_OR_RETURN(std::vector<AssetVersion> found, store.ListVersions(transaction, query));
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
    return FillPage(transaction, asked.Store(), query, page, versions, next);
  };
  const Status status = co_await Read(*context.database, work);
  if (!status.ok()) co_return status;
  Json::Array items;
  for (const AssetVersion& version : versions) items.push_back(VersionResource(asked, version));
  std::optional<std::string> token;
  if (next > 1) token = std::to_string(next);
  co_return ListAnswer(request, std::move(items), token);
}

constexpr auto kRoutes = std::to_array<AssetRoute>({
    {"GET", "/{name}/versions", ListVersions},
    {"POST", "/{name}/versions", PutVersion},  // the next number
    {"GET", "/{name}/versions/{version}", GetVersion},
    {"PUT", "/{name}/versions/{version}", PutVersion},
    {"PATCH", "/{name}/versions/{version}", PatchVersion},
    {"DELETE", "/{name}/versions/{version}", DeleteVersion},
    {"GET", "/{name}/labels/{label}", GetLabel},
});

}  // namespace

std::span<const AssetRoute> VersionRoutes() { return kRoutes; }

}  // namespace lazurite::arm
