#include "api/mlflow/mlflow_error.h"

#include "base/log.h"

namespace lazurite::mlflow {
namespace {

struct Row {
  Code code;
  int status;
  std::string_view error_code;
};

constexpr Row kRows[] = {
    {Code::kInvalidArgument, 400, "INVALID_PARAMETER_VALUE"},
    {Code::kUnauthenticated, 401, "UNAUTHENTICATED"},
    {Code::kPermissionDenied, 403, "PERMISSION_DENIED"},
    {Code::kNotFound, 404, "RESOURCE_DOES_NOT_EXIST"},
    {Code::kConflict, 400, "RESOURCE_ALREADY_EXISTS"},
    {Code::kFailedPrecondition, 400, "INVALID_STATE"},
    {Code::kResourceExhausted, 413, "REQUEST_LIMIT_EXCEEDED"},
    {Code::kCancelled, 499, "CANCELLED"},
    {Code::kInternal, 500, "INTERNAL_ERROR"},
    {Code::kUnavailable, 503, "TEMPORARILY_UNAVAILABLE"},
    {Code::kDeadlineExceeded, 504, "DEADLINE_EXCEEDED"},
    {Code::kNoSpace, 507, "INSUFFICIENT_STORAGE"},
};

}  // namespace

Response ErrorAnswer(int http_status, std::string_view error_code, std::string_view message) {
  Json body = Json::MakeObject();
  body["error_code"] = error_code;
  body["message"] = message;
  return Response::OfJson(http_status, body);
}

Response ErrorAnswer(const Status& status, std::string_view request_id) {
  for (const Row& row : kRows) {
    if (row.code != status.code()) continue;
    if (row.code != Code::kInternal) return ErrorAnswer(row.status, row.error_code, status.text());
  }
  Log(LogLevel::kError, "a call failed", {{"error", status.text()}, {"request", request_id}});
  return ErrorAnswer(500, "INTERNAL_ERROR",
                     "an error of the server, see its log for request " + std::string(request_id));
}

}  // namespace lazurite::mlflow
