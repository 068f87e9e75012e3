#include "spec/upload/upload_format.h"

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/hash.h"

namespace lazurite::upload {
namespace {

void PutNumber(char* to, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) to[i] = static_cast<char>((value >> (8 * i)) & 0xff);
}

uint64_t GetNumber(const char* from, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) {
    value |= uint64_t{static_cast<unsigned char>(from[i])} << (8 * i);
  }
  return value;
}

Result<FileEntry> ReadEntry(const Json& json, size_t number) {
  const std::string where = "files[" + std::to_string(number) + "]";
  if (!json.is_object()) return InvalidArgument(where + " is not an object");
  const Json* path = json.Find("path");
  if (path == nullptr || !path->is_string()) return InvalidArgument(where + " has no path");
  FileEntry entry;
  entry.path = path->string();
  ASSIGN_OR_RETURN(const std::string safe, SafeRelative(entry.path));
  if (safe != entry.path) {
    return InvalidArgument("the name \"" + entry.path + "\" is not in its plain form, expected \"" +
                           safe + "\"");
  }
  const Json* bytes = json.Find("bytes");
  if (bytes == nullptr || !bytes->is_int() || bytes->int_value() < 0) {
    return InvalidArgument(where + ".bytes is not a number of bytes");
  }
  entry.bytes = bytes->int_value();
  entry.is_executable = json.GetBool("executable");
  entry.mtime_ns = json.GetInt("mtime");
  entry.hash = json.GetString("hash");
  if (!entry.hash.empty() && !IsHash(entry.hash)) {
    return InvalidArgument(where + ".hash is not a hash of 64 lower-case hex letters");
  }
  return entry;
}

// Sorted by path, "a" stands before "a/b", but "a-b" between them.
Status CheckNames(const std::vector<FileEntry>& files) {
  std::set<std::string_view> paths;
  std::string_view before;
  for (const FileEntry& file : files) {
    if (!paths.insert(file.path).second) {
      return InvalidArgument("the name \"" + file.path + "\" is there twice");
    }
    if (file.path < before) return InvalidArgument("files are not sorted by path");
    before = file.path;
  }
  for (const FileEntry& file : files) {
    for (size_t slash = file.path.find('/'); slash != std::string::npos;
         slash = file.path.find('/', slash + 1)) {
      const std::string_view folder = std::string_view(file.path).substr(0, slash);
      if (paths.contains(folder)) {
        return InvalidArgument("the name \"" + std::string(folder) + "\" is a file and a folder");
      }
    }
  }
  return {};
}

Status CheckTotals(const Manifest& manifest) {
  int64_t left = kBytesMax;
  for (const FileEntry& file : manifest.files) {
    if (file.bytes > left) {
      return {Code::kResourceExhausted, "the upload is larger than 16 TiB, the most there may be"};
    }
    left -= file.bytes;
  }
  if (!manifest.is_folder &&
      (manifest.files.size() != 1 || manifest.files.front().path != manifest.name)) {
    return InvalidArgument("a single file is one entry whose path is the name");
  }
  return {};
}

}  // namespace

int64_t Manifest::Bytes() const {
  int64_t bytes = 0;
  for (const FileEntry& file : files) bytes += file.bytes;
  return bytes;
}

Json Manifest::ToJson() const {
  Json json = Json::MakeObject();
  json["name"] = name;
  json["is_folder"] = is_folder;
  if (!base.empty()) json["base"] = base;
  Json::Array list;
  list.reserve(files.size());
  for (const FileEntry& file : files) {
    Json entry = Json::MakeObject();
    entry["path"] = file.path;
    entry["bytes"] = file.bytes;
    if (file.is_executable) entry["executable"] = true;
    entry["mtime"] = file.mtime_ns;
    if (!file.hash.empty()) entry["hash"] = file.hash;
    list.push_back(std::move(entry));
  }
  json["files"] = Json(std::move(list));
  return json;
}

Result<Manifest> Manifest::FromJson(const Json& json) {
  Manifest manifest;
  manifest.name = json.GetString("name");
  ASSIGN_OR_RETURN(const std::string safe, SafeRelative(manifest.name));
  if (safe != manifest.name || safe.find('/') != std::string::npos) {
    return InvalidArgument("name is \"" + manifest.name +
                           "\", expected the name of a file or folder");
  }
  manifest.is_folder = json.GetBool("is_folder");
  manifest.base = json.GetString("base");
  if (!manifest.base.empty() && !IsHash(manifest.base)) {
    return InvalidArgument("base is not the hash of an upload");
  }
  const Json* files = json.Find("files");
  if (files == nullptr || !files->is_array()) return InvalidArgument("files is not a list");
  if (files->array().size() > kFilesMax) {
    return Status(Code::kResourceExhausted, "the upload has " +
                                                std::to_string(files->array().size()) +
                                                " files, more than " + std::to_string(kFilesMax));
  }
  if (files->array().empty()) return InvalidArgument("there are no files to upload");
  for (const Json& file : files->array()) {
    ASSIGN_OR_RETURN(FileEntry entry, ReadEntry(file, manifest.files.size()));
    manifest.files.push_back(std::move(entry));
  }
  TRY(CheckNames(manifest.files));
  TRY(CheckTotals(manifest));
  return manifest;
}

