#include "domain/identity/identity.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"

namespace lazurite {
namespace {

constexpr Time kNow = FromMillis(1'700'000'000'000);

class IdentityTest : public testing::Test {
 protected:
  void SetUp() override {
    home_ = testing::TempDir() + "identity-XXXXXX";
    ASSERT_NE(mkdtemp(home_.data()), nullptr);
    identity_ = Open();
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(home_).ok()); }
  std::unique_ptr<Identity> Open() {
    auto opened = Identity::Open(home_);
    EXPECT_TRUE(opened.ok()) << opened.status().text();
    return opened.ok() ? std::move(*opened) : nullptr;
  }

  std::string home_;
  std::unique_ptr<Identity> identity_;
};

TEST_F(IdentityTest, TheOwnersTokenIsKeptAndReadableByTheOwnerOnly) {
  EXPECT_EQ(Open()->owner_token(), identity_->owner_token());
  struct stat info {};
  ASSERT_EQ(stat((home_ + "/tokens/owner").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const auto bearer = identity_->Check(identity_->owner_token(), kNow);
  ASSERT_TRUE(bearer.ok());
  EXPECT_EQ(bearer->kind, Bearer::Kind::kOwner);
}

TEST_F(IdentityTest, AJobsTokenNamesTheJobAndOutlivesTheServer) {
  const auto bearer = Open()->Check(identity_->IssueJobToken("brave_plum_1"), kNow);
  ASSERT_TRUE(bearer.ok());
  EXPECT_EQ(bearer->kind, Bearer::Kind::kJob);
  EXPECT_EQ(bearer->name, "brave_plum_1");
}

TEST_F(IdentityTest, RefusesForeignAndChangedTokens) {
  std::string token = identity_->IssueJobToken("a");
  token[token.size() / 2] = token[token.size() / 2] == 'x' ? 'y' : 'x';
  EXPECT_EQ(identity_->Check(token, kNow).status().code(), Code::kUnauthenticated);
  for (const char* text : {"", ".", "..", "lzo_", "a.b.c"}) {
    EXPECT_EQ(identity_->Check(text, kNow).status().code(), Code::kUnauthenticated) << text;
  }
}

TEST_F(IdentityTest, RefusesKeysThatOthersCanRead) {
  ASSERT_EQ(chmod((home_ + "/keys/token.key").c_str(), 0644), 0);
  EXPECT_EQ(Identity::Open(home_).status().code(), Code::kPermissionDenied);
}

TEST_F(IdentityTest, SignedAddressesHoldForOnePathUntilTheyExpire) {
  const std::string query = identity_->SignPath("/log/a", kNow + std::chrono::hours(1));
  const size_t cut = query.find("&sig=");
  const std::string expires = query.substr(3, cut - 3);
  const std::string signature = query.substr(cut + 5);
  EXPECT_TRUE(identity_->CheckPath("/log/a", expires, signature, kNow).ok());
  EXPECT_FALSE(identity_->CheckPath("/log/b", expires, signature, kNow).ok());
  EXPECT_FALSE(
      identity_->CheckPath("/log/a", expires, signature, kNow + std::chrono::hours(2)).ok());
}

}  // namespace
}  // namespace lazurite
