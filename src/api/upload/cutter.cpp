#include "api/upload/cutter.h"

#include <algorithm>
#include <cstring>

namespace lazurite::upload {

Buffers::Buffer Buffers::Get() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return Buffer(new char[kBytes]);
  Buffer buffer = std::move(free_.back());
  free_.pop_back();
  return buffer;
}

void Buffers::Put(Buffer buffer) {
  const std::lock_guard lock(mutex_);
  if (free_.size() < kKeptMax) free_.push_back(std::move(buffer));
}

Cutter::Cutter(const Manifest& manifest, std::vector<int64_t> next, Buffers& buffers)
    : manifest_(manifest), next_(std::move(next)), buffers_(buffers), buffer_(buffers.Get()) {
  LAZURITE_CHECK(next_.size() == manifest_.files.size());
}

int64_t Cutter::PieceLeft() const {
  return std::min(kPieceBytes, manifest_.files[file_].bytes - offset_);
}

// Within a large file no more than its piece, so that the next one begins in a buffer of its own.
size_t Cutter::room_bytes() const {
  const size_t left = Buffers::kBytes - end_;
  if (!is_in_large_) return left;
  return std::min(left, static_cast<size_t>(PieceLeft()) - (end_ - cut_));
}

Status Cutter::Filled(size_t count) {
  end_ += count;
  bool is_stuck = false;
  while (!is_stuck) TRY(is_in_large_ ? CutPiece(is_stuck) : Cut(is_stuck));
  return {};
}

// Whether so many bytes have come; if they would not fit into this buffer, they go into the next.
bool Cutter::Has(size_t count, bool& is_stuck) {
  if (end_ - cut_ >= count) return true;
  if (cut_ + count > Buffers::kBytes) Flush();
  is_stuck = true;
  return false;
}

// A record's head, and all the rest of a small file.
Status Cutter::Cut(bool& is_stuck) {
  if (!Has(RecordHeader::kBytes, is_stuck)) return {};
  ASSIGN_OR_RETURN(const RecordHeader header,
                   RecordHeader::Decode({buffer_.get() + cut_, RecordHeader::kBytes}));
  TRY(Begin(header));
  const auto length = static_cast<size_t>(header.length);
  if (manifest_.files[header.file].bytes > kPieceBytes) {
    cut_ += RecordHeader::kBytes;
    is_in_large_ = true;
    file_ = header.file;
    offset_ = static_cast<int64_t>(header.offset);
  } else {
    if (!Has(RecordHeader::kBytes + length, is_stuck)) return {};
    extents_.push_back({header.file, 0, cut_ + RecordHeader::kBytes, length});
    cut_ += RecordHeader::kBytes + length;
  }
  next_[header.file] = kComplete;
  return {};
}

Status Cutter::CutPiece(bool& is_stuck) {
  const int64_t length = PieceLeft();
  if (!Has(static_cast<size_t>(length), is_stuck)) return {};
  extents_.push_back({file_, offset_, cut_, static_cast<size_t>(length)});
  cut_ += static_cast<size_t>(length);
  offset_ += length;
  is_in_large_ = offset_ < manifest_.files[file_].bytes;
  if (length == kPieceBytes) Flush();
  return {};
}

Status Cutter::Begin(const RecordHeader& header) {
  if (header.file >= manifest_.files.size() || next_[header.file] == kComplete) {
    return InvalidArgument("record of file number " + std::to_string(header.file) +
                           ", which is not missing");
  }
  const FileEntry& entry = manifest_.files[header.file];
  const int64_t next = next_[header.file];
  if (static_cast<int64_t>(header.offset) != next ||
      static_cast<int64_t>(header.length) != entry.bytes - next) {
    return InvalidArgument("the record of " + entry.path + " has " + std::to_string(header.length) +
                           " bytes from " + std::to_string(header.offset) + ", expected " +
                           std::to_string(entry.bytes - next) + " from " + std::to_string(next));
  }
  return {};
}

void Cutter::Flush() {
  const size_t rest = end_ - cut_;
  if (extents_.empty()) {
    memmove(buffer_.get(), buffer_.get() + cut_, rest);
  } else {
    Buffers::Buffer fresh = buffers_.Get();
    memcpy(fresh.get(), buffer_.get() + cut_, rest);
    ready_.push_back({std::move(buffer_), std::exchange(extents_, {})});
    buffer_ = std::move(fresh);
  }
  cut_ = 0;
  end_ = rest;
}

}  // namespace lazurite::upload
