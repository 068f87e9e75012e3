// The files of an upload as one body of records (docs/formats/upload.md), read piece by piece.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/cli/upload_walk.h"
#include "base/file.h"
#include "spec/upload/upload_format.h"

namespace lazurite::cli {

class UploadStream {
 public:
  // Large enough that a call costs nothing beside its bytes, small enough to stay in the
  // processor's cache.
  static constexpr size_t kPieceBytes = size_t{512} << 10;

  UploadStream(const LocalTree& tree, std::vector<upload::MissingRange> missing);

  // How many bytes all pieces have together.
  int64_t bytes() const { return bytes_; }
  int64_t files() const { return files_; }
  int64_t files_sent() const { return files_sent_; }
  // The next piece; empty at the end. kInvalidArgument: a file that is no longer what it was.
  Result<std::string> Next();

 private:
  Status AddSome(std::string& piece);
  Status OpenNext(std::string& piece);
  Status CloseFile();

  const LocalTree& tree_;
  std::vector<upload::MissingRange> missing_;
  size_t range_ = 0;   // of missing_
  uint32_t next_ = 0;  // file to be opened next in that range
  int64_t bytes_ = 0;
  int64_t files_ = 0;
  int64_t files_sent_ = 0;
  const LocalFile* file_ = nullptr;  // open now
  Fd fd_;
  int64_t offset_ = 0;
};

}  // namespace lazurite::cli
