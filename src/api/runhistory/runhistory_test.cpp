#include "api/http/routes_test.h"
#include "api/runhistory/run_json.h"
#include "api/runhistory/runhistory_routes.h"
#include "domain/attempt/attempt.h"
#include "domain/job/job_store.h"
#include "domain/run/run_store.h"

namespace lazurite::runhistory {
namespace {

const std::string kScope =
    "/subscriptions/S/resourcegroups/RG/providers/microsoft.machinelearningservices/workspaces/"
    "Default";

class RunHistoryTest : public RoutesTest {
 protected:
  void SetUp() override {
    RoutesTest::SetUp();
    AddJob("parent", "");
    AddJob("child", "parent");
  }
  void AddRoutes(Router& router, const ApiContext& context) override {
    AddRunHistoryRoutes(router, context);
  }
  void AddJob(const std::string& name, const std::string& parent) {
    const Status added = database_->WriteNow([&](Transaction& transaction) -> Status {
      Job job;
      job.name = name;
      job.parent = parent;
      job.experiment = "exp";
      job.created = job.modified = kTestNow;
      job.attempt = 1;
      job.properties.Set("tags.team", "a");
      job.properties.Set("outputs.out.jobOutputType", "mlflow_model");
      SeededIdSource ids(5);
      TRY(JobStore().Insert(transaction, job));
      return RunStore().EnsureJobRun(transaction, {name, "exp", "", "ann", kTestNow, {}}, ids);
    });
    ASSERT_TRUE(added.ok()) << added.text();
  }
};

TEST_F(RunHistoryTest, ShowsAJobsStateAndTheAddressesOfItsLogs) {
  const std::string folder = AttemptChannel::FolderOf(home_, "parent", 1);
  ASSERT_TRUE(MakeDirs(folder + "/user_logs").ok());
  ASSERT_TRUE(WriteFile(folder + "/user_logs/std_log.txt", "hello\n").ok());
  const Answer answer = Ask("GET", "/history/v1.0" + kScope + "/runs/parent/details");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json.GetString("status"), "NotStarted");
  EXPECT_TRUE(answer.json.Find("error")->is_null());
  const std::string address = answer.json.Find("logFiles")->GetString("user_logs/std_log.txt");
  const std::string path = "/lazurite/v1/jobs/parent/logs/user_logs/std_log.txt";
  ASSERT_TRUE(address.starts_with("http://localhost:1" + path + "?")) << address;
  Request opened;
  opened.target = address.substr(std::string("http://localhost:1").size());
  ASSERT_TRUE(ReadTarget(opened).ok());
  EXPECT_TRUE(
      identity_->CheckPath(opened.path, opened.Query("se"), opened.Query("sig"), kTestNow).ok());
}

TEST_F(RunHistoryTest, GivesAllChildrenAtOnce) {
  const Answer answer = Ask("GET", "/history/v1.0" + kScope + "/runs/parent/children");
  ASSERT_EQ(answer.status, 200);
  const auto& runs = answer.json.Find("value")->array();
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].GetString("runId"), "child");
  EXPECT_EQ(runs[0].GetString("parentRunId"), "parent");
  EXPECT_TRUE(answer.json.Find("nextLink")->is_null());
}

TEST_F(RunHistoryTest, TellsOutputsAndWhereTheyLie) {
  const Answer data = Ask("POST", "/history/v1.0" + kScope + "/rundata", R"({"runId": "parent"})");
  ASSERT_EQ(data.status, 200);
  const Json* output = data.json.At("runMetadata.outputs.out");
  ASSERT_NE(output, nullptr) << data.json.Dump();
  EXPECT_EQ(output->GetString("type"), "uri_folder");
  const std::string id = output->GetString("assetId");
  const std::string route = "/data/v1.0" + kScope + "/dataversion/batchGetResolvedUris";
  const Answer resolved = Ask("POST", route, R"({"values": [")" + id + "\"]}");
  ASSERT_EQ(resolved.status, 200);
  EXPECT_TRUE(resolved.json.Find("values")->Find(id)->GetString("uri").ends_with(
      "/datastores/workspaceblobstore/paths/azureml/parent/out/"));
  EXPECT_EQ(Ask("POST", route, R"({"values": ["azureml://runs/parent/outputs/none"]})").status,
            404);
  EXPECT_EQ(Ask("POST", route, R"({"values": "x"})").status, 400);
}

TEST_F(RunHistoryTest, ChangesWhatPeopleMayChangeInTheJobAndItsRun) {
  const std::string route = "/history/v1.0" + kScope + "/experiments/exp/runs/parent";
  EXPECT_EQ(Ask("PATCH", route, R"({"hidden": true})").json.Find("hidden")->bool_value(), true);
  const Answer answer =
      Ask("PATCH", route, R"({"displayName": "new", "description": "d", "tags": {"k": "v"}})");
  EXPECT_EQ(answer.json.GetString("displayName"), "new");
  EXPECT_EQ(answer.json.At("tags.k")->string(), "v");
  EXPECT_EQ(answer.json.Find("hidden")->bool_value(), true);
  EXPECT_EQ(Ask("PATCH", route, R"({"hidden": "yes"})").status, 400);
  EXPECT_EQ(Ask("PATCH", route, R"({"tags": []})").status, 400);
  const Status read = database_->ReadNow([&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(const auto run, RunStore().Load(transaction, "parent"));
    EXPECT_EQ(run.info.name, "new");
    EXPECT_EQ(*FindValue(run.tags, "k"), "v");
    return {};
  });
  EXPECT_TRUE(read.ok()) << read.text();
}

TEST_F(RunHistoryTest, KnowsNoJobsOfOtherWorkspaces) {
  const std::string other =
      "/history/v1.0/subscriptions/S/resourceGroups/RG/providers/"
      "Microsoft.MachineLearningServices/workspaces/other";
  EXPECT_EQ(Ask("GET", other + "/runs/parent/details").status, 404);
  EXPECT_EQ(Ask("GET", "/history/v1.0" + kScope + "/runs/none/details").status, 404);
}

TEST(RunDetails, SayWhyAJobFailed) {
  Job job;
  job.state = JobState::kFailed;
  job.error = "exit code 7";
  const Json details = DetailsOf(job, Json::MakeObject());
  EXPECT_EQ(details.At("error.error.message")->string(), "exit code 7");
}

}  // namespace
}  // namespace lazurite::runhistory
