#include "api/http/routes_test.h"
#include "api/live/routes.h"

namespace lazurite::live {
namespace {

class TokenRoutesTest : public RoutesTest {
 protected:
  void AddRoutes(Router& router, const ApiContext& context) override {
    AddTokenRoutes(router, context);
  }
};

TEST_F(TokenRoutesTest, AreTheOwnersInEverySpelling) {
  const Answer made = Ask("POST", "/lazurite/v1/tokens", R"({"user": "eve"})");
  ASSERT_EQ(made.status, 201) << made.text;
  const std::string id = TextAt(made.json, "id");
  const Sent as_user{.caller = {Caller::Kind::kUser, "eve"}};
  const Sent as_job{.caller = {Caller::Kind::kJob, "train"}};
  for (const std::string root : {"/lazurite/v1/tokens", "/Lazurite/V1/Tokens",
                                 "//lazurite/v1/tokens", "/lazurite//v1/%74okens/"}) {
    for (const Sent& sent : {as_user, as_job}) {
      EXPECT_EQ(Ask("GET", root, "", sent).status, 403) << root;
      EXPECT_EQ(Ask("POST", root, R"({"user": "eve"})", sent).status, 403) << root;
      EXPECT_EQ(Ask("DELETE", root + "/" + id, "", sent).status, 403) << root;
    }
    const Answer listed = Ask("GET", root);
    EXPECT_EQ(listed.status, 200) << root;
    EXPECT_EQ(listed.json.Find("tokens")->array().size(), 1U) << listed.text;
  }
  EXPECT_EQ(Ask("DELETE", "/lazurite/v1/tokens/" + id).status, 204);
}

}  // namespace
}  // namespace lazurite::live
