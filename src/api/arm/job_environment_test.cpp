#include "api/arm/text_test_server.h"

namespace lazurite {
namespace {

TEST(JobEnvironment, IsNotCheckedOnTheDatabasesThreads) {
  TextTestServer server;
  std::set<std::thread::id> database;
  const Database::Work note = [&](Transaction&) -> Status {
    database.insert(std::this_thread::get_id());
    return {};
  };
  ASSERT_TRUE(server.database().WriteNow(note).ok());
  ASSERT_TRUE(server.database().ReadNow(note).ok());
  std::vector<std::thread::id> checkers;
  server.context().check_environment = [&](const EnvironmentSpec& spec) {
    // The writer would wait for itself here.
    EXPECT_FALSE(database.contains(std::this_thread::get_id()));
    EXPECT_TRUE(server.database().WriteNow([](Transaction&) { return Status(); }).ok());
    checkers.push_back(std::this_thread::get_id());
    EnvironmentCheck check;
    check.findings = {{"image", "nobody has " + spec.name, "", Code::kInvalidArgument}};
    return check;
  };
  const std::string body = R"({"properties": {"jobType": "Command", "command": "true",)"
                           R"( "codeId": "azureml:nowhere:1",)"
                           R"( "environmentId": "azureml:AzureML-sklearn-1.5@latest"}})";
  const auto answer = server.Call("PUT", WorkspaceId(Scope()) + "/jobs/a", body);
  EXPECT_EQ(answer.status, 404) << answer.body;
  EXPECT_NE(answer.body.find("nobody has AzureML-sklearn-1.5"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("codeId"), std::string::npos) << answer.body;
  EXPECT_EQ(checkers.size(), 1U);
}

}  // namespace
}  // namespace lazurite
