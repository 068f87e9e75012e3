// The format of uploads (docs/formats/upload.md): what both ends agree on. Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace lazurite::upload {

inline constexpr size_t kFilesMax = 500'000;
inline constexpr int64_t kBytesMax = int64_t{16} << 40;
inline constexpr size_t kManifestBytesMax = size_t{160}
                                            << 20;  // some 300 bytes for each of kFilesMax files

// One file of an upload.
struct FileEntry {
  std::string path;
  int64_t bytes = 0;
  bool is_executable = false;
  int64_t mtime_ns = 0;
  std::string hash;  // "" = not known
};

// What is to be uploaded.
struct Manifest {
  std::string name;
  bool is_folder = false;
  std::string base;  // hash of an upload that may have some of the files, or ""
  std::vector<FileEntry> files;

  int64_t Bytes() const;
  Json ToJson() const;
  // Checks everything: names that stay inside, no name twice, none both file and folder, the
  // limits.
  static Result<Manifest> FromJson(const Json& json);
};

// The hash of the content; every file's must be known, and files be sorted by path.
std::string ContentHash(const Manifest& manifest);
// True for 64 lower-case hex letters.
bool IsHash(std::string_view text);
// The name of a code asset with that content: a guid.
std::string CodeName(std::string_view hash);

struct RecordHeader {
  static constexpr size_t kBytes = 24;
  uint32_t file = 0;
  uint64_t offset = 0;
  uint64_t length = 0;

  std::array<char, kBytes> Encode() const;
  // kInvalidArgument: not a header.
  static Result<RecordHeader> Decode(std::string_view bytes);
};

// Takes a body of records apart, in whatever pieces it comes.
class RecordReader {
 public:
  // Called at the beginning of each record, also of empty ones, and for each piece of its bytes.
  // Their failure ends Add.
  std::function<Status(const RecordHeader&)> on_begin;
  std::function<Status(std::string_view)> on_bytes;

  Status Add(std::string_view bytes);
  // True between records.
  bool IsComplete() const { return head_.empty() && left_ == 0; }

 private:
  std::string head_;
  uint64_t left_ = 0;
};

// Ranges of file numbers that are to be sent.
struct MissingRange {
  uint32_t first = 0;
  uint32_t last = 0;
  int64_t offset = 0;  // in the first file
};
Json ToJson(const std::vector<MissingRange>& missing);
Result<std::vector<MissingRange>> MissingFromJson(const Json* json, size_t files);

}  // namespace lazurite::upload
