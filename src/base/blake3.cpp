#include "base/blake3.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "base/hash.h"

namespace lazurite {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr size_t kBlockBytes = 64;
constexpr size_t kChunkBytes = 1024;
constexpr size_t kChunkBlocks = kChunkBytes / kBlockBytes;
constexpr size_t kPieceChunks = kBlake3PieceBytes / kChunkBytes;
constexpr uint32_t kChunkStart = 1, kChunkEnd = 2, kParent = 4, kRoot = 8;

constexpr std::array<uint32_t, 8> kStart = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
constexpr std::array<size_t, 16> kPermutation = {2, 6,  3,  10, 7, 0,  4,  13,
                                                 1, 11, 12, 5,  9, 14, 15, 8};

// Which word of the message goes where, in each round.
constexpr auto kOrder = [] {
  std::array<std::array<size_t, 16>, 7> order{};
  for (size_t i = 0; i < 16; ++i) order[0][i] = i;
  for (size_t round = 1; round < order.size(); ++round) {
    for (size_t i = 0; i < 16; ++i) order[round][i] = order[round - 1][kPermutation[i]];
  }
  return order;
}();

// Inputs of the same number of whole blocks that lie one after the other.
struct Row {
  const unsigned char* input;
  size_t blocks;
  uint64_t counter;   // of the first input
  uint64_t counts;    // 1: it grows from input to input
  uint32_t flags;     // of each block
  uint32_t first;     // further ones of the first block
  uint32_t last;      // and of the last
  Blake3Node* nodes;  // where the result goes
};

// One word of N inputs. The functions below are compiled for each kind of processor, inlined into
// a function that allows its instructions.
template <size_t N>
struct Lanes {
  typedef uint32_t Word __attribute__((vector_size(4 * N)));
};
#define LAZURITE_INLINE [[gnu::always_inline]] inline

template <int kBits, typename Word>
LAZURITE_INLINE void RotateRight(Word& word) {
  word = (word >> kBits) | (word << (32 - kBits));
}

template <typename Word>
LAZURITE_INLINE void Mix(Word& a, Word& b, Word& c, Word& d, const Word& x, const Word& y) {
  a = a + b + x;
  d ^= a;
  RotateRight<16>(d);
  c += d;
  b ^= c;
  RotateRight<12>(b);
  a = a + b + y;
  d ^= a;
  RotateRight<8>(d);
  c += d;
  b ^= c;
  RotateRight<7>(b);
}

template <size_t kRound, typename Word>
LAZURITE_INLINE void Round(Word (&v)[16], const Word (&m)[16]) {
  constexpr auto& kAt = kOrder[kRound];
  Mix(v[0], v[4], v[8], v[12], m[kAt[0]], m[kAt[1]]);
  Mix(v[1], v[5], v[9], v[13], m[kAt[2]], m[kAt[3]]);
  Mix(v[2], v[6], v[10], v[14], m[kAt[4]], m[kAt[5]]);
  Mix(v[3], v[7], v[11], v[15], m[kAt[6]], m[kAt[7]]);
  Mix(v[0], v[5], v[10], v[15], m[kAt[8]], m[kAt[9]]);
  Mix(v[1], v[6], v[11], v[12], m[kAt[10]], m[kAt[11]]);
  Mix(v[2], v[7], v[8], v[13], m[kAt[12]], m[kAt[13]]);
  Mix(v[3], v[4], v[9], v[14], m[kAt[14]], m[kAt[15]]);
  if constexpr (kRound + 1 < kOrder.size()) Round<kRound + 1>(v, m);
}

// Exchanges the halves of what two rows hold for columns that differ in one bit.
template <size_t N, size_t kBit, size_t... kAt>
LAZURITE_INLINE void Exchange(typename Lanes<N>::Word& a, typename Lanes<N>::Word& b,
                              std::index_sequence<kAt...>) {
  using Word = typename Lanes<N>::Word;
  const Word low = __builtin_shuffle(a, b, Word{((kAt & kBit) == 0 ? kAt : N + kAt - kBit)...});
  b = __builtin_shuffle(a, b, Word{((kAt & kBit) == 0 ? kAt + kBit : N + kAt)...});
  a = low;
}

// Turns N rows of N words into columns.
template <size_t N, size_t kBit>
LAZURITE_INLINE void Transpose(typename Lanes<N>::Word* rows) {
  if constexpr (kBit > 0) {
    for (size_t i = 0; i < N; ++i) {
      if ((i & kBit) == 0) {
        Exchange<N, kBit>(rows[i], rows[i + kBit], std::make_index_sequence<N>());
      }
    }
    Transpose<N, kBit / 2>(rows);
  }
}

template <size_t N>
LAZURITE_INLINE void LoadBlocks(const Row& row, size_t block, typename Lanes<N>::Word (&m)[16]) {
  using Word = typename Lanes<N>::Word;
  for (size_t group = 0; group < 16 / N; ++group) {
    Word* const rows = m + group * N;
    for (size_t lane = 0; lane < N; ++lane) {
      memcpy(&rows[lane],
             row.input + (lane * row.blocks + block) * kBlockBytes + group * sizeof(Word),
             sizeof(Word));
    }
    Transpose<N, N / 2>(rows);
  }
}

template <size_t N>
LAZURITE_INLINE void HashLanes(const Row& row) {
  using Word = typename Lanes<N>::Word;
  Word h[8];
  for (size_t i = 0; i < 8; ++i) h[i] = Word{} + kStart[i];
  Word low, high;
  for (size_t lane = 0; lane < N; ++lane) {
    const uint64_t counter = row.counter + lane * row.counts;
    low[lane] = static_cast<uint32_t>(counter);
    high[lane] = static_cast<uint32_t>(counter >> 32);
  }
  for (size_t block = 0; block < row.blocks; ++block) {
    const uint32_t flags =
        row.flags | (block == 0 ? row.first : 0) | (block + 1 == row.blocks ? row.last : 0);
    Word m[16];
    LoadBlocks<N>(row, block, m);
    Word v[16] = {h[0],
                  h[1],
                  h[2],
                  h[3],
                  h[4],
                  h[5],
                  h[6],
                  h[7],
                  Word{} + kStart[0],
                  Word{} + kStart[1],
                  Word{} + kStart[2],
                  Word{} + kStart[3],
                  low,
                  high,
                  Word{} + uint32_t{kBlockBytes},
                  Word{} + flags};
    Round<0>(v, m);
    for (size_t i = 0; i < 8; ++i) h[i] = v[i] ^ v[i + 8];
  }
  for (size_t lane = 0; lane < N; ++lane) {
    for (size_t i = 0; i < 8; ++i) {
      const uint32_t word = h[i][lane];
      memcpy(row.nodes[lane].data() + 4 * i, &word, 4);
    }
  }
}

void HashFour(const Row& row) { HashLanes<4>(row); }
void HashOne(const Row& row) { HashLanes<1>(row); }
#if defined(__x86_64__)
[[gnu::target("avx2")]] void HashEight(const Row& row) { HashLanes<8>(row); }
[[gnu::target("avx512f")]] void HashSixteen(const Row& row) { HashLanes<16>(row); }
#endif

struct Way {
  size_t lanes;
  bool (*is_possible)();
  void (*hash)(const Row&);
};
constexpr auto kAlways = [] { return true; };
constexpr Way kWays[] = {
#if defined(__x86_64__)
    {16, [] { return __builtin_cpu_supports("avx512f") != 0; }, &HashSixteen},
    {8, [] { return __builtin_cpu_supports("avx2") != 0; }, &HashEight},
#endif
    {4, kAlways, &HashFour},
    {1, kAlways, &HashOne}};

void HashRow(Row row, size_t count) {
  for (const Way& way : kWays) {
    if (count < way.lanes || !way.is_possible()) continue;
    while (count >= way.lanes) {
      way.hash(row);
      row.input += way.lanes * row.blocks * kBlockBytes;
      row.counter += way.lanes * row.counts;
      row.nodes += way.lanes;
      count -= way.lanes;
    }
  }
}

void HashParents(const Blake3Node* children, size_t count, uint32_t flags, Blake3Node* nodes) {
  HashRow({.input = children->data(),
           .blocks = 1,
           .counter = 0,
           .counts = 0,
           .flags = kParent | flags,
           .first = 0,
           .last = 0,
           .nodes = nodes},
          count);
}

// A chunk whose last block may be short or missing.
Blake3Node HashLastChunk(std::string_view bytes, uint64_t counter, uint32_t flags) {
  std::array<uint32_t, 8> h = kStart;
  size_t at = 0;
  do {
    const size_t length = std::min(kBlockBytes, bytes.size() - at);
    uint32_t m[16] = {};
    if (length > 0) memcpy(m, bytes.data() + at, length);
    const bool is_last = at + length == bytes.size();
    uint32_t v[16] = {h[0],
                      h[1],
                      h[2],
                      h[3],
                      h[4],
                      h[5],
                      h[6],
                      h[7],
                      kStart[0],
                      kStart[1],
                      kStart[2],
                      kStart[3],
                      static_cast<uint32_t>(counter),
                      static_cast<uint32_t>(counter >> 32),
                      static_cast<uint32_t>(length),
                      (at == 0 ? kChunkStart : 0) | (is_last ? kChunkEnd | flags : 0)};
    Round<0>(v, m);
    for (size_t i = 0; i < 8; ++i) h[i] = v[i] ^ v[i + 8];
    at += length;
  } while (at < bytes.size());
  Blake3Node node;
  memcpy(node.data(), h.data(), node.size());
  return node;
}

// Joins neighbours, level by level; the one that is left over goes up a level.
Blake3Node JoinLevels(std::vector<Blake3Node>& nodes, uint32_t root) {
  std::vector<Blake3Node> above((nodes.size() + 1) / 2);
  while (nodes.size() > 1) {
    const size_t pairs = nodes.size() / 2;
    HashParents(nodes.data(), pairs, nodes.size() == 2 ? root : 0, above.data());
    if (nodes.size() % 2 == 1) above[pairs] = nodes.back();
    const size_t left = (nodes.size() + 1) / 2;
    std::copy_n(above.begin(), left, nodes.begin());
    nodes.resize(left);
  }
  return nodes.front();
}

Blake3Node HashTree(std::string_view bytes, uint64_t counter, uint32_t root) {
  if (bytes.size() <= kChunkBytes) return HashLastChunk(bytes, counter, root);
  const size_t whole = bytes.size() / kChunkBytes;
  std::vector<Blake3Node> nodes(whole);
  HashRow({.input = reinterpret_cast<const unsigned char*>(bytes.data()),
           .blocks = kChunkBlocks,
           .counter = counter,
           .counts = 1,
           .flags = 0,
           .first = kChunkStart,
           .last = kChunkEnd,
           .nodes = nodes.data()},
          whole);
  bytes.remove_prefix(whole * kChunkBytes);
  if (!bytes.empty()) nodes.push_back(HashLastChunk(bytes, counter + whole, 0));
  return JoinLevels(nodes, root);
}

std::string Hex(const Blake3Node& node) {
  return HexEncode({reinterpret_cast<const char*>(node.data()), node.size()});
}

}  // namespace

