// What lies in a file or folder that is to be uploaded.
#pragma once

#include <string>
#include <vector>

#include "app/cli/upload.h"
#include "base/status.h"

namespace lazurite::cli {

struct LocalFile {
  std::string path;  // relative to the folder; the name of a single file
  int64_t bytes = 0;
  int64_t mtime_ns = 0;
  int64_t ctime_ns = 0;
  uint64_t inode = 0;
  bool is_executable = false;
};

struct LocalTree {
  std::string root;  // absolute; the file itself or the folder
  std::string name;
  bool is_folder = false;
  std::vector<LocalFile> files;  // sorted by path
  // Links that lead out of the folder and were followed.
  int64_t links_out = 0;
  std::string link_out;  // the first of them, "a/link to /where"

  std::string PathOf(const LocalFile& file) const;
};

// Walks the path as UploadPath does.
Result<LocalTree> WalkLocal(const std::string& path, UploadRequest::Purpose purpose);

}  // namespace lazurite::cli
