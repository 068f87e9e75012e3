#include "api/arm/text_test_server.h"

namespace lazurite {
namespace {

const Caller kAda{Caller::Kind::kUser, "ada"};
const Caller kBob{Caller::Kind::kUser, "bob"};
const Caller kOwner{Caller::Kind::kOwner, "owner"};
const std::string kStore = WorkspaceId(Scope()) + "/datastores/hers";
constexpr std::string_view kKey = "Zm9vYmFy";

std::string Body(const std::string& account, const std::string& secrets = "",
                 const std::string& more = "") {
  return R"({"properties": {"credentials": {"credentialsType": "AccountKey")" + secrets +
         R"(}, "datastoreType": "AzureBlob", "containerName": "c", "accountName": ")" + account +
         R"(")" + more + "}}";
}

std::string Secrets(std::string_view key) {
  return R"(, "secrets": {"secretsType": "AccountKey", "key": ")" + std::string(key) + R"("})";
}

class DatastoreCredentialsTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(server_.Call("PUT", kStore, Body("hers", Secrets(kKey)), kAda).status, 201);
  }
  bool IsKept() {
    const auto answer = server_.Call("POST", kStore + "/listSecrets", "{}", kAda);
    return answer.body.find(kKey) != std::string::npos;
  }
  TextTestServer server_;
};

TEST_F(DatastoreCredentialsTest, SomebodyElseSendsThemNowhereElse) {
  const auto moved = server_.Call("PUT", kStore, Body("mine"), kBob);
  EXPECT_EQ(moved.status, 403);
  EXPECT_NE(moved.body.find("are of ada"), std::string::npos) << moved.body;
  const std::string elsewhere = R"(, "endpoint": "mine.example")";
  EXPECT_EQ(server_.Call("PUT", kStore, Body("hers", "", elsewhere), kBob).status, 403);
  EXPECT_EQ(
      server_.Call("PUT", kStore, Body("hers", R"(, "authorityUrl": "https://mine.example")"), kBob)
          .status,
      403);
  EXPECT_NE(server_.Call("GET", kStore, "").body.find(R"("hers")"), std::string::npos);
  EXPECT_TRUE(IsKept());
}

TEST_F(DatastoreCredentialsTest, SomebodyElseMayDescribeTheDatastoreOrBringOthers) {
  const std::string described = R"(, "endpoint": null, "description": "d", "tags": {"a": "b"})";
  EXPECT_EQ(server_.Call("PUT", kStore, Body("hers", "", described), kBob).status, 200);
  EXPECT_TRUE(IsKept());
  EXPECT_EQ(server_.Call("PUT", kStore, Body("mine", Secrets("b3RoZXI=")), kBob).status, 200);
  EXPECT_FALSE(IsKept());
}

TEST_F(DatastoreCredentialsTest, WhoGaveThemAndTheOwnerTakeThemAlong) {
  EXPECT_EQ(server_.Call("PUT", kStore, Body("moved"), kAda).status, 200);
  EXPECT_TRUE(IsKept());
  EXPECT_EQ(server_.Call("PUT", kStore, Body("again"), kOwner).status, 200);
  EXPECT_TRUE(IsKept());
}

}  // namespace
}  // namespace lazurite
