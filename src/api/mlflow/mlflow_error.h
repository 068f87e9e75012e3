// A Status as MLflow's clients expect it: {"error_code": "RESOURCE_DOES_NOT_EXIST", "message":
// "…"}.
#pragma once

#include <string_view>

#include "base/http/message.h"
#include "base/status.h"

namespace lazurite::mlflow {

// Never a 5xx for a mistake of the caller: clients would try again for minutes. The text of a
// kInternal Status goes to the log, not to the client.
Response ErrorAnswer(const Status& status, std::string_view request_id);
// An answer with a status and code that no Status stands for.
Response ErrorAnswer(int http_status, std::string_view error_code, std::string_view message);

}  // namespace lazurite::mlflow
