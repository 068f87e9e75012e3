// Lets requests in, or says why not.
#pragma once

#include "base/clock.h"
#include "base/http/message.h"
#include "base/status.h"
#include "domain/identity/identity.h"

namespace lazurite {

// Thread-safe.
class Guard final {
 public:
  enum class Mode : unsigned char {
    kToken,  // every request carries a bearer token, but those to open paths and signed addresses
    kNone    // nobody is asked; only for listeners on loopback
  };
  Guard(const Identity& identity, const Clock& clock, Mode mode)
      : identity_(identity), clock_(clock), mode_(mode) {}

  // Fills in request.caller. kUnauthenticated: no token, a foreign or a changed one.
  // kPermissionDenied: with kNone, a request that a web page of another site has made; a job's
  // token with a request that changes what jobs may not change, or a user's with one for the owner.
  Status Admit(Request& request) const;

 private:
  Status AdmitAnyone(Request& request) const;

  const Identity& identity_;
  const Clock& clock_;
  const Mode mode_;
};

}  // namespace lazurite
