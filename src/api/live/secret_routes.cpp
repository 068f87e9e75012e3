// Secrets of a workspace: set, listed by name, deleted; no answer has a value.
#include "api/http/database_await.h"
#include "api/http/error.h"
#include "api/live/routes.h"
#include "domain/secret/secret_store.h"
#include "domain/workspace/resource_store.h"

namespace lazurite::live {
namespace {

constexpr size_t kBodyBytesMax = size_t{256} << 10;

struct Asked {
  std::string workspace;
  std::string name;
  Caller caller;
};

Asked AskedBy(const Request& request) {
  Asked asked{std::string(request.Query("workspace")), std::string(request.Param("name")),
              request.caller};
  if (asked.workspace.empty()) asked.workspace = Secret().workspace;
  return asked;
}

Json SecretJson(const Secret& secret) {
  return Json(Json::Object{{"name", secret.name},
                           {"workspace", secret.workspace},
                           {"created", FormatTime(secret.created)},
                           {"created_by", secret.created_by},
                           {"modified", FormatTime(secret.modified)},
                           {"modified_by", secret.modified_by}});
}

Status CheckPeople(const Request& request) {
  if (request.caller.kind != Caller::Kind::kJob) return {};
  return {Code::kPermissionDenied,
          "a job gets the secrets that its environment_variables name, and no others"};
}

Status CheckWorkspace(Transaction& transaction, std::string& workspace) {
  if (workspace == Secret().workspace) return {};
  ASSIGN_OR_RETURN(
      const std::optional<Resource> found,
      ResourceStore().Find(transaction, ResourceKind::kWorkspace, workspace, workspace));
  if (!found) return NotFound("no workspace is called \"" + workspace + "\"");
  workspace = found->name;
  return {};
}

// The owner may change every secret, a user those that he or she made.
Status CheckMayChange(const Asked& asked, const std::optional<Secret>& before) {
  if (!before || asked.caller.kind == Caller::Kind::kOwner) return {};
  if (before->created_by == asked.caller.name) return {};
  return {Code::kPermissionDenied, "the secret \"" + asked.name + "\" was set by " +
                                       before->created_by +
                                       "; only they and the server's owner may change it"};
}

Task<Response> ListSecrets(const ApiContext& context, Request& request) {
  const Status people = CheckPeople(request);
  if (!people.ok()) co_return AzureError(people);
  Asked asked = AskedBy(request);
  std::vector<Secret> secrets;
  Database::Work work = [&](Transaction& transaction) {
    TRY(CheckWorkspace(transaction, asked.workspace));
    ASSIGN_OR_RETURN(secrets, SecretStore().List(transaction, asked.workspace));
    return Status();
  };
  const Status read = co_await Read(*context.database, std::move(work));
  if (!read.ok()) co_return AzureError(read);
  Json list = Json::MakeArray();
  for (const Secret& secret : secrets) list.Push(SecretJson(secret));
  co_return Response::OfJson(200, Json(Json::Object{{"secrets", std::move(list)}}));
}

Status Put(Transaction& transaction, const ApiContext& context, Asked& asked,
           const std::string& value, Secret& stored) {
  TRY(CheckWorkspace(transaction, asked.workspace));
  const SecretStore store;
  ASSIGN_OR_RETURN(const std::optional<Secret> before,
                   store.Find(transaction, asked.workspace, asked.name));
  TRY(CheckMayChange(asked, before));
  stored.workspace = asked.workspace;
  stored.name = asked.name;
  stored.sealed = context.vault->Seal(value, SecretPlace(asked.workspace, asked.name));
  stored.modified = context.clock->Now();
  stored.modified_by = asked.caller.name;
  stored.created = before ? before->created : stored.modified;
  stored.created_by = before ? before->created_by : stored.modified_by;
  return store.Put(transaction, stored).status();
}

Task<Response> PutSecret(const ApiContext& context, Request& request) {
  Status checked = CheckPeople(request);
  Asked asked = AskedBy(request);
  if (checked.ok()) checked = CheckSecretName(asked.name);
  if (!checked.ok()) co_return AzureError(checked);
  const Result<Json> body = co_await request.ReadJson(kBodyBytesMax);
  // What could not be read is not told: it may be the value.
  if (!body.ok()) co_return AzureError(InvalidArgument("the body is no JSON: {\"value\": \"…\"}"));
  const Json* given = body->Find("value");
  if (given == nullptr || !given->is_string()) {
    co_return AzureError(InvalidArgument("the body has no text \"value\""));
  }
  const std::string value = given->string();
  checked = CheckSecretValue(value);
  if (!checked.ok()) co_return AzureError(checked);
  Secret stored;
  Database::Work work = [&](Transaction& transaction) {
    return Put(transaction, context, asked, value, stored);
  };
  const Status written = co_await Write(*context.database, std::move(work));
  if (!written.ok()) co_return AzureError(written);
  co_return Response::OfJson(stored.created == stored.modified ? 201 : 200, SecretJson(stored));
}

Task<Response> DeleteSecret(const ApiContext& context, Request& request) {
  const Status people = CheckPeople(request);
  if (!people.ok()) co_return AzureError(people);
  Asked asked = AskedBy(request);
  Database::Work work = [&](Transaction& transaction) {
    TRY(CheckWorkspace(transaction, asked.workspace));
    const SecretStore store;
    TRY(store.CheckExists(transaction, asked.workspace, asked.name));
    ASSIGN_OR_RETURN(const std::optional<Secret> before,
                     store.Find(transaction, asked.workspace, asked.name));
    TRY(CheckMayChange(asked, before));
    return store.Delete(transaction, asked.workspace, asked.name).status();
  };
  const Status written = co_await Write(*context.database, std::move(work));
  if (!written.ok()) co_return AzureError(written);
  co_return Response::Empty(204);
}

}  // namespace

void AddSecretRoutes(Router& router, const ApiContext& context) {
  router.Get("/lazurite/v1/secrets",
             [&context](Request& request) { return ListSecrets(context, request); });
  router.Put("/lazurite/v1/secrets/{name}",
             [&context](Request& request) { return PutSecret(context, request); });
  router.Delete("/lazurite/v1/secrets/{name}",
                [&context](Request& request) { return DeleteSecret(context, request); });
}

}  // namespace lazurite::live
