// Outcomes: what every function that can fail returns.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace lazurite {

// Why something failed. Each code maps to exactly one HTTP status and one exit code of the command
// line. The names are gRPC's, so it is kCancelled, while a job is "canceled", which is Azure's
// word.
enum class Code : unsigned char {
  kOk,
  kInvalidArgument,     // the request is wrong, whatever the state: 400, exit 2
  kUnauthenticated,     // 401, exit 4
  kPermissionDenied,    // 403, exit 4
  kNotFound,            // 404, exit 3
  kConflict,            // exists already, or moved meanwhile: 409, exit 5
  kFailedPrecondition,  // right request, wrong state: 409, exit 5
  kResourceExhausted,   // a limit was reached: 413 or 429, exit 1
  kCancelled,           // the asker gave up: 499, exit 130
  kInternal,            // our own mistake: 500, exit 1
  kUnavailable,         // try again later: 503, exit 6
  kDeadlineExceeded,    // 504, exit 6
  kNoSpace,             // the disk is full, it may pass: 507, exit 1
};

// The code's name in the field's words: "NotFound".
std::string_view CodeName(Code code);

// What happened, in words a person can act on: lower case, no final stop, naming the thing. Text
// grows from the inside out: "job 7f3: reading spec: no such file".
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string text) : code_(code), text_(std::move(text)) {}

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& text() const { return text_; }

  // Adds what the caller was doing.
  Status With(std::string_view context) && {
    text_ = std::string(context) + ": " + text_;
    return std::move(*this);
  }

 private:
  Code code_ = Code::kOk;
  std::string text_;
};

inline Status InvalidArgument(std::string text) {
  return {Code::kInvalidArgument, std::move(text)};
}
inline Status NotFound(std::string text) { return {Code::kNotFound, std::move(text)}; }
inline Status Conflict(std::string text) { return {Code::kConflict, std::move(text)}; }
inline Status FailedPrecondition(std::string text) {
  return {Code::kFailedPrecondition, std::move(text)};
}
inline Status Internal(std::string text) { return {Code::kInternal, std::move(text)}; }
inline Status Unavailable(std::string text) { return {Code::kUnavailable, std::move(text)}; }

// The system's last error as a Status: "opening /x: No such file or directory".
Status ErrnoStatus(std::string_view doing, int error);

// A value or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Status status) : state_(std::move(status)) {
    LAZURITE_CHECK(!std::get<Status>(state_).ok());
  }

  bool ok() const { return std::holds_alternative<T>(state_); }
  T& value() & {
    LAZURITE_CHECK(ok());
    return std::get<T>(state_);
  }
  const T& value() const& {
    LAZURITE_CHECK(ok());
    return std::get<T>(state_);
  }
  T&& value() && {
    LAZURITE_CHECK(ok());
    return std::get<T>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  // The reason; OK if there is a value.
  Status status() const { return ok() ? Status() : std::get<Status>(state_); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace lazurite

// Leaves the function with the Status of `expression` unless it is OK.
#define TRY(expression)                                  \
  do {                                                   \
    ::lazurite::Status lazurite_status_ = (expression);  \
    if (!lazurite_status_.ok()) return lazurite_status_; \
  } while (false)

#define LAZURITE_CONCAT_(a, b) a##b
#define LAZURITE_CONCAT(a, b) LAZURITE_CONCAT_(a, b)

// Declares or assigns `target` from a Result, or leaves the function with its Status.
#define ASSIGN_OR_RETURN(target, expression) \
  ASSIGN_OR_RETURN_(LAZURITE_CONCAT(lazurite_result_, __LINE__), target, expression)
#define ASSIGN_OR_RETURN_(result, target, expression) \
  auto result = (expression);                         \
  if (!result.ok()) return result.status();           \
  target = std::move(result).value()

// The same two inside a coroutine.
#define CO_TRY(expression)                                  \
  do {                                                      \
    ::lazurite::Status lazurite_status_ = (expression);     \
    if (!lazurite_status_.ok()) co_return lazurite_status_; \
  } while (false)
#define CO_ASSIGN_OR_RETURN(target, expression) \
  CO_ASSIGN_OR_RETURN_(LAZURITE_CONCAT(lazurite_result_, __LINE__), target, expression)
#define CO_ASSIGN_OR_RETURN_(result, target, expression) \
  auto result = (expression);                            \
  if (!result.ok()) co_return result.status();           \
  target = std::move(result).value()
