#include "domain/data/manifest.h"

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

namespace lazurite {
namespace {

constexpr int kFormat = 1;
constexpr size_t kHashesBytesMax = kManifestFilesMax * 65 + 16;

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
  ASSIGN_OR_RETURN(ManifestReader reader, ManifestReader::Open(folder));
  Manifest manifest;
  manifest.place = reader.head().place;
  manifest.taken = reader.head().taken;
  manifest.is_folder = reader.head().is_folder;
  while (true) {
    ASSIGN_OR_RETURN(std::optional<ManifestFile> file, reader.Next());
    if (!file) return manifest;
    manifest.files.push_back(std::move(*file));
  }
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
  ASSIGN_OR_RETURN(const ManifestReader reader, ManifestReader::Open(folder));
  return reader.head();
}

ManifestHashes ReadManifestHashes(const std::string& folder) {
  ManifestHashes hashes;
  const Result<std::string> text = ReadFile(ManifestHashesPath(folder), kHashesBytesMax);
  if (!text.ok()) return hashes;
  // What follows the last line end was torn by a crash.
  std::string_view rest = std::string_view(*text).substr(0, text->rfind('\n') + 1);
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
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
