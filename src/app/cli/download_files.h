// Files of the server, brought to this machine.
#pragma once

#include <string>

#include "app/cli/context.h"

namespace lazurite::cli {

struct Downloaded {
  int64_t files = 0;
  int64_t bytes = 0;
};
// What lies at a data URI, below `folder` (made if need be). Each file is complete or not there;
// names that would leave the folder are refused. kNotFound: nothing lies there.
Result<Downloaded> DownloadUri(Context& context, Server& server, const std::string& uri,
                               const std::string& folder);

}  // namespace lazurite::cli
