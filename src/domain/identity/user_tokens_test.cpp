#include "domain/identity/user_tokens.h"

#include "base/hash.h"
#include "domain/schema/database_test.h"

namespace lazurite {
namespace {

constexpr Time kNow = FromMillis(1'700'000'000'000);

UserToken TokenOf(const std::string& id, const std::string& user, const std::string& text) {
  return {.id = id,
          .user = user,
          .hash = UserTokens::HashOf(text),
          .created = kNow,
          .created_by = "owner",
          .expires = std::nullopt,
          .last_used = std::nullopt};
}

TEST(UserTokens, SpeakForTheirUserUntilTheyAreRevoked) {
  UserTokens tokens;
  const std::string text = UserTokens::MakeText();
  EXPECT_TRUE(UserTokens::IsOne(text));
  tokens.Add(TokenOf("a", "ada", text));
  const auto user = tokens.Check(text, kNow);
  ASSERT_TRUE(user.ok()) << user.status().text();
  EXPECT_EQ(*user, "ada");
  EXPECT_EQ(tokens.Check(text + "x", kNow).status().code(), Code::kUnauthenticated);
  tokens.Remove("a");
  EXPECT_EQ(tokens.Check(text, kNow).status().code(), Code::kUnauthenticated);
}

TEST(UserTokens, ExpireAtTheirTime) {
  UserTokens tokens;
  const std::string text = UserTokens::MakeText();
  UserToken token = TokenOf("a", "ada", text);
  token.expires = kNow + std::chrono::hours(1);
  tokens.Add(token);
  EXPECT_TRUE(tokens.Check(text, kNow + std::chrono::minutes(59)).ok());
  const auto late = tokens.Check(text, kNow + std::chrono::hours(1));
  EXPECT_EQ(late.status().code(), Code::kUnauthenticated);
  EXPECT_NE(late.status().text().find("expired"), std::string::npos);
}

TEST(UserTokens, TellAUseOnceAMinute) {
  UserTokens tokens;
  const std::string text = UserTokens::MakeText();
  tokens.Add(TokenOf("a", "ada", text));
  std::vector<Time> told;
  tokens.OnUse([&told](const std::string&, Time now) { told.push_back(now); });
  for (int seconds = 0; seconds <= 120; seconds += 10) {
    ASSERT_TRUE(tokens.Check(text, kNow + std::chrono::seconds(seconds)).ok());
  }
  EXPECT_EQ(told.size(), 3U);
  EXPECT_EQ(tokens.List().at(0).last_used, kNow + std::chrono::seconds(120));
}

TEST(UserTokens, NamesOfUsersAreChecked) {
  for (const char* name : {"ada", "ada@lab.example", "a.b-c_d", "7of9"}) {
    EXPECT_TRUE(CheckUserName(name).ok()) << name;
  }
  for (const char* name : {"", "job x", "@a", "a/b", "a\n"}) {
    EXPECT_FALSE(CheckUserName(name).ok()) << name;
  }
}

using UserTokenStoreTest = DatabaseTest;

TEST_F(UserTokenStoreTest, KeepsTheHashAndNotTheToken) {
  const std::string text = UserTokens::MakeText();
  const UserTokenStore store;
  UserToken token = TokenOf("a", "ada", text);
  token.expires = kNow + std::chrono::hours(1);
  Do([&](Transaction& transaction) { return store.Insert(transaction, token); });
  Do([&](Transaction& transaction) { return store.MarkUsed(transaction, "a", kNow); });
  Do([&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(const auto list, store.List(transaction));
    EXPECT_EQ(list.size(), 1U);
    EXPECT_EQ(list.at(0).user, "ada");
    EXPECT_EQ(list.at(0).hash, Sha256Hex(text));
    EXPECT_EQ(list.at(0).expires, token.expires);
    EXPECT_EQ(list.at(0).last_used, kNow);
    ASSIGN_OR_RETURN(const bool was_there, store.Delete(transaction, "a"));
    EXPECT_TRUE(was_there);
    return {};
  });
}

}  // namespace
}  // namespace lazurite
