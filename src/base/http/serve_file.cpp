#include <fcntl.h>
#include <sys/stat.h>

#include "base/http/http_date.h"
#include "base/http/message.h"
#include "base/text.h"

namespace lazurite {
namespace {

struct ByteRange {
  enum class Kind : unsigned char { kWhole, kPart, kUnsatisfiable } kind = Kind::kWhole;
  int64_t first = 0;
  int64_t last = 0;
};

std::string EntityTag(const struct stat& info) {
  const int64_t nanos = int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
  return "\"" + std::to_string(nanos) + "-" + std::to_string(info.st_size) + "\"";
}

// "bytes=0-99", "bytes=100-", "bytes=-100". Several ranges at once, other units and nonsense are
// answered with the whole.
ByteRange ReadRangeHeader(std::string_view text, int64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!EqualNoCase(text.substr(0, kUnit.size()), kUnit)) return {};
  text = Trim(text.substr(kUnit.size()));
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos || text.find(',') != std::string_view::npos) return {};
  const auto first = ParseInt(text.substr(0, dash));
  const auto last = ParseInt(text.substr(dash + 1));
  const bool has_first = dash > 0, has_last = dash + 1 < text.size();
  if (has_first != first.has_value() || has_last != last.has_value()) return {};
  if (!has_first && !has_last) return {};
  if ((first && *first < 0) || (last && *last < 0)) return {};
  using enum ByteRange::Kind;
  if (!has_first) {
    if (*last == 0 || size == 0) return {kUnsatisfiable};
    return {kPart, std::max<int64_t>(size - *last, 0), size - 1};
  }
  if (has_last && *last < *first) return {};
  if (*first >= size) return {kUnsatisfiable};
  return {kPart, *first, has_last ? std::min(*last, size - 1) : size - 1};
}

bool MatchesTag(std::string_view list, std::string_view tag) {
  for (std::string_view candidate : Split(list, ',')) {
    candidate = Trim(candidate);
    if (candidate.substr(0, 2) == "W/") candidate.remove_prefix(2);
    if (candidate == "*" || candidate == tag) return true;
  }
  return false;
}

bool IsUnchanged(const Request& request, const std::string& tag, time_t modified) {
  if (request.headers.Has("If-None-Match")) {
    return MatchesTag(request.headers.Get("If-None-Match"), tag);
  }
  const auto since = ParseHttpDate(std::string(request.headers.Get("If-Modified-Since")));
  return since && modified <= *since;
}

// If-Range: a part only of the very file that the client has the rest of.
bool WantsPartOfThis(const Request& request, const std::string& tag, const std::string& modified) {
  const std::string_view wanted = request.headers.Get("If-Range");
  return wanted.empty() || wanted == tag || wanted == modified;
}

}  // namespace

Response ServeFile(const Request& request, const std::string& path, std::string_view content_type) {
  Result<Fd> file = OpenFile(path, O_RDONLY | O_NONBLOCK);
  return ServeFile(request, file.ok() ? std::move(*file) : Fd(), content_type);
}

Response ServeFile(const Request& request, Fd file, std::string_view content_type) {
  struct stat info {};
  if (!file.valid() || fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Response::Text(404, "no such file");
  }
  auto shared = std::make_shared<const Fd>(std::move(file));
  const std::string tag = EntityTag(info);
  const std::string modified = FormatHttpDate(info.st_mtim.tv_sec);
  Response response;
  response.headers.Add("ETag", tag);
  response.headers.Add("Last-Modified", modified);
  response.headers.Add("Accept-Ranges", "bytes");
  if (IsUnchanged(request, tag, info.st_mtim.tv_sec)) {
    response.status = 304;
    return response;
  }
  ByteRange range;
  if (request.method == "GET" && WantsPartOfThis(request, tag, modified)) {
    range = ReadRangeHeader(request.headers.Get("Range"), info.st_size);
  }
  const std::string size = std::to_string(info.st_size);
  if (range.kind == ByteRange::Kind::kUnsatisfiable) {
    response.status = 416;
    response.headers.Add("Content-Range", "bytes */" + size);
    return response;
  }
  response.headers.Add("Content-Type", std::string(content_type));
  if (range.kind == ByteRange::Kind::kWhole) {
    response.body = FileRange{std::move(shared), 0, info.st_size};
    return response;
  }
  response.status = 206;
  response.headers.Add("Content-Range", "bytes " + std::to_string(range.first) + "-" +
                                            std::to_string(range.last) + "/" + size);
  response.body = FileRange{std::move(shared), range.first, range.last - range.first + 1};
  return response;
}

}  // namespace lazurite
