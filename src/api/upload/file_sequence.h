// Follows a body of records through the files of an upload and hands their bytes on.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "spec/upload/upload_format.h"

namespace lazurite::upload {

// What is done with the files: they are written, or hashed.
class FileSink {
 public:
  virtual ~FileSink() = default;
  // A file begins (offset 0), or goes on after a broken body.
  virtual Status Open(uint32_t file, int64_t offset) = 0;
  virtual Status Add(std::string_view bytes) = 0;
  virtual Status Close(uint32_t file) = 0;
};

// Not safe for several threads.
class FileSequence {
 public:
  FileSequence(const Manifest& manifest, std::vector<bool> complete, FileSink& sink);

  // kInvalidArgument: records that are out of order or do not fit the manifest.
  Status Add(std::string_view bytes) { return reader_.Add(bytes); }
  // A new body begins. A file that was begun goes on if it is the first that is missing, else it
  // begins again.
  void Restart();

  std::vector<MissingRange> Missing() const;
  int64_t MissingBytes() const;
  bool IsComplete() const { return left_ == 0; }

 private:
  Status Begin(const RecordHeader& header);
  Status AddBytes(std::string_view bytes);
  Status EndIfFull();
  bool IsFirstMissing(uint32_t file) const;

  const Manifest& manifest_;
  std::vector<bool> complete_;
  size_t left_ = 0;
  FileSink& sink_;
  RecordReader reader_;
  bool is_open_ = false;
  bool is_interrupted_ = false;  // open, but no record of this body has continued it
  uint32_t file_ = 0;            // open now
  int64_t written_ = 0;          // of it
};

}  // namespace lazurite::upload
