#include "base/blake3.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"

namespace lazurite {
namespace {

// The bytes of the algorithm's published test vectors.
std::string Counting(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i % 251);
  return bytes;
}

const std::pair<size_t, const char*> kKnown[] = {
    {0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"},
    {1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"},
    {1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"},
    {1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"},
    {1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"},
    {2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030"},
    {100000, "d93c23eedaf165a7e0be908ba86f1a7a520d568d2d13cde787c8580c5c72cc54"},
    {size_t{1} << 20, "74cb441fd087764ca9c3694da742ebe30cbeb3060a17009ca81825c7a8d10343"},
    {(size_t{1} << 20) + 1, "2f053cd7472cf0cd2f9adaf45c1180255b91b9a865404a63671a0ee5f792ed33"},
    {(size_t{7} << 20) + 5000, "a9c655f87faa992107271199165e17948985c04612783ca792d5624795075e23"}};

TEST(Blake3Test, GivesThePublishedDigests) {
  for (const auto& [size, digest] : kKnown) {
    EXPECT_EQ(Blake3Hex(Counting(size)), digest) << size;
  }
}

TEST(Blake3Test, PiecesInAnyOrderMakeTheSame) {
  for (const size_t size : {kBlake3PieceBytes + 1, 2 * kBlake3PieceBytes, 3 * kBlake3PieceBytes - 7,
                            7 * kBlake3PieceBytes + 5000}) {
    const std::string bytes = Counting(size);
    Blake3Joiner joiner;
    for (size_t left = (size + kBlake3PieceBytes - 1) / kBlake3PieceBytes; left-- > 0;) {
      const auto piece =
          std::string_view(bytes).substr(left * kBlake3PieceBytes, kBlake3PieceBytes);
      EXPECT_EQ(joiner.joined(), 0U);
      joiner.Add(left, Blake3Piece(piece, left));
    }
    EXPECT_EQ(joiner.Hex(), Blake3Hex(bytes)) << size;
  }
}

TEST(Blake3Test, FilesOfAnySizeAreRead) {
  char name[] = "/tmp/lazurite-blake3-XXXXXX";
  const Fd file(mkstemp(name));
  for (const auto& [size, digest] : kKnown) {
    ASSERT_TRUE(WriteFile(name, Counting(size)).ok());
    const Result<std::string> hash = Blake3File(name);
    ASSERT_TRUE(hash.ok()) << hash.status().text();
    EXPECT_EQ(*hash, digest) << size;
  }
  unlink(name);
  EXPECT_EQ(Blake3File(name).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace lazurite
