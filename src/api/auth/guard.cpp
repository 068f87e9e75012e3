#include "api/auth/guard.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace lazurite {
namespace {

// "/discovery" tells clients of Azure where its other services are: here, all of them. A browser
// has no token when it asks for its first page.
constexpr std::array<std::string_view, 6> kOpenPaths = {"/healthz",   "/health", "/version",
                                                        "/discovery", "/",       "/studio"};
// The schemas are the same for everybody: editors fetch them without a token.
constexpr std::array<std::string_view, 2> kOpenFolders = {"/studio/", "/lazurite/v1/schemas/"};
constexpr std::string_view kScheme = "bearer ";

// Where a job's token may do more than read: its runs, metrics, artifacts and models (MLflow and
// the run history), and uploads. The routes there know whose run it is.
constexpr std::array<std::string_view, 4> kChangedByJobs = {"/api/", "/ajax-api/", "/history/",
                                                            "/lazurite/v1/uploads"};
// Questions that are asked by POST.
constexpr std::array<std::string_view, 2> kAskedByJobs = {"/listSecrets",
                                                          "/dataversion/batchGetResolvedUris"};

Status CheckJobMay(const Request& request) {
  if (request.method == "GET" || request.method == "HEAD") return {};
  const std::string_view path = request.path;
  const auto begins = [&](std::string_view prefix) { return path.starts_with(prefix); };
  const auto ends = [&](std::string_view suffix) { return path.ends_with(suffix); };
  if (std::ranges::any_of(kChangedByJobs, begins)) return {};
  if (request.method == "POST" && std::ranges::any_of(kAskedByJobs, ends)) return {};
  return {Code::kPermissionDenied,
          "a job's token reads, tracks runs and uploads; it may not submit jobs or change assets, "
          "computes, datastores and the like: " +
              request.method + " " + request.path +
              " needs the owner's token, which is in tokens/owner of the server's home"};
}

Status TakeBearer(Bearer bearer, Request& request) {
  request.caller.name = std::move(bearer.name);
  request.caller.life = std::move(bearer.life);
  switch (bearer.kind) {
    case Bearer::Kind::kOwner:
      request.caller.kind = Caller::Kind::kOwner;
      return {};
    case Bearer::Kind::kUser:
      request.caller.kind = Caller::Kind::kUser;
      return {};
    case Bearer::Kind::kJob:
      request.caller.kind = Caller::Kind::kJob;
      return CheckJobMay(request);
  }
  return {};
}

std::string_view HostName(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool IsLoopbackName(std::string_view host) {
  const std::string_view name = HostName(host);
  return name == "127.0.0.1" || name == "[::1]" || EqualNoCase(name, "localhost");
}

}  // namespace

Status Guard::Admit(Request& request) const {
  const bool is_open = std::ranges::find(kOpenPaths, request.path) != kOpenPaths.end() ||
                       std::ranges::any_of(kOpenFolders, [&](std::string_view folder) {
                         return request.path.starts_with(folder);
                       });
  if (is_open) return {};
  if (mode_ == Mode::kNone) return AdmitAnyone(request);
  const std::string_view signature = request.Query("sig");
  if (!signature.empty() && (request.method == "GET" || request.method == "HEAD")) {
    return identity_.CheckPath(request.path, request.Query("se"), signature, clock_.Now());
  }
  const std::string_view header = request.headers.Get("Authorization");
  if (header.empty()) {
    return {Code::kUnauthenticated,
            "the request carries no token; the owner's is in tokens/owner of the server's home,"
            " and eval \"$(lazurite env)\" sets it for the SDKs"};
  }
  if (header.size() <= kScheme.size() || Lower(header.substr(0, kScheme.size())) != kScheme) {
    return {Code::kUnauthenticated, "expected the header Authorization: Bearer <token>"};
  }
  ASSIGN_OR_RETURN(Bearer bearer,
                   identity_.Check(Trim(header.substr(kScheme.size())), clock_.Now()));
  return TakeBearer(std::move(bearer), request);
}

// A web page may make a browser send requests to loopback; it cannot choose these two headers
// freely.
Status Guard::AdmitAnyone(Request& request) const {
  const std::string_view host = request.headers.Get("Host");
  const std::string_view origin = request.headers.Get("Origin");
  if (!IsLoopbackName(host)) {
    return {Code::kPermissionDenied,
            "without tokens this server answers only to 127.0.0.1, ::1"
            " and localhost, not to \"" +
                std::string(host) + "\""};
  }
  if (!origin.empty() && origin != request.BaseUrl()) {
    return {Code::kPermissionDenied,
            "without tokens this server answers no web page of \"" + std::string(origin) + "\""};
  }
  // What the request says of itself is believed, where it says so: a token names its user or job.
  request.caller = {Caller::Kind::kOwner, identity_.owner()};
  const std::string_view header = request.headers.Get("Authorization");
  if (header.size() > kScheme.size()) {
    const auto bearer = identity_.Check(Trim(header.substr(kScheme.size())), clock_.Now());
    if (bearer.ok()) return TakeBearer(*bearer, request);
  }
  return {};
}

}  // namespace lazurite
