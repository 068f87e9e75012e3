#include "storage/remote/remote_url.h"

#include <array>

#include "base/file.h"
#include "base/text.h"

namespace lazurite {
namespace {

constexpr size_t kNameBytesMax = 200;
// Names of query members that open something, and how others end or begin.
constexpr std::array<std::string_view, 11> kSecretNames = {
    "sig",  "signature", "key",           "apikey",     "api_key",       "pwd",
    "auth", "api-key",   "authorization", "credential", "awsaccesskeyid"};
constexpr std::array<std::string_view, 4> kSecretEnds = {"token", "secret", "password", "passwd"};
constexpr std::array<std::string_view, 2> kSecretBegins = {"x-amz-", "x-goog-"};

struct Parts {
  std::string_view scheme, user, host, path,
      query;  // "https", "user:password", "host:80", "/a", "x=1"
};

Parts Take(std::string_view url) {
  Parts parts;
  const size_t colon = url.find("://");
  if (colon == std::string_view::npos) return parts;
  parts.scheme = url.substr(0, colon);
  url.remove_prefix(colon + 3);
  url = url.substr(0, url.find('#'));
  const size_t end = url.find_first_of("/?");
  std::string_view authority = url.substr(0, end);
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    parts.user = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  parts.host = authority;
  url.remove_prefix(end == std::string_view::npos ? url.size() : end);
  const size_t question = url.find('?');
  parts.path = url.substr(0, question);
  if (question != std::string_view::npos) parts.query = url.substr(question + 1);
  return parts;
}

bool IsSecretName(std::string_view name) {
  const std::string lower = Lower(UrlDecode(name).value_or(std::string(name)));
  for (const std::string_view secret : kSecretNames) {
    if (lower == secret) return true;
  }
  for (const std::string_view end : kSecretEnds) {
    if (lower.ends_with(end)) return true;
  }
  for (const std::string_view begin : kSecretBegins) {
    if (lower.starts_with(begin)) return true;
  }
  return false;
}

std::string NameOf(std::string_view path) {
  const std::string last = UrlDecode(BaseName(path)).value_or("");
  const bool is_good = !last.empty() && last != "." && last != ".." &&
                       last.size() <= kNameBytesMax && last.find('/') == std::string::npos &&
                       last.find('\0') == std::string::npos;
  return is_good ? last : "data";
}

}  // namespace

bool IsHttpUrl(std::string_view url) {
  const std::string scheme = Lower(Take(url).scheme);
  return scheme == "http" || scheme == "https";
}

Result<RemoteUrl> ParseRemoteUrl(std::string_view url) {
  const Parts parts = Take(url);
  if (!IsHttpUrl(url) || parts.host.empty()) {
    return InvalidArgument("\"" + RedactedUrl(url) + "\" is no address such as https://host/path");
  }
  if (!parts.user.empty()) {
    return InvalidArgument("\"" + RedactedUrl(url) + "\" holds a password, which is not used");
  }
  for (const char c : url) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) {
      return InvalidArgument("\"" + RedactedUrl(url) + "\" holds a blank; write it as %20");
    }
  }
  RemoteUrl out;
  ASSIGN_OR_RETURN(out.origin,
                   Origin::Parse(Lower(parts.scheme) + "://" + std::string(parts.host)));
  out.target = parts.path.empty() ? "/" : std::string(parts.path);
  if (!parts.query.empty()) out.target += "?" + std::string(parts.query);
  out.name = NameOf(parts.path);
  return out;
}

bool HasCredentials(std::string_view url) {
  return RedactedUrl(url) != url.substr(0, url.find('#'));
}

std::string RedactedUrl(std::string_view url) {
  const Parts parts = Take(url);
  if (parts.scheme.empty()) return std::string(url);
  std::string out = std::string(parts.scheme) + "://" + (parts.user.empty() ? "" : "***@");
  out += std::string(parts.host) + std::string(parts.path);
  if (parts.query.empty()) return out;
  std::string_view separator = "?";
  for (const std::string_view member : Split(parts.query, '&')) {
    const std::string_view name = member.substr(0, member.find('='));
    out += separator;
    out += IsSecretName(name) ? std::string(name) + "=***" : std::string(member);
    separator = "&";
  }
  return out;
}

Result<std::string> FollowUrl(std::string_view from, std::string_view location) {
  const Parts parts = Take(from);
  const std::string scheme(parts.scheme);
  const std::string host(parts.host);
  std::string to(location);
  if (location.starts_with("//")) {
    to = scheme + ":" + to;
  } else if (location.starts_with('/')) {
    to = scheme + "://" + host + to;
  } else if (!IsHttpUrl(location)) {
    to = scheme + "://" + host + JoinPath(DirName(parts.path.empty() ? "/" : parts.path), location);
  }
  if (Lower(parts.scheme) == "https" && Lower(Take(to).scheme) != "https") {
    return InvalidArgument(RedactedUrl(from) + " leads from https to " + RedactedUrl(to));
  }
  return to;
}

}  // namespace lazurite
