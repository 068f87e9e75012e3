#include "app/serve/home_database.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "base/log.h"
#include "domain/schema/schema.h"
#include "domain/secret/credentials.h"
#include "domain/workspace/places.h"
#include "domain/workspace/resource_store.h"

namespace lazurite::serve {
namespace {

constexpr std::string_view kKey = "bm8gc2VjcmV0IGFueSBtb3Jl";
constexpr int kOldSchema = 5;

class HomeDatabaseTest : public testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kError);
    home_ = testing::TempDir() + "home-XXXXXX";
    ASSERT_NE(mkdtemp(home_.data()), nullptr);
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(home_).ok()); }

  // A home of the program with schema 5: a datastore whose key was changed once.
  void MakeOldHome(bool has_key) {
    std::vector<Migration> migrations = AllMigrations();
    migrations.resize(kOldSchema);
    auto database = OpenSqlite({.path = DatabaseFile(home_)}, migrations);
    ASSERT_TRUE(database.ok()) << database.status().text();
    const std::string secrets = has_key ? R"(, "secrets": {"secretsType": "AccountKey", "key": ")" +
                                              std::string(kKey) + R"("})"
                                        : "";
    const std::string properties =
        R"({"datastoreType": "AzureBlob", "credentials": {"credentialsType": "AccountKey")" +
        secrets + "}}";
    for (const std::string& name : {std::string("gone"), std::string("old")}) {
      ASSERT_TRUE((*database)
                      ->WriteNow([&](Transaction& transaction) -> Status {
                        ASSIGN_OR_RETURN(
                            Statement * insert,
                            transaction.Prepare("INSERT INTO resources VALUES ('datastore', "
                                                "'default', ?1, '{}', ?2, 1, 'ann', 1)"));
                        insert->Bind(1, name).Bind(2, properties);
                        return insert->Run();
                      })
                      .ok());
    }
    ASSERT_TRUE((*database)
                    ->WriteNow([&](Transaction& transaction) -> Status {
                      ASSIGN_OR_RETURN(
                          Statement * remove,
                          transaction.Prepare("DELETE FROM resources WHERE name = 'gone'"));
                      return remove->Run();
                    })
                    .ok());
  }
  std::vector<std::string> FilesWithTheKey() {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(home_)) {
      if (!entry.is_regular_file()) continue;
      const Result<std::string> bytes = ReadFile(entry.path(), size_t{64} << 20);
      if (bytes.ok() && bytes->find(kKey) != std::string::npos) {
        found.push_back(entry.path().filename());
      }
    }
    return found;
  }
  std::string CopyFile() { return DatabaseFile(home_) + ".schema-5"; }

  std::string home_;
};

TEST_F(HomeDatabaseTest, AHomeOfSchema5IsSealedWithAllThatHeldItsCredentials) {
  MakeOldHome(true);
  auto vault = Vault::Open(home_);
  ASSERT_TRUE(vault.ok());
  auto database = OpenDatabase(home_);
  ASSERT_TRUE(database.ok()) << database.status().text();
  EXPECT_TRUE(Exists(CopyFile()));
  EXPECT_FALSE(FilesWithTheKey().empty());
  const Status sealed = SealOldHome(home_, **database, **vault);
  ASSERT_TRUE(sealed.ok()) << sealed.text();
  EXPECT_EQ(FilesWithTheKey(), std::vector<std::string>());
  EXPECT_FALSE(Exists(CopyFile()));
  // Those who had it open go on, and the credentials are what they were.
  Json secrets;
  const Status read = (*database)->WriteNow([&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(const std::optional<Resource> old,
                     ResourceStore().Find(transaction, ResourceKind::kDatastore, "default", "old"));
    if (!old) return NotFound("old");
    ASSIGN_OR_RETURN(secrets, OpenCredentials(**vault, *old));
    return {};
  });
  ASSERT_TRUE(read.ok()) << read.text();
  EXPECT_EQ(secrets.GetString("key"), kKey);
  EXPECT_TRUE(SealOldHome(home_, **database, **vault).ok());
}

TEST_F(HomeDatabaseTest, ACopyWithoutCredentialsStays) {
  MakeOldHome(false);
  auto vault = Vault::Open(home_);
  ASSERT_TRUE(vault.ok());
  auto database = OpenDatabase(home_);
  ASSERT_TRUE(database.ok()) << database.status().text();
  ASSERT_TRUE(SealOldHome(home_, **database, **vault).ok());
  EXPECT_TRUE(Exists(CopyFile()));
}

}  // namespace
}  // namespace lazurite::serve
