#include "app/cli/server.h"

#include "base/text.h"

namespace lazurite::cli {
namespace {

Code CodeOf(int status) {
  switch (status) {
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kNotFound;
    case 408:
    case 504:
      return Code::kDeadlineExceeded;
    case 409:
    case 412:
      return Code::kConflict;
    case 413:
    case 429:
      return Code::kResourceExhausted;
    case 503:
      return Code::kUnavailable;
    case 507:
      return Code::kNoSpace;
    default:
      return status >= 500 ? Code::kInternal : Code::kInvalidArgument;
  }
}

// The target of an absolute address of the same server ("nextLink").
std::string TargetOf(const std::string& address) {
  const size_t scheme = address.find("://");
  if (scheme == std::string::npos) return address;
  const size_t slash = address.find('/', scheme + 3);
  return slash == std::string::npos ? "/" : address.substr(slash);
}

std::vector<std::string> ProblemsOf(const ClientResponse& response) {
  if (response.status < 400) return {};
  const Result<Json> json = Json::Parse(response.body);
  const Json* details = json.ok() ? json->At("error.details") : nullptr;
  std::vector<std::string> out;
  if (details == nullptr || !details->is_array()) return out;
  for (const Json& detail : details->array()) {
    std::string message = detail.GetString("message");
    if (!message.empty() && out.size() < Server::kProblemsMax) out.push_back(std::move(message));
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::Make(const Settings& settings) {
  Result<Origin> origin = Origin::Parse(settings.server);
  if (!origin.ok()) return origin.status();
  return std::unique_ptr<Server>(new Server(settings, std::move(origin).value()));
}

Server::Server(Settings settings, Origin origin)
    : settings_(std::move(settings)), client_(std::move(origin), {.ca_file = settings_.ca_file}) {}

Status Server::StatusOf(const ClientResponse& response) {
  if (response.status < 400) return {};
  std::string text;
  if (const Result<Json> json = Json::Parse(response.body); json.ok()) {
    const Json* error = json->Find("error");
    text = (error != nullptr && error->is_object() ? *error : *json).GetString("message");
  }
  if (text.empty()) text = "the server answered " + std::to_string(response.status);
  const std::string_view id = response.headers.Get("x-ms-request-id");
  if (response.status >= 500 && response.status != 503 && !id.empty()) {
    text += " (request id " + std::string(id) + ", see logs/server.log)";
  }
  return {CodeOf(response.status), std::move(text)};
}

Result<ClientResponse> Server::Call(ClientRequest request) {
  if (!settings_.token.empty()) request.headers.Set("Authorization", "Bearer " + settings_.token);
  Result<ClientResponse> response = client_.Call(request);
  if (!response.ok()) return Explain(response.status());
  return response;
}

Result<ClientResponse> Server::Call(ClientRequest request,
                                    const std::function<bool(std::string_view)>& sink) {
  if (!settings_.token.empty()) request.headers.Set("Authorization", "Bearer " + settings_.token);
  Result<ClientResponse> response = client_.Call(request, sink);
  if (!response.ok()) return Explain(response.status());
  return response;
}

Status Server::Explain(Status status) const {
  if (status.code() != Code::kUnavailable) return status;
  return std::move(status).With("no Lazurite server answers at " + settings_.server);
}

Result<Json> Server::Send(std::string method, const std::string& target, const Json* body) {
  ClientRequest request{
      .method = std::move(method), .target = target, .headers = {}, .body = {}, .stream = {}};
  request.headers.Set("Accept", "application/json");
  if (body != nullptr) {
    request.headers.Set("Content-Type", "application/json");
    request.body = body->Dump();
  }
  ASSIGN_OR_RETURN(const ClientResponse response, Call(std::move(request)));
  last_problems_ = ProblemsOf(response);
  TRY(StatusOf(response));
  if (Trim(response.body).empty()) return Json();
  Result<Json> json = Json::Parse(response.body);
  if (!json.ok()) {
    return Internal(settings_.server +
                    " answered something that is no JSON: is it a Lazurite server?");
  }
  return json;
}

Status Server::Delete(const std::string& target) {
  return Send("DELETE", target, nullptr).status();
}

Result<std::vector<Json>> Server::List(std::string target, size_t max) {
  std::vector<Json> items;
  while (!target.empty() && items.size() < max) {
    ASSIGN_OR_RETURN(Json page, Get(target));
    Json* value = page.Find("value");
    if (value == nullptr || !value->is_array()) break;
    for (Json& item : value->array()) {
      if (items.size() < max) items.push_back(std::move(item));
    }
    const std::string next = TargetOf(page.GetString("nextLink"));
    if (next == target) break;
    target = next;
  }
  return items;
}

std::string Server::Workspace(std::string_view rest) const {
  std::string path = WorkspaceId(settings_.scope);
  if (!rest.empty()) path += "/" + std::string(rest);
  return path;
}

}  // namespace lazurite::cli
