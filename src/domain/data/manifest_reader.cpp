#include <fcntl.h>
#include <unistd.h>

#include <charconv>

#include "base/json.h"
#include "base/text.h"
#include "domain/data/manifest.h"

namespace lazurite {
namespace {

constexpr int kFormat = 1;
// A path has at most 4096 bytes, each of which may be written as three.
constexpr size_t kLineBytesMax = 16384;
constexpr size_t kReadBytes = size_t{256} << 10;

bool TakeNumber(std::string_view& line, int64_t& number) {
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc() || end == line.data() + line.size() || *end != ' ') return false;
  line.remove_prefix(static_cast<size_t>(end - line.data()) + 1);
  return true;
}

std::optional<ManifestFile> ParseFile(std::string_view line) {
  ManifestFile file;
  if (!TakeNumber(line, file.bytes) || !TakeNumber(line, file.modified_ns)) return std::nullopt;
  if (line.find('%') == std::string_view::npos) {
    file.path = line;
    return file;
  }
  std::optional<std::string> path = UrlDecode(line);
  if (!path) return std::nullopt;
  file.path = std::move(*path);
  return file;
}

}  // namespace

Result<ManifestReader> ManifestReader::Open(const std::string& folder) {
  const std::string path = ManifestFilesPath(folder);
  ASSIGN_OR_RETURN(Fd file, OpenFile(path, O_RDONLY));
  ManifestReader reader(path, std::move(file));
  ASSIGN_OR_RETURN(const std::string_view line, reader.Line());
  const Result<Json> json = Json::Parse(std::string(line));
  if (!json.ok() || !json->is_object() || json->GetInt("format") != kFormat) {
    return reader.Unreadable();
  }
  reader.head_ = {json->GetString("place"), FromMillis(json->GetInt("taken_ms")),
                  json->GetBool("is_folder"), json->GetInt("files"), json->GetInt("bytes")};
  return reader;
}

Result<std::optional<ManifestFile>> ManifestReader::Next() {
  if (read_ == head_.files) return std::optional<ManifestFile>();
  ASSIGN_OR_RETURN(const std::string_view line, Line());
  std::optional<ManifestFile> file = ParseFile(line);
  if (!file) return Unreadable();
  ++read_;
  return file;
}

// Lives until the next call.
Result<std::string_view> ManifestReader::Line() {
  while (true) {
    const size_t end = buffer_.find('\n', used_);
    if (end != std::string::npos) {
      const std::string_view line = std::string_view(buffer_).substr(used_, end - used_);
      used_ = end + 1;
      return line;
    }
    buffer_.erase(0, used_);
    used_ = 0;
    if (buffer_.size() > kLineBytesMax) return Unreadable();
    const size_t have = buffer_.size();
    buffer_.resize(have + kReadBytes);
    const ssize_t got = read(file_.get(), buffer_.data() + have, kReadBytes);
    buffer_.resize(have + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus("reading " + path_, errno);
    if (got == 0) return Unreadable();
  }
}

Status ManifestReader::Unreadable() const {
  return Internal("\"" + path_ +
                  "\" is no manifest that this version can read; register the data again");
}

}  // namespace lazurite
