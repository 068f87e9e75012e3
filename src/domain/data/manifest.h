// What data that stays where it is looked like when it was registered: each file's size, time and,
// a while later, hash. So a later job can tell what has changed. docs/formats/manifest.md tells
// more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/status.h"

namespace lazurite {

struct ManifestFile {
  std::string path;  // below the place; "" if the place is a file itself
  int64_t bytes = 0;
  int64_t modified_ns = 0;  // since 1970
  std::string hash = {};    // BLAKE3 in hex; "" = not known
};

// What is told without reading all files of it.
struct ManifestHead {
  std::string place;  // absolute
  Time taken{};
  bool is_folder = false;
  int64_t files = 0;
  int64_t bytes = 0;
};

struct Manifest {
  std::string place;
  Time taken{};
  bool is_folder = false;
  std::vector<ManifestFile> files;  // sorted by path

  ManifestHead Head() const;
};

// More are refused: a million small files are slow for every job that reads them.
inline constexpr size_t kManifestFilesMax = 1'000'000;

// Looks at all files at `place`, by several threads. Links count as what they lead to; links that
// lead nowhere or back to where they are, pipes and sockets are left out. kNotFound,
// kPermissionDenied: names what cannot be looked at; kResourceExhausted: more than
// kManifestFilesMax files.
Result<Manifest> TakeManifest(const std::string& place, Time now);

// The files of a manifest's folder.
std::string ManifestFilesPath(const std::string& folder);
std::string ManifestHashesPath(const std::string& folder);
// Writes `folder`/files, durably; the folder is there.
Status WriteManifest(const std::string& folder, const Manifest& manifest);
// With the hashes that are known. kNotFound if there is none.
Result<Manifest> ReadManifest(const std::string& folder);
Result<ManifestHead> ReadManifestHead(const std::string& folder);

// Its files one after the other, without all of them in memory.
class ManifestReader final {
 public:
  // kNotFound if there is none.
  static Result<ManifestReader> Open(const std::string& folder);

  const ManifestHead& head() const { return head_; }
  // Nothing after the last one.
  Result<std::optional<ManifestFile>> Next();

 private:
  ManifestReader(std::string path, Fd file) : path_(std::move(path)), file_(std::move(file)) {}

  Result<std::string_view> Line();
  Status Unreadable() const;

  std::string path_;
  Fd file_;
  ManifestHead head_;
  std::string buffer_;
  size_t used_ = 0;   // of the buffer
  int64_t read_ = 0;  // files
};

// How far the hashes are: the lines of `folder`/hashes, one for each file in order.
struct ManifestHashes {
  // Instead of a hash: the file was another one by then, or could not be read.
  static constexpr std::string_view kChanged = "changed";
  static constexpr std::string_view kUnreadable = "unreadable";
  // The last line, after all files.
  static constexpr std::string_view kDone = "done";

  std::vector<std::string> lines;
  bool is_done = false;
};
ManifestHashes ReadManifestHashes(const std::string& folder);
// Whether all hashes are there, by a look at the end of the file.
bool AreHashesDone(const std::string& folder);

struct ManifestProgress {
  ManifestHead head;
  int64_t files_hashed = 0;
  int64_t bytes_hashed = 0;
  int64_t files_left_out = 0;  // no hash: changed since, or not readable
  bool is_done = false;
};
Result<ManifestProgress> ReadManifestProgress(const std::string& folder);

struct ManifestChanges {
  static constexpr size_t kNamedMax = 5;

  int64_t changed = 0;
  int64_t added = 0;
  int64_t removed = 0;
  std::vector<std::string> examples;  // at most kNamedMax: "a.csv (10 B → 12 B)"

  int64_t count() const { return changed + added + removed; }
  // "2 files", and "a.csv (10 B → 12 B), b.csv (gone) and 3 more".
  std::string Count() const;
  std::string Named() const;
};

// Files that are only touched are compared by content if their hash is known, up to these limits;
// beyond them another time is a change.
inline constexpr int64_t kRehashFileBytesMax = int64_t{64} << 20;
inline constexpr int64_t kRehashBytesMax = int64_t{256} << 20;

// What is different at the place now. Reads what was touched.
ManifestChanges CompareManifest(const Manifest& then, const Manifest& now);

}  // namespace lazurite
