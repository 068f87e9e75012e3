// Assertions that stay in release builds.
#pragma once

namespace lazurite {

// Writes where and what to standard error and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace lazurite

// A broken invariant of our own ends the process; input from outside never asserts.
#define LAZURITE_CHECK(condition)                                              \
  do {                                                                         \
    if (!(condition)) ::lazurite::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)
