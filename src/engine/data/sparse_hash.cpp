#include "engine/data/sparse_hash.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

#include "base/blake3.h"

namespace lazurite::data {
namespace {

constexpr int64_t kPieceBytes = kBlake3PieceBytes;

class Hashing {
 public:
  Hashing(const Fd& file, int64_t bytes, const HashProgress& progress)
      : fd_(file.get()), bytes_(bytes), progress_(progress) {}

  Result<std::string> Run() {
    buffer_.resize(static_cast<size_t>(std::min(bytes_, kPieceBytes)));
    if (bytes_ <= kPieceBytes) {
      TRY(Read(0, buffer_.size()));
      return Blake3Hex(buffer_);
    }
    Blake3Joiner joiner;
    for (int64_t at = 0; at < bytes_; at += kPieceBytes) {
      const auto count = static_cast<size_t>(std::min(kPieceBytes, bytes_ - at));
      const auto number = static_cast<uint64_t>(at / kPieceBytes);
      joiner.Add(number, Blake3Piece({Piece(at, count), count}, number));
      if (!failure_.ok()) return failure_;
      if (!progress_(at + static_cast<int64_t>(count))) return Status(Code::kCancelled, "stopped");
    }
    return joiner.Hex();
  }

 private:
  // The bytes there, without reading them if it is a hole.
  const char* Piece(int64_t at, size_t count) {
    if (IsHole(at, count)) {
      zeros_.resize(static_cast<size_t>(kPieceBytes));
      return zeros_.data();
    }
    failure_ = Read(at, count);
    return buffer_.data();
  }

  bool IsHole(int64_t at, size_t count) {
    const int64_t end = at + static_cast<int64_t>(count);
    if (data_at_ < at || data_at_ < 0) {
      const off_t found = lseek(fd_, at, SEEK_DATA);
      // No more data, or no file system that knows of holes.
      data_at_ = found >= 0 ? found : errno == ENXIO ? bytes_ : at;
    }
    return data_at_ >= end;
  }

  Status Read(int64_t at, size_t count) {
    size_t have = 0;
    bool was_cached = true;
    while (have < count) {
      const iovec into{buffer_.data() + have, count - have};
      const auto from = static_cast<off_t>(at + static_cast<int64_t>(have));
      ssize_t got = preadv2(fd_, &into, 1, from, RWF_NOWAIT);
      if (got < 0) {
        was_cached = was_cached && errno != EAGAIN;
        got = pread(fd_, into.iov_base, into.iov_len, from);
      }
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return ErrnoStatus("reading", errno);
      if (got == 0) return FailedPrecondition("it has become shorter");
      have += static_cast<size_t>(got);
    }
    if (!was_cached) {
      posix_fadvise(fd_, static_cast<off_t>(at), static_cast<off_t>(count), POSIX_FADV_DONTNEED);
    }
    return {};
  }

  const int fd_;
  const int64_t bytes_;
  const HashProgress& progress_;
  std::string buffer_, zeros_;
  int64_t data_at_ = -1;  // where the next data is, looked for last
  Status failure_;
};

}  // namespace

Result<std::string> HashSparsely(const Fd& file, int64_t bytes, const HashProgress& progress) {
  return Hashing(file, bytes, progress).Run();
}

}  // namespace lazurite::data
