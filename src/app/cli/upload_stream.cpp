#include "app/cli/upload_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace lazurite::cli {
namespace {

int64_t Nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Status CheckUnchanged(const LocalFile& file, const struct stat& now) {
  const bool is_same = now.st_size == file.bytes && Nanoseconds(now.st_mtim) == file.mtime_ns;
  if (is_same) return {};
  return InvalidArgument(file.path + " was changed while it was uploaded");
}

}  // namespace

UploadStream::UploadStream(const LocalTree& tree, std::vector<upload::MissingRange> missing)
    : tree_(tree), missing_(std::move(missing)) {
  for (const upload::MissingRange& range : missing_) {
    for (size_t i = range.first; i <= range.last; ++i) {
      bytes_ += static_cast<int64_t>(upload::RecordHeader::kBytes) + tree_.files[i].bytes;
    }
    bytes_ -= range.offset;
    files_ += int64_t{range.last} - range.first + 1;
  }
  if (!missing_.empty()) next_ = missing_.front().first;
}

Result<BodyPiece> UploadStream::Next() {
  BodyPiece piece;
  piece.bytes.reserve(static_cast<size_t>(kReadBytes) + upload::RecordHeader::kBytes);
  while (static_cast<int64_t>(piece.bytes.size()) < kReadBytes) {
    if (file_ == nullptr) {
      if (range_ == missing_.size()) break;
      TRY(OpenNext(piece));
    }
    // The end is read, so that nothing is complete before its file was looked at once more.
    const int64_t far = file_->bytes - offset_ - kReadBytes;
    if (far > 0) {
      if (sent_by_kernel_.empty() || sent_by_kernel_.back() != file_) {
        sent_by_kernel_.push_back(file_);
      }
      piece.file = fd_.get();
      piece.offset = offset_;
      piece.length = std::min(far, kSentBytes);
      offset_ += piece.length;
      break;
    }
    TRY(Read(piece));
  }
  return piece;
}

Status UploadStream::OpenNext(BodyPiece& piece) {
  const upload::MissingRange& range = missing_[range_];
  file_ = &tree_.files[next_];
  offset_ = next_ == range.first ? range.offset : 0;
  const auto head = upload::RecordHeader{next_, static_cast<uint64_t>(offset_),
                                         static_cast<uint64_t>(file_->bytes - offset_)}
                        .Encode();
  piece.bytes.append(head.data(), head.size());
  ASSIGN_OR_RETURN(fd_, OpenFile(tree_.PathOf(*file_), O_RDONLY));
  if (next_ == range.last) {
    ++range_;
    if (range_ < missing_.size()) next_ = missing_[range_].first;
  } else {
    ++next_;
  }
  return {};
}

// The rest of the file, as far as there is room.
Status UploadStream::Read(BodyPiece& piece) {
  const size_t begin = piece.bytes.size();
  const int64_t room = std::max<int64_t>(kReadBytes - static_cast<int64_t>(begin), 0);
  const auto wanted = static_cast<size_t>(std::min(room, file_->bytes - offset_));
  piece.bytes.resize(begin + wanted);
  size_t done = 0;
  while (done < wanted) {
    const ssize_t count = pread(fd_.get(), piece.bytes.data() + begin + done, wanted - done,
                                offset_ + static_cast<int64_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus("reading " + file_->path, errno);
    if (count == 0) return InvalidArgument(file_->path + " became shorter while it was uploaded");
    done += static_cast<size_t>(count);
  }
  offset_ += static_cast<int64_t>(wanted);
  return offset_ == file_->bytes ? CloseFile() : Status();
}

Status UploadStream::CloseFile() {
  struct stat info {};
  if (fstat(fd_.get(), &info) != 0) return ErrnoStatus("reading " + file_->path, errno);
  TRY(CheckUnchanged(*file_, info));
  fd_.Close();
  file_ = nullptr;
  ++files_sent_;
  return {};
}

// What the kernel sends it takes from the file when the other side receives it.
Status UploadStream::Recheck() const {
  for (const LocalFile* file : sent_by_kernel_) {
    struct stat info {};
    const std::string path = tree_.PathOf(*file);
    if (stat(path.c_str(), &info) != 0) return ErrnoStatus("reading " + path, errno);
    TRY(CheckUnchanged(*file, info));
  }
  return {};
}

}  // namespace lazurite::cli
