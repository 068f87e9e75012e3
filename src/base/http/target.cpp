#include "base/http/target.h"

#include "base/text.h"

namespace lazurite {
namespace {

Status BrokenEncoding(std::string_view part) {
  return InvalidArgument("the request target has broken percent-encoding in its " +
                         std::string(part));
}

Status ReadQuery(std::string_view text, Request& request) {
  for (const std::string_view pair : Split(text, '&')) {
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    auto name = UrlDecode(pair.substr(0, equals), true);
    const std::string_view rest = equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    auto value = UrlDecode(rest, true);
    if (!name || !value) return BrokenEncoding("query");
    request.query.insert_or_assign(std::move(*name), std::move(*value));
  }
  return {};
}

}  // namespace

std::string_view RawPath(std::string_view target) {
  if (!target.empty() && target.front() != '/') {
    const size_t scheme = target.find("://");
    if (scheme != std::string_view::npos && scheme < target.find_first_of("/?")) {
      const size_t path = target.find_first_of("/?", scheme + 3);
      target = path == std::string_view::npos ? "/" : target.substr(path);
    }
  }
  return target.substr(0, target.find('?'));
}

Status ReadTarget(Request& request) {
  auto path = UrlDecode(RawPath(request.target));
  if (!path) return BrokenEncoding("path");
  if (path->find('\0') != std::string::npos) {
    return InvalidArgument("the request target has a NUL byte in its path");
  }
  request.path = std::move(*path);
  const size_t question = request.target.find('?');
  if (question == std::string::npos) return {};
  return ReadQuery(std::string_view(request.target).substr(question + 1), request);
}

}  // namespace lazurite