Blake3Node Blake3Of(std::string_view bytes) { return HashTree(bytes, 0, kRoot); }

std::string Blake3Hex(std::string_view bytes) { return Hex(Blake3Of(bytes)); }

Blake3Node Blake3Piece(std::string_view bytes, uint64_t number) {
  LAZURITE_CHECK(!bytes.empty() && bytes.size() <= kBlake3PieceBytes);
  return HashTree(bytes, number * kPieceChunks, 0);
}

void Blake3Joiner::Add(uint64_t number, const Blake3Node& node) {
  LAZURITE_CHECK(number >= joined_);
  early_.emplace(number, node);
  for (auto next = early_.find(joined_); next != early_.end(); next = early_.find(joined_)) {
    Join(next->second);
    early_.erase(next);
  }
}

// The stack holds one node for each bit of the number of pieces; joins wait for the piece that
// follows, because the very last one is marked as the root.
void Blake3Joiner::Join(const Blake3Node& node) {
  while (stack_.size() > static_cast<size_t>(std::popcount(joined_))) {
    const std::array<Blake3Node, 2> pair = {stack_[stack_.size() - 2], stack_.back()};
    stack_.pop_back();
    HashParents(pair.data(), 1, 0, &stack_.back());
  }
  stack_.push_back(node);
  ++joined_;
}

