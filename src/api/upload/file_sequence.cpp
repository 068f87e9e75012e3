#include "api/upload/file_sequence.h"

#include <algorithm>

namespace lazurite::upload {

FileSequence::FileSequence(const Manifest& manifest, std::vector<bool> complete, FileSink& sink)
    : manifest_(manifest), complete_(std::move(complete)), sink_(sink) {
  LAZURITE_CHECK(complete_.size() == manifest_.files.size());
  left_ = static_cast<size_t>(std::count(complete_.begin(), complete_.end(), false));
  Restart();
}

void FileSequence::Restart() {
  reader_ = RecordReader();
  reader_.on_begin = [this](const RecordHeader& header) { return Begin(header); };
  reader_.on_bytes = [this](std::string_view bytes) { return AddBytes(bytes); };
  is_interrupted_ = is_open_;
  if (is_open_ && !IsFirstMissing(file_)) is_open_ = is_interrupted_ = false;
}

bool FileSequence::IsFirstMissing(uint32_t file) const {
  const auto first = std::find(complete_.begin(), complete_.end(), false);
  return first != complete_.end() && first - complete_.begin() == int64_t{file};
}

Status FileSequence::Begin(const RecordHeader& header) {
  if (header.file >= manifest_.files.size() || complete_[header.file]) {
    return InvalidArgument("record of file number " + std::to_string(header.file) +
                           ", which is not missing");
  }
  const FileEntry& entry = manifest_.files[header.file];
  const auto offset = static_cast<int64_t>(header.offset);
  if (offset + static_cast<int64_t>(header.length) > entry.bytes) {
    return InvalidArgument("more bytes of " + entry.path + " than it was said to have");
  }
  const bool goes_on = is_open_ && header.file == file_ && offset == written_;
  const bool begins = offset == 0 && (!is_open_ || is_interrupted_);
  if (!goes_on && !begins) {
    return InvalidArgument("record of " + entry.path + " at " + std::to_string(offset) +
                           " is out of order");
  }
  if (!goes_on || is_interrupted_) {
    file_ = header.file;
    written_ = offset;
    is_open_ = true;
    is_interrupted_ = false;
    TRY(sink_.Open(file_, offset));
  }
  return EndIfFull();
}

Status FileSequence::AddBytes(std::string_view bytes) {
  TRY(sink_.Add(bytes));
  written_ += static_cast<int64_t>(bytes.size());
  return EndIfFull();
}

Status FileSequence::EndIfFull() {
  if (written_ < manifest_.files[file_].bytes) return {};
  TRY(sink_.Close(file_));
  is_open_ = false;
  complete_[file_] = true;
  --left_;
  return {};
}

std::vector<MissingRange> FileSequence::Missing() const {
  std::vector<MissingRange> missing;
  for (size_t i = 0; i < complete_.size(); ++i) {
    if (complete_[i]) continue;
    const auto number = static_cast<uint32_t>(i);
    if (!missing.empty() && missing.back().last + 1 == number) {
      missing.back().last = number;
    } else {
      missing.push_back({number, number, 0});
    }
  }
  if (is_open_ && !missing.empty() && missing.front().first == file_) {
    missing.front().offset = written_;
  }
  return missing;
}

int64_t FileSequence::MissingBytes() const {
  int64_t bytes = 0;
  for (const MissingRange& range : Missing()) {
    for (size_t i = range.first; i <= range.last; ++i) bytes += manifest_.files[i].bytes;
    bytes -= range.offset;
  }
  return bytes;
}

}  // namespace lazurite::upload
