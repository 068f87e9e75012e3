// Hashes of files as they were when they were uploaded, one file for each uploaded path. Losing it
// costs time only.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "app/cli/upload_walk.h"
#include "spec/upload/upload_format.h"

namespace lazurite::cli {

class UploadCache {
 public:
  // The folders' oldest caches are removed beyond so many.
  static constexpr size_t kPathsMax = 512;

  // `folder` as in UploadRequest.
  UploadCache(const std::string& folder, const std::string& root);

  bool was_found() const { return was_found_; }
  // Hash of the latest upload of this path, or "".
  const std::string& base() const { return base_; }
  // The file's hash if it has not changed since, or "".
  std::string_view Find(const LocalFile& file) const;

  // Keeps what was uploaded; files that were changed just before `walked_ns` are left out, because
  // a change in the same instant would not be seen. Failures are of no consequence.
  void Save(const LocalTree& tree, const upload::Manifest& manifest, const std::string& hash,
            int64_t walked_ns);

 private:
  struct Known {
    std::string_view hash;
    int64_t bytes, mtime_ns, ctime_ns;
    uint64_t inode;
  };
  void Parse();

  std::string folder_, file_;
  bool was_found_ = false;
  std::string base_;
  std::string text_;  // what Known's views point into
  std::unordered_map<std::string_view, Known> known_;
};

// Now, as files' times are counted.
int64_t NowNanoseconds();

}  // namespace lazurite::cli
