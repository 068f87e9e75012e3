// Who may register what lies outside the datastores.
#include "api/arm/in_place.h"

#include <gtest/gtest.h>

#include "api/arm/text_test_server.h"

namespace lazurite {
namespace {

TEST(InPlace, OnlyTheOwnersTokenRegistersPathsOfTheMachine) {
  TextTestServer server;
  const std::string workspace =
      "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/lazurite/providers/"
      "Microsoft.MachineLearningServices/workspaces/default";
  const Caller user{Caller::Kind::kUser, "bob"};
  const std::string data = workspace + "/data/d/versions/1";
  const std::string body =
      R"({"properties": {"dataType": "uri_file", "dataUri": "file:///etc/passwd"}})";
  const TextTestServer::Answer refused = server.Call("PUT", data, body, user);
  EXPECT_EQ(refused.status, 403) << refused.body;
  EXPECT_NE(refused.body.find("the owner's token"), std::string::npos) << refused.body;
  EXPECT_EQ(server
                .Call("PUT", workspace + "/models/m/versions/1",
                      R"({"properties": {"modelUri": "file:///etc/passwd"}})", user)
                .status,
            403);
  EXPECT_EQ(server.Call("GET", data, "").status, 404);
  EXPECT_EQ(server.Call("PUT", data, body).status, 201);
}

}  // namespace
}  // namespace lazurite