std::string Blake3Joiner::Hex() {
  LAZURITE_CHECK(stack_.size() > 1 && early_.empty());
  while (stack_.size() > 1) {
    const std::array<Blake3Node, 2> pair = {stack_[stack_.size() - 2], stack_.back()};
    stack_.pop_back();
    HashParents(pair.data(), 1, stack_.size() == 1 ? kRoot : 0, &stack_.back());
  }
  return lazurite::Hex(stack_.front());
}

Result<std::string> Blake3File(const std::string& path) {
  ASSIGN_OR_RETURN(const Fd file, OpenFile(path, O_RDONLY));
  const std::unique_ptr<char[]> buffer(new char[kBlake3PieceBytes + 1]);
  Blake3Joiner joiner;
  int64_t offset = 0;
  while (true) {
    size_t size = 0;
    while (size < kBlake3PieceBytes) {
      const ssize_t count = pread(file.get(), buffer.get() + size, kBlake3PieceBytes - size,
                                  offset + static_cast<int64_t>(size));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return ErrnoStatus("reading " + path, errno);
      if (count == 0) break;
      size += static_cast<size_t>(count);
    }
    const std::string_view bytes(buffer.get(), size);
    if (offset == 0 && size < kBlake3PieceBytes) return Blake3Hex(bytes);
    if (size == 0) break;
    offset += static_cast<int64_t>(size);
    joiner.Add(joiner.joined(), Blake3Piece(bytes, joiner.joined()));
  }
  return joiner.joined() > 1 ? joiner.Hex() : Blake3Hex({buffer.get(), kBlake3PieceBytes});
}

}  // namespace lazurite
