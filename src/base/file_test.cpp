#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lazurite {
namespace {

class OpenBeneathTest : public testing::Test {
 protected:
  void SetUp() override {
    home_ = testing::TempDir() + "beneath-XXXXXX";
    ASSERT_NE(mkdtemp(home_.data()), nullptr);
    root_ = home_ + "/root";
    ASSERT_TRUE(MakeDirs(root_ + "/a/b").ok());
    ASSERT_TRUE(MakeDirs(home_ + "/tokens").ok());
    ASSERT_TRUE(WriteFile(root_ + "/a/b/file", "inside").ok());
    ASSERT_TRUE(WriteFile(home_ + "/tokens/owner", "outside").ok());
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(home_).ok()); }
  void Link(const std::string& to, const std::string& name) {
    ASSERT_EQ(symlink(to.c_str(), (root_ + "/" + name).c_str()), 0);
  }
  Code Try(const std::string& relative) { return OpenBeneath(root_, relative).status().code(); }

  std::string home_, root_;
};

TEST_F(OpenBeneathTest, WhatLiesThereIsRead) {
  const Result<Fd> file = OpenBeneath(root_, "a/b/file");
  ASSERT_TRUE(file.ok()) << file.status().text();
  EXPECT_EQ(ReadRange(*file, 2, 100).value(), "side");
  const Result<Fd> root = OpenBeneath(root_, "");
  ASSERT_TRUE(root.ok()) << root.status().text();
  struct stat info {};
  ASSERT_EQ(fstat(root->get(), &info), 0);
  EXPECT_TRUE(S_ISDIR(info.st_mode));
}

TEST_F(OpenBeneathTest, WhatIsMissingIsNotFound) {
  EXPECT_EQ(Try("a/c"), Code::kNotFound);
  EXPECT_EQ(Try("a/b/file/c"), Code::kNotFound);
}

TEST_F(OpenBeneathTest, NamesThatLeaveAreNoNames) {
  EXPECT_EQ(Try("../tokens/owner"), Code::kInvalidArgument);
  EXPECT_EQ(Try("/etc/passwd"), Code::kInvalidArgument);
}

TEST_F(OpenBeneathTest, NoLinkIsFollowedWhereverItLeads) {
  Link(home_ + "/tokens/owner", "absolute");
  Link("../tokens", "folder");
  Link("a/b/file", "within");
  Link("/proc/self/root", "magic");
  for (const char* const name : {"absolute", "folder", "folder/owner", "within", "magic/etc"}) {
    EXPECT_EQ(Try(name), Code::kPermissionDenied) << name;
  }
}

TEST_F(OpenBeneathTest, APipeIsNotWaitedFor) {
  ASSERT_EQ(mkfifo((root_ + "/pipe").c_str(), 0600), 0);
  EXPECT_TRUE(OpenBeneath(root_, "pipe").ok());
}

TEST(CopyTreeTest, HolesStayHolesAndAllBytesAreThere) {
  std::string folder = testing::TempDir() + "copy-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  constexpr int64_t kBytes = int64_t{64} << 20;
  {
    const Fd file = OpenFile(folder + "/sparse", O_WRONLY | O_CREAT).value();
    ASSERT_EQ(pwrite(file.get(), "start", 5, 0), 5);
    ASSERT_EQ(pwrite(file.get(), "middle", 6, kBytes / 2), 6);
    ASSERT_EQ(ftruncate(file.get(), kBytes), 0);
  }
  ASSERT_TRUE(CopyTree(folder + "/sparse", folder + "/copy").ok());
  struct stat info {};
  ASSERT_EQ(stat((folder + "/copy").c_str(), &info), 0);
  EXPECT_EQ(info.st_size, kBytes);
  EXPECT_LT(info.st_blocks * 512, kBytes / 8);
  EXPECT_EQ(ReadFile(folder + "/copy").value(), ReadFile(folder + "/sparse").value());
  ASSERT_TRUE(RemoveTree(folder).ok());
}

}  // namespace
}  // namespace lazurite
