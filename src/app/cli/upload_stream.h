// The files of an upload as one body of records (docs/formats/upload.md), piece by piece.
#pragma once

#include <string>
#include <vector>

#include "app/cli/upload_walk.h"
#include "base/file.h"
#include "base/http/client.h"
#include "spec/upload/upload_format.h"

namespace lazurite::cli {

class UploadStream {
 public:
  // Small files and the ends of large ones are read into pieces of about this size: large enough
  // that a call costs nothing beside its bytes, small enough to stay in the processor's cache.
  static constexpr int64_t kReadBytes = int64_t{512} << 10;
  // Of the rest the kernel sends so much at a time.
  static constexpr int64_t kSentBytes = int64_t{8} << 20;

  UploadStream(const LocalTree& tree, std::vector<upload::MissingRange> missing);

  // How many bytes all pieces have together.
  int64_t bytes() const { return bytes_; }
  int64_t files() const { return files_; }
  int64_t files_sent() const { return files_sent_; }
  // The next piece, good until the following call; empty at the end. kInvalidArgument: a file that
  // is no longer what it was.
  Result<BodyPiece> Next();
  // Once all was sent: whether a file was changed after it was read, but before it had arrived.
  Status Recheck() const;

 private:
  Status OpenNext(BodyPiece& piece);
  Status Read(BodyPiece& piece);
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
  std::vector<const LocalFile*> sent_by_kernel_;
};

}  // namespace lazurite::cli
