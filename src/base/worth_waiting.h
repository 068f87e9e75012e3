// Which failures pass by themselves.
#pragma once

#include "base/status.h"

namespace lazurite {

// It went wrong for want of something that can come back; all else goes wrong again each time.
inline bool IsWorthWaiting(const Status& status) {
  switch (status.code()) {
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kResourceExhausted:
    case Code::kNoSpace:
    case Code::kCancelled:
      return true;
    default:
      return false;
  }
}

}  // namespace lazurite
