#include "domain/secret/secret_store.h"

#include "domain/schema/database_test.h"

namespace lazurite {
namespace {

constexpr Time kNow = FromMillis(1'700'000'000'000);

class SecretStoreTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    auto vault = Vault::Open(folder_);
    ASSERT_TRUE(vault.ok()) << vault.status().text();
    vault_ = std::move(*vault);
  }

  void Set(const std::string& name, const std::string& value, const std::string& by, Time now) {
    Do([&](Transaction& transaction) {
      return store_
          .Put(transaction, {.name = name,
                             .sealed = vault_->Seal(value, SecretPlace("default", name)),
                             .modified = now,
                             .modified_by = by})
          .status();
    });
  }

  SecretStore store_;
  std::unique_ptr<Vault> vault_;
};

TEST_F(SecretStoreTest, KeepsWhoMadeASecretWhenItsValueIsReplaced) {
  Set("HF_TOKEN", "one", "ada", kNow);
  Set("HF_TOKEN", "two", "bob", kNow + std::chrono::hours(1));
  Do([&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(const auto list, store_.List(transaction, "DEFAULT"));
    EXPECT_EQ(list.size(), 1U);
    EXPECT_EQ(list.at(0).created_by, "ada");
    EXPECT_EQ(list.at(0).modified_by, "bob");
    EXPECT_EQ(list.at(0).created, kNow);
    EXPECT_EQ(list.at(0).modified, kNow + std::chrono::hours(1));
    ASSIGN_OR_RETURN(const auto values,
                     store_.Values(transaction, *vault_, "default", {"HF_TOKEN"}));
    EXPECT_EQ(values.at("HF_TOKEN"), "two");
    ASSIGN_OR_RETURN(const bool was_there, store_.Delete(transaction, "default", "HF_TOKEN"));
    EXPECT_TRUE(was_there);
    ASSIGN_OR_RETURN(const bool is_there, store_.Delete(transaction, "default", "HF_TOKEN"));
    EXPECT_FALSE(is_there);
    return {};
  });
}

TEST_F(SecretStoreTest, NamesTheNearestSecretWhenOneIsUnknown) {
  Set("HF_TOKEN", "value", "ada", kNow);
  Do([&](Transaction& transaction) -> Status {
    EXPECT_TRUE(store_.CheckExists(transaction, "default", "HF_TOKEN").ok());
    const Status near = store_.CheckExists(transaction, "default", "HF_TOKN");
    EXPECT_EQ(near.code(), Code::kNotFound);
    EXPECT_NE(near.text().find("did you mean \"HF_TOKEN\"?"), std::string::npos) << near.text();
    const Status other = store_.CheckExists(transaction, "team", "HF_TOKEN");
    EXPECT_NE(other.text().find("lazurite secret set HF_TOKEN"), std::string::npos) << other.text();
    EXPECT_EQ(store_.CheckExists(transaction, "default", "a b").code(), Code::kInvalidArgument);
    return {};
  });
}

TEST_F(SecretStoreTest, SaysWhichSecretAnotherKeyHasSealed) {
  Set("HF_TOKEN", "value", "ada", kNow);
  ASSERT_EQ(unlink((folder_ + "/keys/secrets.key").c_str()), 0);
  auto vault = Vault::Open(folder_);
  ASSERT_TRUE(vault.ok());
  Do([&](Transaction& transaction) -> Status {
    const auto values = store_.Values(transaction, **vault, "default", {"HF_TOKEN"});
    EXPECT_EQ(values.status().code(), Code::kFailedPrecondition);
    EXPECT_NE(values.status().text().find("HF_TOKEN"), std::string::npos);
    return {};
  });
}

TEST(SecretRules, NamesAndValuesAreBounded) {
  for (const char* name : {"HF_TOKEN", "_x", "a-b", "A1"}) {
    EXPECT_TRUE(CheckSecretName(name).ok()) << name;
  }
  for (const char* name : {"", "1a", "-a", "a b", "a.b", "a}}", "\xc3\xa4"}) {
    EXPECT_FALSE(CheckSecretName(name).ok()) << name;
  }
  EXPECT_FALSE(CheckSecretName(std::string(kSecretNameBytesMax + 1, 'a')).ok());
  EXPECT_TRUE(CheckSecretValue(std::string(kSecretBytesMax, 'x')).ok());
  EXPECT_FALSE(CheckSecretValue(std::string(kSecretBytesMax + 1, 'x')).ok());
  EXPECT_FALSE(CheckSecretValue("").ok());
  EXPECT_FALSE(CheckSecretValue(std::string_view("a\0b", 3)).ok());
}

}  // namespace
}  // namespace lazurite
