#include "app/cli/in_place.h"

#include "base/text.h"
#include "domain/workspace/resource_id.h"

namespace lazurite::cli {

Result<Json> GetManifest(Server& server, const Json& resource, bool is_compared) {
  ASSIGN_OR_RETURN(const AssetReference version, ParseAssetReference(resource.GetString("id")));
  std::string target = "/lazurite/v1/data/" + UrlEncode(version.name) + "/versions/" +
                       UrlEncode(version.version) +
                       "/manifest?workspace=" + UrlEncode(server.settings().scope.workspace);
  if (is_compared) target += "&compare=true";
  return server.Get(target);
}

}  // namespace lazurite::cli
