// Uploads of files and folders, /lazurite/v1/uploads (docs/formats/upload.md).
#pragma once

#include "api/http/context.h"

namespace lazurite {

void AddUploadRoutes(Router& router, const ApiContext& context);

}  // namespace lazurite
