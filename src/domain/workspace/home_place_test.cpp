#include "domain/workspace/home_place.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

namespace lazurite {
namespace {

constexpr int64_t kExt = 0xEF53;
constexpr int64_t kNfs = 0x6969;
constexpr int64_t kFuse = 0x65735546;

HomePlace Good() {
  return {.home = "/data/home",
          .folder = "/data",
          .file_system = "ext4",
          .free_bytes = int64_t{100} << 30};
}

TEST(HomePlace, TellsNetworkFileSystemsFromDisks) {
  EXPECT_FALSE(IsNetworkFileSystem(kExt, "ext4"));
  EXPECT_TRUE(IsNetworkFileSystem(kNfs, "nfs4"));
  EXPECT_TRUE(IsNetworkFileSystem(0xFF534D42, "cifs"));
  EXPECT_TRUE(IsNetworkFileSystem(static_cast<int32_t>(0xFE534D42), "cifs"))
      << "the kernel's number is signed on some machines";
}

TEST(HomePlace, FuseIsWhatStandsBehindIt) {
  EXPECT_TRUE(IsNetworkFileSystem(kFuse, "fuse.sshfs"));
  EXPECT_TRUE(IsNetworkFileSystem(kFuse, "fuse.unheard-of"));
  EXPECT_TRUE(IsNetworkFileSystem(kFuse, ""));
  EXPECT_FALSE(IsNetworkFileSystem(kFuse, "fuseblk"));
  EXPECT_FALSE(IsNetworkFileSystem(kFuse, "fuse.fuse-overlayfs"));
}

TEST(HomePlace, LooksAtTheNearestFolderThatExists) {
  const auto place = LookAtHome(testing::TempDir() + "not/there/yet");
  ASSERT_TRUE(place.ok()) << place.status().text();
  EXPECT_EQ(place->folder + "/", testing::TempDir());
  EXPECT_GT(place->free_bytes, 0);
  EXPECT_TRUE(CheckHome(*place, false).ok());
}

TEST(HomePlace, ProcIsNotWritableAndSaysItsName) {
  const auto place = LookAtHome("/proc/home");
  ASSERT_TRUE(place.ok());
  EXPECT_EQ(place->file_system, "proc");
}

TEST(HomePlace, ANetworkFileSystemIsRefusedWithTheWayOutUnlessAllowed) {
  HomePlace place = Good();
  place.is_network = true;
  place.file_system = "nfs4";
  const Status status = CheckHome(place, false);
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  for (const char* part : {"/data/home", "nfs4", "--home", "network_home"}) {
    EXPECT_NE(status.text().find(part), std::string::npos) << status.text();
  }
  EXPECT_TRUE(CheckHome(place, true).ok());
}

TEST(HomePlace, AFullOrReadOnlyDiskIsRefusedWithItsPathAndRoom) {
  HomePlace full = Good();
  full.free_bytes = 1 << 20;
  EXPECT_EQ(CheckHome(full, false).code(), Code::kNoSpace);
  EXPECT_NE(CheckHome(full, false).text().find("1.0 MiB free at /data"), std::string::npos)
      << CheckHome(full, false).text();
  HomePlace without_inodes = Good();
  without_inodes.has_no_inodes = true;
  EXPECT_EQ(CheckHome(without_inodes, false).code(), Code::kNoSpace);
  HomePlace read_only = Good();
  read_only.is_read_only = true;
  EXPECT_EQ(CheckHome(read_only, true).code(), Code::kFailedPrecondition);
  EXPECT_NE(CheckHome(read_only, true).text().find("100 GiB free"), std::string::npos)
      << CheckHome(read_only, true).text();
}

TEST(HomePlace, AFileInItsPlaceAndAPlaceThatKeepsNothingAreNamedWithTheWayOut) {
  for (const auto& [home, what] :
       {std::pair("/etc/passwd", "/etc/passwd is a file, not a folder"),
        std::pair("/etc/passwd/below", "/etc/passwd is a file, not a folder"),
        std::pair("/proc/home", "(proc) at /proc keeps no files")}) {
    const auto place = LookAtHome(home);
    ASSERT_TRUE(place.ok()) << place.status().text();
    const Status status = CheckHome(*place, false);
    EXPECT_EQ(status.code(), Code::kFailedPrecondition);
    EXPECT_NE(status.text().find(what), std::string::npos) << status.text();
    EXPECT_NE(status.text().find("choose another home"), std::string::npos) << status.text();
  }
}

class HomeOfMine : public testing::Test {
 protected:
  void SetUp() override {
    home_ = testing::TempDir() + "home-XXXXXX";
    ASSERT_NE(mkdtemp(home_.data()), nullptr);
    ASSERT_EQ(chmod(home_.c_str(), 0755), 0);
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(home_).ok()); }
  mode_t Mode() const {
    struct stat info {};
    EXPECT_EQ(stat(home_.c_str(), &info), 0);
    return info.st_mode & 07777U;
  }
  std::string home_;
};

TEST_F(HomeOfMine, IsClosedToOthersAndThatIsSaidOnce) {
  const auto closed = CloseHome(home_);
  ASSERT_TRUE(closed.ok()) << closed.status().text();
  EXPECT_NE(closed->find("was open to other users (mode 755)"), std::string::npos) << *closed;
  EXPECT_EQ(Mode(), 0700U);
  EXPECT_EQ(*CloseHome(home_), "");
  EXPECT_EQ(*CloseHome(home_ + "/none"), "");
}

TEST_F(HomeOfMine, AnOlderOneIsClosedAndAFolderOfOtherThingsIsNot) {
  ASSERT_TRUE(WriteFile(home_ + "/thesis.txt", "x").ok());
  EXPECT_EQ(CloseHome(home_).status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(Mode(), 0755U);
  ASSERT_TRUE(WriteFile(home_ + "/lazurite.db", "").ok());
  EXPECT_NE(*CloseHome(home_), "");
  EXPECT_EQ(Mode(), 0700U);
}

TEST_F(HomeOfMine, OneOfAnotherUserIsRefused) {
  if (chown(home_.c_str(), geteuid() + 1, getegid()) != 0) GTEST_SKIP() << "needs root";
  const auto closed = CloseHome(home_);
  EXPECT_EQ(closed.status().code(), Code::kFailedPrecondition);
  EXPECT_NE(closed.status().text().find("belongs to another user"), std::string::npos);
  EXPECT_EQ(Mode(), 0755U);
}

}  // namespace
}  // namespace lazurite
