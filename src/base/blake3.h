// BLAKE3, the digest of stored content: as hard to forge as SHA-256, several times as fast, and a
// tree, so that the pieces of one file can be hashed side by side. `b3sum` prints the same.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lazurite {

// What is hashed side by side: whole pieces but for the last.
inline constexpr size_t kBlake3PieceBytes = size_t{1} << 20;
using Blake3Node = std::array<unsigned char, 32>;

Blake3Node Blake3Of(std::string_view bytes);
// The digest in lower-case hex, 64 letters.
std::string Blake3Hex(std::string_view bytes);
Result<std::string> Blake3File(const std::string& path);

// Of one piece of something that has more than one; never empty.
Blake3Node Blake3Piece(std::string_view bytes, uint64_t number);

// Makes the digest of all out of at least two pieces, which may come in any order.
class Blake3Joiner {
 public:
  // Each number once.
  void Add(uint64_t number, const Blake3Node& node);
  // Those beyond a gap, which are to come again.
  void ForgetEarly() { early_.clear(); }
  // How many have come without a gap.
  uint64_t joined() const { return joined_; }
  // In hex, once all are there. The joiner is spent.
  std::string Hex();

 private:
  void Join(const Blake3Node& node);

  std::vector<Blake3Node> stack_;
  std::map<uint64_t, Blake3Node> early_;
  uint64_t joined_ = 0;
};

}  // namespace lazurite
