#include "api/http/error.h"

#include "base/json.h"
#include "base/log.h"

namespace lazurite {
namespace {

// What a client may read: our own mistakes stay in the log.
std::string ClientText(const Status& status) {
  if (status.code() != Code::kInternal) return status.text();
  Log(LogLevel::kError, "request failed", {{"error", status.text()}});
  return "the server made a mistake; its log says more";
}

// What a sentence is about, if it begins with that: "properties.inputs.data: no such …".
std::string TargetOf(std::string_view text) {
  if (!text.starts_with("properties.")) return "";
  const size_t end = text.find_first_of(": ");
  return std::string(text.substr(0, end));
}

Json ErrorJson(const Status& status) {
  Json error = Json::MakeObject();
  error["code"] = CodeName(status.code());
  error["message"] = ClientText(status);
  return error;
}

}  // namespace

int HttpStatusOf(Code code) {
  switch (code) {
    case Code::kOk:
      return 200;
    case Code::kInvalidArgument:
      return 400;
    case Code::kUnauthenticated:
      return 401;
    case Code::kPermissionDenied:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kConflict:
    case Code::kFailedPrecondition:
      return 409;
    case Code::kResourceExhausted:
      return 413;
    case Code::kCancelled:
      return 499;
    case Code::kInternal:
      return 500;
    case Code::kUnavailable:
      return 503;
    case Code::kDeadlineExceeded:
      return 504;
    case Code::kNoSpace:
      return 507;
  }
  return 500;
}

Response AzureError(const Status& status) { return AzureError(status, {}); }

Response AzureError(const Status& status, const std::vector<Status>& details) {
  Json error = ErrorJson(status);
  Json list = Json::MakeArray();
  for (const Status& detail : details) {
    Json one = ErrorJson(detail);
    if (std::string target = TargetOf(detail.text()); !target.empty()) {
      one["target"] = std::move(target);
    }
    list.Push(std::move(one));
  }
  error["details"] = std::move(list);
  Json body = Json::MakeObject();
  body["error"] = std::move(error);
  Response response = Response::OfJson(HttpStatusOf(status.code()), body);
  response.headers.Set("x-ms-error-code", std::string(CodeName(status.code())));
  return response;
}

}  // namespace lazurite
