#include "app/serve/front.h"

#include "api/http/error.h"
#include "base/log.h"
#include "base/text.h"

namespace lazurite::serve {
namespace {

constexpr std::string_view kNoRoute = "none";

Response WithoutToken(const Status& why) {
  Response response = AzureError(why);
  if (response.status == 401) response.headers.Set("WWW-Authenticate", "Bearer");
  return response;
}

Response NoSuchRoute(const Request& request, const std::vector<std::string>& methods) {
  if (methods.empty()) {
    return AzureError(NotFound("there is nothing at " + request.method + " " + request.path));
  }
  Response response = AzureError(InvalidArgument(request.path + " does not answer " +
                                                 request.method + ", only " + Join(methods, ", ")));
  response.status = 405;
  response.headers.Set("Allow", Join(methods, ", "));
  return response;
}

void LogRequest(const Request& request, std::string_view route, int status, double seconds) {
  const LogLevel level = status >= 500 ? LogLevel::kError : LogLevel::kDebug;
  Log(level, "request",
      {{"request_id", request.request_id},
       {"method", request.method},
       {"path", request.path},
       {"route", route},
       {"status", status},
       {"caller", request.caller.name},
       {"peer", request.peer},
       {"ms", seconds * 1e3}});
}

}  // namespace

Task<Response> Front::Handle(Request& request) {
  const auto start = std::chrono::steady_clock::now();
  std::string route(kNoRoute);
  Response response = co_await Answer(request, route);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  metrics_.Count(request.method, route, response.status, took.count());
  LogRequest(request, route, response.status, took.count());
  co_return response;
}

Task<Response> Front::Answer(Request& request, std::string& route) {
  const Status admitted = guard_.Admit(request);
  if (!admitted.ok()) co_return WithoutToken(admitted);
  if (request.caller.kind == Caller::Kind::kJob) {
    const Status runs = co_await gate_.Admit(request.caller);
    if (!runs.ok()) co_return WithoutToken(runs);
  }
  const Router::Match match = router_.Find(request);
  if (match.handler == nullptr) co_return NoSuchRoute(request, match.methods);
  route = match.pattern;
  std::string what;
  try {
    Response response = co_await (*match.handler)(request);
    co_return response;
  } catch (const std::exception& error) {
    what = error.what();
  }
  Log(LogLevel::kError, "a handler threw",
      {{"request_id", request.request_id}, {"route", route}, {"what", what}});
  co_return AzureError(
      Internal("the server failed; its log has more under request " + request.request_id));
}

}  // namespace lazurite::serve
