#include "domain/secret/vault.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"

namespace lazurite {
namespace {

class VaultTest : public testing::Test {
 protected:
  void SetUp() override {
    home_ = testing::TempDir() + "vault-XXXXXX";
    ASSERT_NE(mkdtemp(home_.data()), nullptr);
    vault_ = Open();
    ASSERT_NE(vault_, nullptr);
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(home_).ok()); }
  std::unique_ptr<Vault> Open() {
    auto opened = Vault::Open(home_);
    EXPECT_TRUE(opened.ok()) << opened.status().text();
    return opened.ok() ? std::move(*opened) : nullptr;
  }
  std::string KeyFile() const { return home_ + "/keys/secrets.key"; }

  std::string home_;
  std::unique_ptr<Vault> vault_;
};

TEST_F(VaultTest, OpensWhatItSealedAlsoAfterARestart) {
  const std::string value("hf_\0\xff\nlong", 10);
  const std::string sealed = vault_->Seal(value, "here");
  EXPECT_EQ(sealed.find("hf_"), std::string::npos);
  const auto opened = Open()->Unseal(sealed, "here");
  ASSERT_TRUE(opened.ok()) << opened.status().text();
  EXPECT_EQ(*opened, value);
  struct stat info {};
  ASSERT_EQ(stat(KeyFile().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(VaultTest, SealsTheSameValueDifferentlyEachTime) {
  EXPECT_NE(vault_->Seal("value", "here"), vault_->Seal("value", "here"));
}

TEST_F(VaultTest, OpensNothingThatWasMovedOrChanged) {
  const std::string sealed = vault_->Seal("value", "here");
  EXPECT_EQ(vault_->Unseal(sealed, "there").status().code(), Code::kFailedPrecondition);
  for (size_t i = 0; i + 1 < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(vault_->Unseal(changed, "here").ok()) << i;
  }
  for (const char* text : {"", ".", "..", "v1..", "v1.a.b", "value"}) {
    EXPECT_FALSE(vault_->Unseal(text, "here").ok()) << text;
  }
}

TEST_F(VaultTest, SaysThatTheKeyIsAnother) {
  const std::string sealed = vault_->Seal("value", "here");
  ASSERT_EQ(unlink(KeyFile().c_str()), 0);
  const auto opened = Open()->Unseal(sealed, "here");
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.status().text().find("another keys/secrets.key"), std::string::npos);
}

TEST_F(VaultTest, RefusesAKeyThatOthersCanReadOrThatIsNone) {
  ASSERT_EQ(chmod(KeyFile().c_str(), 0640), 0);
  EXPECT_EQ(Vault::Open(home_).status().code(), Code::kPermissionDenied);
  ASSERT_TRUE(WriteFileAtomic(KeyFile(), std::string(50, '!'), 0600).ok());
  EXPECT_EQ(Vault::Open(home_).status().code(), Code::kFailedPrecondition);
}

}  // namespace
}  // namespace lazurite
