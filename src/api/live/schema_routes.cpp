// JSON Schemas of the documents, for editors: open, they hold nothing of this server.
#include "api/http/error.h"
#include "api/live/routes.h"
#include "spec/explain.h"

namespace lazurite::live {
namespace {

constexpr std::string_view kEnding = ".json";
// As Azure's own files are called: "commandJob.schema.json".
constexpr std::string_view kLongEnding = ".schema.json";
constexpr std::string_view kAll = "all";

Result<Json> SchemaOf(std::string_view file) {
  if (!file.ends_with(kEnding)) {
    return NotFound("no schema is called \"" + std::string(file) + "\", expected NAME.json");
  }
  const std::string_view ending = file.ends_with(kLongEnding) ? kLongEnding : kEnding;
  const std::string_view name = file.substr(0, file.size() - ending.size());
  if (name == kAll) return spec::JsonSchemaOfAll();
  return spec::JsonSchema(name);
}

Task<Response> ShowSchema(const ApiContext& context, Request& request) {
  const std::string file(request.Param("file"));
  Result<Json> schema = Json();
  std::function<void()> make = [&] { schema = SchemaOf(file); };
  co_await context.loop->Blocking(std::move(make));
  if (!schema.ok()) co_return AzureError(schema.status());
  co_return Response::OfJson(200, *schema);
}

}  // namespace

void AddSchemaRoutes(Router& router, const ApiContext& context) {
  router.Get("/lazurite/v1/schemas/{file}",
             [&context](Request& request) { return ShowSchema(context, request); });
}

}  // namespace lazurite::live
