#include "api/arm/text_test_server.h"

namespace lazurite {
namespace {

TEST(ReusedName, ANewJobShowsNothingThatADeletedOneOfItsNameWrote) {
  TextTestServer server;
  const std::string job = WorkspaceId(Scope()) + "/jobs/a";
  const std::string body = R"({"properties": {"jobType": "Command", "command": "true",)"
                           R"( "environmentId": "azureml:AzureML-sklearn-1.5@latest"}})";
  const std::string root = server.context().blobs->root();
  const std::string artifacts = JoinPath(JoinPath(root, kArtifactDatastore), ArtifactsPath("a"));
  const std::string output = JoinPath(JoinPath(root, kBlobDatastore), OutputPath("a", "out"));
  ASSERT_EQ(server.Call("PUT", job, body).status, 201);
  for (const std::string& folder : {artifacts, output}) {
    ASSERT_TRUE(MakeDirs(folder).ok());
    ASSERT_TRUE(WriteFile(JoinPath(folder, "old.txt"), "old").ok());
  }
  ASSERT_EQ(server.Call("POST", job + "/cancel", "").status, 200);
  ASSERT_EQ(server.Call("DELETE", job, "").status, 200);
  EXPECT_TRUE(Exists(artifacts + "/old.txt"));
  EXPECT_EQ(server.Call("PUT", job, body).status, 201);
  EXPECT_FALSE(Exists(artifacts));
  EXPECT_FALSE(Exists(output));
}

}  // namespace
}  // namespace lazurite
