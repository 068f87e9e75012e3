#include "app/cli/upload_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace lazurite::cli {

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

Result<std::string> UploadStream::Next() {
  std::string piece;
  piece.reserve(kPieceBytes + upload::RecordHeader::kBytes);
  while (piece.size() < kPieceBytes) {
    if (file_ == nullptr) {
      if (range_ == missing_.size()) break;
      TRY(OpenNext(piece));
    }
    TRY(AddSome(piece));
  }
  return piece;
}

Status UploadStream::OpenNext(std::string& piece) {
  const upload::MissingRange& range = missing_[range_];
  file_ = &tree_.files[next_];
  offset_ = next_ == range.first ? range.offset : 0;
  const auto head = upload::RecordHeader{next_, static_cast<uint64_t>(offset_),
                                         static_cast<uint64_t>(file_->bytes - offset_)}
                        .Encode();
  piece.append(head.data(), head.size());
  Result<Fd> fd = OpenFile(tree_.PathOf(*file_), O_RDONLY);
  if (!fd.ok()) return fd.status();
  fd_ = std::move(*fd);
  if (next_ == range.last) {
    ++range_;
    if (range_ < missing_.size()) next_ = missing_[range_].first;
  } else {
    ++next_;
  }
  return {};
}

Status UploadStream::AddSome(std::string& piece) {
  const auto room = static_cast<int64_t>(kPieceBytes - std::min(kPieceBytes, piece.size()));
  const auto wanted = static_cast<size_t>(std::min(room, file_->bytes - offset_));
  const size_t begin = piece.size();
  piece.resize(begin + wanted);
  size_t done = 0;
  while (done < wanted) {
    const ssize_t count = pread(fd_.get(), piece.data() + begin + done, wanted - done,
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
  const int64_t mtime_ns = int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
  if (info.st_size != file_->bytes || mtime_ns != file_->mtime_ns) {
    return InvalidArgument(file_->path + " was changed while it was uploaded");
  }
  fd_.Close();
  file_ = nullptr;
  ++files_sent_;
  return {};
}

}  // namespace lazurite::cli
