// What every request goes through: who asks, which route, what to count and log.
#pragma once

#include "api/auth/guard.h"
#include "api/auth/job_gate.h"
#include "app/serve/request_metrics.h"
#include "base/http/router.h"

namespace lazurite::serve {

// Lives on the loop's thread; router, guard and gate outlive it.
class Front final {
 public:
  Front(const Router& router, const Guard& guard, JobGate& gate)
      : router_(router), guard_(guard), gate_(gate) {}

  // Never fails: what goes wrong inside a handler becomes a 500 that names the request id, and a
  // line in the log.
  Task<Response> Handle(Request& request);
  const RequestMetrics& metrics() const { return metrics_; }

 private:
  Task<Response> Answer(Request& request, std::string& route);

  const Router& router_;
  const Guard& guard_;
  JobGate& gate_;
  RequestMetrics metrics_;
};

}  // namespace lazurite::serve
