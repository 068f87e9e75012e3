#include "domain/data/manifest.h"

#include <fcntl.h>

#include <charconv>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

namespace lazurite {
namespace {

constexpr int kFormat = 1;
constexpr size_t kHeadBytesMax = 65536;
// Some 300 bytes for each of kManifestFilesMax files.
constexpr size_t kBytesMax = size_t{300} << 20;

// Only what would break a line, or be taken for such an escape.
std::string Escaped(std::string_view path) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(path.size());
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f && c != '%') {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

// The next line of `text`, which is cut off it.
std::string_view NextLine(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

bool TakeNumber(std::string_view& line, int64_t& number) {
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc() || end == line.data() + line.size() || *end != ' ') return false;
  line.remove_prefix(static_cast<size_t>(end - line.data()) + 1);
  return true;
}

Status Unreadable(const std::string& folder) {
  return Internal("\"" + ManifestFilesPath(folder) +
                  "\" is no manifest that this version can read; register the data again");
}

Result<ManifestHead> ParseHead(const std::string& folder, std::string_view line) {
  const Result<Json> json = Json::Parse(std::string(line));
  if (!json.ok() || !json->is_object() || json->GetInt("format") != kFormat) {
    return Unreadable(folder);
  }
  ManifestHead head;
  head.place = json->GetString("place");
  head.taken = FromMillis(json->GetInt("taken_ms"));
  head.is_folder = json->GetBool("is_folder");
  head.files = json->GetInt("files");
  head.bytes = json->GetInt("bytes");
  return head;
}

void AddHashes(const std::string& folder, Manifest& manifest) {
  ManifestHashes hashes = ReadManifestHashes(folder);
  const size_t count = std::min(hashes.lines.size(), manifest.files.size());
  for (size_t i = 0; i < count; ++i) {
    const bool is_hash = hashes.lines[i] != ManifestHashes::kChanged &&
                         hashes.lines[i] != ManifestHashes::kUnreadable;
    if (is_hash) manifest.files[i].hash = std::move(hashes.lines[i]);
  }
}

Result<Manifest> ReadFiles(const std::string& folder) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(ManifestFilesPath(folder), kBytesMax));
  std::string_view rest = text;
  ASSIGN_OR_RETURN(const ManifestHead head, ParseHead(folder, NextLine(rest)));
  Manifest manifest;
  manifest.place = head.place;
  manifest.taken = head.taken;
  manifest.is_folder = head.is_folder;
  manifest.files.reserve(static_cast<size_t>(head.files));
  while (!rest.empty()) {
    std::string_view line = NextLine(rest);
    ManifestFile file;
    if (!TakeNumber(line, file.bytes) || !TakeNumber(line, file.modified_ns)) {
      return Unreadable(folder);
    }
    if (line.find('%') == std::string_view::npos) {
      file.path = line;
    } else {
      std::optional<std::string> path = UrlDecode(line);
      if (!path) return Unreadable(folder);
      file.path = std::move(*path);
    }
    manifest.files.push_back(std::move(file));
  }
  if (static_cast<int64_t>(manifest.files.size()) != head.files) return Unreadable(folder);
  return manifest;
}

}  // namespace

std::string ManifestFilesPath(const std::string& folder) { return JoinPath(folder, "files"); }
std::string ManifestHashesPath(const std::string& folder) { return JoinPath(folder, "hashes"); }

ManifestHead Manifest::Head() const {
  ManifestHead head{place, taken, is_folder, static_cast<int64_t>(files.size()), 0};
  for (const ManifestFile& file : files) head.bytes += file.bytes;
  return head;
}

Status WriteManifest(const std::string& folder, const Manifest& manifest) {
  const ManifestHead head = manifest.Head();
  std::string text = Json(Json::Object{{"format", kFormat},
                                       {"place", head.place},
                                       {"taken", FormatTime(head.taken)},
                                       {"taken_ms", ToMillis(head.taken)},
                                       {"is_folder", head.is_folder},
                                       {"files", head.files},
                                       {"bytes", head.bytes}})
                         .Dump() +
                     "\n";
  for (const ManifestFile& file : manifest.files) {
    text += std::to_string(file.bytes) + " " + std::to_string(file.modified_ns) + " ";
    text += Escaped(file.path) + "\n";
  }
  return WriteFileAtomic(ManifestFilesPath(folder), text);
}

Result<Manifest> ReadManifest(const std::string& folder) {
  ASSIGN_OR_RETURN(Manifest manifest, ReadFiles(folder));
  AddHashes(folder, manifest);
  return manifest;
}

Result<ManifestHead> ReadManifestHead(const std::string& folder) {
  ASSIGN_OR_RETURN(const std::string text, ReadRange(ManifestFilesPath(folder), 0, kHeadBytesMax));
  std::string_view rest = text;
  return ParseHead(folder, NextLine(rest));
}

ManifestHashes ReadManifestHashes(const std::string& folder) {
  ManifestHashes hashes;
  const Result<std::string> text = ReadFile(ManifestHashesPath(folder), kBytesMax);
  if (!text.ok()) return hashes;
  // What follows the last line end was torn by a crash.
  std::string_view rest = std::string_view(*text).substr(0, text->rfind('\n') + 1);
  while (!rest.empty()) {
    const std::string_view line = NextLine(rest);
    if (line == ManifestHashes::kDone) {
      hashes.is_done = true;
    } else {
      hashes.lines.emplace_back(line);
    }
  }
  return hashes;
}

bool AreHashesDone(const std::string& folder) {
  const std::string path = ManifestHashesPath(folder);
  const Result<int64_t> size = FileSize(path);
  const std::string end = std::string(ManifestHashes::kDone) + "\n";
  const auto length = static_cast<int64_t>(end.size());
  if (!size.ok() || *size < length) return false;
  const Result<std::string> tail = ReadRange(path, *size - length, end.size());
  return tail.ok() && *tail == end;
}

Result<ManifestProgress> ReadManifestProgress(const std::string& folder) {
  ASSIGN_OR_RETURN(const Manifest manifest, ReadFiles(folder));
  const ManifestHashes hashes = ReadManifestHashes(folder);
  ManifestProgress progress;
  progress.head = manifest.Head();
  progress.is_done = hashes.is_done;
  const size_t count = std::min(hashes.lines.size(), manifest.files.size());
  for (size_t i = 0; i < count; ++i) {
    const std::string& line = hashes.lines[i];
    const bool is_left_out =
        line == ManifestHashes::kChanged || line == ManifestHashes::kUnreadable;
    progress.files_left_out += is_left_out ? 1 : 0;
    progress.files_hashed += is_left_out ? 0 : 1;
    progress.bytes_hashed += is_left_out ? 0 : manifest.files[i].bytes;
  }
  return progress;
}

}  // namespace lazurite