std::string ContentHash(const Manifest& manifest) {
  if (!manifest.is_folder) return manifest.files.front().hash;
  Hasher hasher;
  hasher.Add("lazurite folder 2\n");
  std::string line;
  for (const FileEntry& file : manifest.files) {
    LAZURITE_CHECK(IsHash(file.hash));
    line = file.hash;
    line += file.is_executable ? " x " : " - ";
    line += std::to_string(file.path.size()) + " " + file.path + "\n";
    hasher.Add(line);
  }
  return hasher.Hex();
}

bool IsHash(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char letter) {
           return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f');
         });
}

std::string CodeName(std::string_view hash) {
  LAZURITE_CHECK(IsHash(hash));
  std::string name(hash.substr(0, 8));
  for (const auto& [from, count] : {std::pair{8, 4}, {12, 4}, {16, 4}, {20, 12}}) {
    name += '-';
    name += hash.substr(static_cast<size_t>(from), static_cast<size_t>(count));
  }
  return name;
}

std::array<char, RecordHeader::kBytes> RecordHeader::Encode() const {
  std::array<char, kBytes> bytes{};
  PutNumber(bytes.data(), file, 4);
  PutNumber(bytes.data() + 8, offset, 8);
  PutNumber(bytes.data() + 16, length, 8);
  return bytes;
}

Result<RecordHeader> RecordHeader::Decode(std::string_view bytes) {
  LAZURITE_CHECK(bytes.size() == kBytes);
  if (GetNumber(bytes.data() + 4, 4) != 0) return InvalidArgument("not a record of an upload");
  RecordHeader header;
  header.file = static_cast<uint32_t>(GetNumber(bytes.data(), 4));
  header.offset = GetNumber(bytes.data() + 8, 8);
  header.length = GetNumber(bytes.data() + 16, 8);
  if (header.offset > uint64_t{kBytesMax} || header.length > uint64_t{kBytesMax}) {
    return InvalidArgument("a record of an upload names more than 16 TiB");
  }
  return header;
}

Status RecordReader::Add(std::string_view bytes) {
  while (!bytes.empty()) {
    if (left_ > 0) {
      const std::string_view piece =
          bytes.substr(0, static_cast<size_t>(std::min<uint64_t>(left_, bytes.size())));
      TRY(on_bytes(piece));
      left_ -= piece.size();
      bytes.remove_prefix(piece.size());
      continue;
    }
    const size_t count = std::min(RecordHeader::kBytes - head_.size(), bytes.size());
    head_.append(bytes.substr(0, count));
    bytes.remove_prefix(count);
    if (head_.size() < RecordHeader::kBytes) return {};
    ASSIGN_OR_RETURN(const RecordHeader header, RecordHeader::Decode(head_));
    head_.clear();
    TRY(on_begin(header));
    left_ = header.length;
  }
  return {};
}

Json ToJson(const std::vector<MissingRange>& missing) {
  Json list = Json::MakeArray();
  for (const MissingRange& range : missing) {
    list.Push(Json(
        Json::Array{Json(int64_t{range.first}), Json(int64_t{range.last}), Json(range.offset)}));
  }
  return list;
}

Result<std::vector<MissingRange>> MissingFromJson(const Json* json, size_t files) {
  const Status broken = InvalidArgument("the server's answer has no list of missing files");
  if (json == nullptr || !json->is_array()) return broken;
  std::vector<MissingRange> missing;
  for (const Json& item : json->array()) {
    if (!item.is_array() || item.array().size() != 3) return broken;
    for (const Json& number : item.array()) {
      if (!number.is_int() || number.int_value() < 0) return broken;
    }
    const int64_t first = item.array()[0].int_value();
    const int64_t last = item.array()[1].int_value();
    if (first > last || last >= static_cast<int64_t>(files)) return broken;
    missing.push_back(
        {static_cast<uint32_t>(first), static_cast<uint32_t>(last), item.array()[2].int_value()});
  }
  return missing;
}

}  // namespace lazurite::upload
