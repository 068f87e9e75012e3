// Names of jobs as people type them: whole, or the beginning.
#pragma once

#include <string>
#include <vector>

#include "app/cli/context.h"

namespace lazurite::cli {

// The one job whose name is, or begins with, the command's name argument. kNotFound: none; the text
// of kInvalidArgument lists the candidates if there are several.
Result<std::string> FindJob(Context& context, Server& server, const std::string& name);
// The same of the command's word or --name.
Result<std::string> FindNamedJob(Context& context, Server& server);

// GET /lazurite/v1/jobs/<job> (docs/api.md).
Result<Json> GetLiveJob(Server& server, const std::string& job);
// Asks the job to end.
Status CancelJob(Server& server, const std::string& job);
bool IsEnded(const Json& live_job);

}  // namespace lazurite::cli
