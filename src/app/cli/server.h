// The server as commands see it: JSON in, JSON out, errors as Status.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/settings.h"
#include "base/http/client.h"
#include "base/json.h"
#include "base/status.h"

namespace lazurite::cli {

class Server {
 public:
  // Most items that List collects.
  static constexpr size_t kItemsMax = 100'000;
  // Most problems of one answer that are kept.
  static constexpr size_t kProblemsMax = 100;

  // kInvalidArgument: the address is none. Connects at the first call.
  static Result<std::unique_ptr<Server>> Make(const Settings& settings);

  const Settings& settings() const { return settings_; }
  BlockingClient& client() { return client_; }

  // The answer's JSON. The error of an answer that is no success: its code from the HTTP status,
  // its text the server's own words; the request id only when the server itself failed.
  // kUnavailable if nobody answers.
  Result<Json> Get(const std::string& target) { return Send("GET", target, nullptr); }
  Result<Json> Put(const std::string& target, const Json& body) {
    return Send("PUT", target, &body);
  }
  Result<Json> Post(const std::string& target, const Json& body) {
    return Send("POST", target, &body);
  }
  Result<Json> Patch(const std::string& target, const Json& body) {
    return Send("PATCH", target, &body);
  }
  Status Delete(const std::string& target);
  // `value` of all pages, at most `max` items.
  Result<std::vector<Json>> List(std::string target, size_t max = kItemsMax);

  // The sentences of the last answer's `details`: several problems of one request.
  const std::vector<std::string>& last_problems() const { return last_problems_; }

  // Any request, signed in; the caller looks at the status.
  Result<ClientResponse> Call(ClientRequest request);
  Result<ClientResponse> Call(ClientRequest request,
                              const std::function<bool(std::string_view)>& sink);

  // "/subscriptions/…/workspaces/W/<rest>"; the parts of `rest` must be encoded.
  std::string Workspace(std::string_view rest) const;

  // The status, with the server's address if nobody answered there.
  Status Explain(Status status) const;
  // What an answer means: OK below 400.
  static Status StatusOf(const ClientResponse& response);

 private:
  Server(Settings settings, Origin origin);
  Result<Json> Send(std::string method, const std::string& target, const Json* body);

  Settings settings_;
  BlockingClient client_;
  std::vector<std::string> last_problems_;
};

}  // namespace lazurite::cli
