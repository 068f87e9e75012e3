// A Status as an answer, in the form of each face.
#pragma once

#include "base/http/message.h"
#include "base/status.h"

namespace lazurite {

int HttpStatusOf(Code code);
// Azure's form, which /lazurite/v1 uses too: {"error": {"code": "NotFound", "message": "…"}} and
// the header x-ms-error-code. The text of a kInternal Status goes to the log, not to the client.
Response AzureError(const Status& status);
// The same with details: Azure's SDKs show `target` and each of `details` (several problems of one
// request).
Response AzureError(const Status& status, const std::vector<Status>& details);

}  // namespace lazurite
