// The verbs that several nouns share. Which noun is meant, the command's name says (noun.h).
#pragma once

#include "app/cli/context.h"

namespace lazurite::cli {

Status RunCreateVersion(Context& context);   // data, environment, model
Status RunShowCompute(Context& context);
Status RunCreateResource(Context& context);  // compute, workspace, datastore
Status RunShowVersion(Context& context);
Status RunShowResource(Context& context);
Status RunList(Context& context);
Status RunArchive(Context& context);
Status RunRestore(Context& context);
Status RunDelete(Context& context);
Status RunUpdate(Context& context);
Status RunDownload(Context& context);  // data, model
Status RunShowJob(Context& context);

}  // namespace lazurite::cli
