// Bytes that came and are not used yet.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace lazurite {

// Small while nothing big comes: ten thousand idle connections keep one each.
class InputBuffer {
 public:
  static constexpr size_t kSmallBytes = 2048;

  std::string_view bytes() const { return {storage_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }

  void Consume(size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  std::string Take(size_t count) {
    std::string taken(bytes().substr(0, count));
    Consume(taken.size());
    return taken;
  }

  // Makes room for at least `count` more bytes; afterwards room() may be written to.
  void Reserve(size_t count) {
    if (capacity_ - end_ >= count) return;
    const size_t size = end_ - begin_;
    if (capacity_ >= size + count) {
      memmove(storage_.get(), storage_.get() + begin_, size);
    } else {
      const size_t capacity = std::max({kSmallBytes, 2 * capacity_, size + count});
      std::unique_ptr<char[]> storage(new char[capacity]);
      if (size > 0) memcpy(storage.get(), storage_.get() + begin_, size);
      storage_ = std::move(storage);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = size;
  }
  char* room() { return storage_.get() + end_; }
  size_t room_bytes() const { return capacity_ - end_; }
  void Filled(size_t count) { end_ += count; }

  // Gives big storage back when it is empty.
  void Shrink() {
    if (!empty() || capacity_ <= 2 * kSmallBytes) return;
    storage_.reset();
    capacity_ = begin_ = end_ = 0;
  }

 private:
  std::unique_ptr<char[]> storage_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace lazurite
