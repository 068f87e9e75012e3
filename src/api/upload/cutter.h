// Cuts the body of an upload into loads that can be stored independently of each other.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/blake3.h"
#include "base/status.h"
#include "spec/upload/upload_format.h"

namespace lazurite::upload {

// A file up to this size is stored at once, a larger one in such pieces.
inline constexpr int64_t kPieceBytes = int64_t{kBlake3PieceBytes};

// Memory that is used again: fresh memory costs as much as what is done with it.
class Buffers {
 public:
  // Room for a piece and the records' heads around it.
  static constexpr size_t kBytes = kBlake3PieceBytes + 4096;
  static constexpr size_t kKeptMax = 16;
  using Buffer = std::unique_ptr<char[]>;

  Buffer Get();
  void Put(Buffer buffer);

 private:
  std::mutex mutex_;
  std::vector<Buffer> free_;
};

// Bytes of a file: all of a small one, or one piece of a large one.
struct Extent {
  uint32_t file = 0;
  int64_t offset = 0;  // in the file
  size_t begin = 0;    // in the load
  size_t length = 0;
};

struct Load {
  Buffers::Buffer bytes;
  std::vector<Extent> extents;

  std::string_view BytesOf(const Extent& extent) const {
    return {bytes.get() + extent.begin, extent.length};
  }
};

// Not safe for several threads.
class Cutter {
 public:
  // Of a file that is there already.
  static constexpr int64_t kComplete = -1;

  // `next`: where each file goes on.
  Cutter(const Manifest& manifest, std::vector<int64_t> next, Buffers& buffers);

  // Where the body's next bytes are put, and how many are wanted there at most; never none.
  char* room() { return buffer_.get() + end_; }
  size_t room_bytes() const;
  // Takes what was put there. kInvalidArgument: records that do not fit what is missing.
  Status Filled(size_t count);
  // What can be stored by now.
  std::vector<Load> Take() { return std::exchange(ready_, {}); }
  // The body has ended, early or not: what is whole can be taken.
  void Finish() { Flush(); }

 private:
  Status Cut(bool& is_stuck);
  Status CutPiece(bool& is_stuck);
  Status Begin(const RecordHeader& header);
  bool Has(size_t count, bool& is_stuck);
  void Flush();
  int64_t PieceLeft() const;

  const Manifest& manifest_;
  std::vector<int64_t> next_;
  Buffers& buffers_;
  Buffers::Buffer buffer_;
  size_t cut_ = 0;  // up to here the buffer's bytes belong to extents
  size_t end_ = 0;
  std::vector<Extent> extents_;
  std::vector<Load> ready_;
  bool is_in_large_ = false;
  uint32_t file_ = 0;   // the large one
  int64_t offset_ = 0;  // in it
};

}  // namespace lazurite::upload
