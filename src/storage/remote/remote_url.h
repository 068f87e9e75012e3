// Addresses of data at other servers.
#pragma once

#include <string>
#include <string_view>

#include "base/http/client.h"

namespace lazurite {

struct RemoteUrl {
  Origin origin;
  std::string target;  // path and query, as a request names it
  std::string name;    // the last part of the path, fit for a file; "data" if there is none
};

// "http://…" and "https://…". kInvalidArgument, without what may be secret in it.
Result<RemoteUrl> ParseRemoteUrl(std::string_view url);
bool IsHttpUrl(std::string_view url);

// Whether the address opens something by itself: a user's password, or a signature, token or key in
// its query.
bool HasCredentials(std::string_view url);
// For logs and messages: "***" in place of those.
std::string RedactedUrl(std::string_view url);

// Where a redirection leads; kInvalidArgument if from https to http.
Result<std::string> FollowUrl(std::string_view from, std::string_view location);

}  // namespace lazurite
