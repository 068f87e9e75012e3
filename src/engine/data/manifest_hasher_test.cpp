#include "engine/data/manifest_hasher.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/blake3.h"
#include "base/file.h"
#include "domain/workspace/places.h"
#include "engine/data/sparse_hash.h"

namespace lazurite::data {
namespace {

class ManifestHasherTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "hasher-XXXXXX";
    home_ = mkdtemp(pattern.data());
    place_ = home_ + "/data";
    folder_ = ManifestOfVersion(home_, "default", "d", "1");
    ASSERT_TRUE(MakeDirs(place_).ok());
    ASSERT_TRUE(MakeDirs(folder_).ok());
    ASSERT_TRUE(WriteFile(place_ + "/a", "alpha").ok());
    ASSERT_TRUE(WriteFile(place_ + "/b", "beta").ok());
    ASSERT_TRUE(WriteFile(place_ + "/empty", "").ok());
  }
  void TearDown() override { std::filesystem::remove_all(home_); }

  void Register() {
    const Result<Manifest> manifest = TakeManifest(place_, FromMillis(1));
    ASSERT_TRUE(manifest.ok());
    ASSERT_TRUE(WriteManifest(folder_, *manifest).ok());
  }
  void HashAll() {
    ManifestHasher hasher(home_);
    hasher.Start();
    hasher.WaitUntilIdle();
  }
  std::string Hashes() {
    const Result<std::string> text = ReadFile(ManifestHashesPath(folder_));
    return text.ok() ? *text : "";
  }
  std::string All() {
    return Blake3Hex("alpha") + "\n" + Blake3Hex("beta") + "\n" + Blake3Hex("") + "\ndone\n";
  }

  std::string home_, place_, folder_;
};

TEST_F(ManifestHasherTest, EveryFileGetsItsHash) {
  Register();
  HashAll();
  EXPECT_EQ(Hashes(), All());
  const Result<ManifestProgress> progress = ReadManifestProgress(folder_);
  EXPECT_TRUE(progress->is_done);
  EXPECT_EQ(progress->bytes_hashed, 9);
}

TEST_F(ManifestHasherTest, AddedManifestsAreHashedToo) {
  ManifestHasher hasher(home_);
  hasher.Start();
  Register();
  hasher.Added(folder_);
  hasher.WaitUntilIdle();
  EXPECT_EQ(Hashes(), All());
  EXPECT_EQ(hasher.BytesInHand(folder_), 0);
}

TEST_F(ManifestHasherTest, GoesOnWhereItWasLeft) {
  Register();
  // The first line is not made again; the torn one is.
  ASSERT_TRUE(WriteFile(ManifestHashesPath(folder_), "kept\n123").ok());
  HashAll();
  EXPECT_EQ(Hashes(), "kept\n" + Blake3Hex("beta") + "\n" + Blake3Hex("") + "\ndone\n");
  HashAll();
  EXPECT_TRUE(Hashes().ends_with("\ndone\n"));
  const std::string hashes = Hashes();
  EXPECT_EQ(std::count(hashes.begin(), hashes.end(), '\n'), 4);
}

TEST_F(ManifestHasherTest, FilesThatAreOthersByNowHaveNoHash) {
  Register();
  ASSERT_TRUE(WriteFile(place_ + "/a", "alpha and more").ok());
  ASSERT_EQ(unlink((place_ + "/b").c_str()), 0);
  HashAll();
  EXPECT_EQ(Hashes(), "changed\nchanged\n" + Blake3Hex("") + "\ndone\n");
}

TEST_F(ManifestHasherTest, DraftsOfAnEarlierServerAreRemoved) {
  const std::string draft = ManifestDraftsFolder(home_) + "/x";
  ASSERT_TRUE(MakeDirs(draft).ok());
  HashAll();
  EXPECT_FALSE(Exists(draft));
}

TEST_F(ManifestHasherTest, StopsInTheMiddleOfAHugeFile) {
  ASSERT_EQ(truncate((place_ + "/a").c_str(), off_t{1} << 40), 0);
  Register();
  const auto began = std::chrono::steady_clock::now();
  {
    ManifestHasher hasher(home_);
    hasher.Start();
    while (hasher.BytesInHand(folder_) == 0) usleep(1000);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
  EXPECT_EQ(Hashes(), "");
}

TEST_F(ManifestHasherTest, HolesCountAsZeros) {
  const std::string path = home_ + "/sparse";
  constexpr int64_t kBytes = (int64_t{5} << 20) + 12345;
  std::string content(static_cast<size_t>(kBytes), '\0');
  const Fd file = OpenFile(path, O_RDWR | O_CREAT).value();
  ASSERT_EQ(ftruncate(file.get(), kBytes), 0);
  for (const int64_t at : {int64_t{2} << 20, (int64_t{3} << 20) + 5000, kBytes - 3}) {
    ASSERT_EQ(pwrite(file.get(), "abc", 3, at), 3);
    content.replace(static_cast<size_t>(at), 3, "abc");
  }
  int64_t told = 0;
  const Result<std::string> hash = HashSparsely(file, kBytes, [&told](int64_t bytes) {
    told = bytes;
    return true;
  });
  ASSERT_TRUE(hash.ok()) << hash.status().text();
  EXPECT_EQ(*hash, Blake3Hex(content));
  EXPECT_EQ(*hash, Blake3File(path).value());
  EXPECT_EQ(told, kBytes);
  EXPECT_EQ(HashSparsely(file, kBytes + 1, [](int64_t) { return true; }).status().code(),
            Code::kFailedPrecondition);
}

}  // namespace
}  // namespace lazurite::data
