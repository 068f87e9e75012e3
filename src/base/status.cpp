#include "base/status.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace lazurite {

std::string_view CodeName(Code code) {
  static constexpr std::array<std::string_view, 13> kNames = {
      "Ok",          "InvalidArgument",    "Unauthenticated",    "PermissionDenied", "NotFound",
      "Conflict",    "FailedPrecondition", "ResourceExhausted",  "Cancelled",        "Internal",
      "Unavailable", "DeadlineExceeded",   "InsufficientStorage"};
  return kNames[static_cast<size_t>(code)];
}

Status ErrnoStatus(std::string_view doing, int error) {
  Code code = Code::kInternal;
  if (error == ENOENT || error == ENOTDIR) code = Code::kNotFound;
  if (error == EACCES || error == EPERM || error == EROFS) code = Code::kPermissionDenied;
  if (error == EEXIST) code = Code::kConflict;
  if (error == EMFILE) code = Code::kResourceExhausted;
  if (error == ENOSPC || error == EDQUOT) code = Code::kNoSpace;
  return {code, std::string(doing) + ": " + std::generic_category().message(error)};
}

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace lazurite
