// Two workspaces side by side: equal names, and nothing of one is seen from the other.
#include "api/mlflow/mlflow_test_server.h"
#include "domain/run/experiment_store.h"
#include "domain/workspace/resource_store.h"

namespace lazurite::mlflow {
namespace {

class WorkspacesTest : public MlflowTest {
 protected:
  void SetUp() override {
    MlflowTest::SetUp();
    const Status status = database_->WriteNow([](Transaction& transaction) -> Status {
      Resource workspace;
      workspace.kind = ResourceKind::kWorkspace;
      workspace.workspace = workspace.name = "lab";
      TRY(ResourceStore().Put(transaction, workspace, kTestNow).status());
      return ExperimentStore().GetOrCreateDefault(transaction, "lab", kTestNow).status();
    });
    ASSERT_TRUE(status.ok()) << status.text();
  }
  // An answer to a call whose tracking URI names the workspace "lab".
  Answer InLab(const std::string& method, const std::string& route, const std::string& body = "") {
    return Ask(method,
               "/mlflow/v1.0/subscriptions/s/resourceGroups/r/providers/"
               "Microsoft.MachineLearningServices/workspaces/lab/api/2.0/mlflow" +
                   route,
               body);
  }
  Json OkInLab(const std::string& method, const std::string& route, const std::string& body = "") {
    const Answer answer = InLab(method, route, body);
    EXPECT_EQ(answer.status, 200) << method << " " << route << " " << body << "\n" << answer.text;
    return answer.json;
  }
  static std::string NamesOf(const Json& found, const char* list, const char* path) {
    std::string names;
    const Json* items = found.Find(list);
    if (items == nullptr) return names;
    for (const Json& one : items->array()) names += TextAt(one, path) + " ";
    return names;
  }
};

TEST_F(WorkspacesTest, EachHasItsOwnExperimentsAndADefaultOne) {
  const std::string create = R"({"name": "e"})";
  const std::string ours = Ok("POST", "/experiments/create", create).GetString("experiment_id");
  const Json made = OkInLab("POST", "/experiments/create", create);
  const std::string theirs = made.GetString("experiment_id");
  EXPECT_NE(ours, theirs);
  EXPECT_EQ(InLab("POST", "/experiments/create", create).status, 400);
  const std::string all = R"({"max_results": 9})";
  EXPECT_EQ(NamesOf(Ok("POST", "/experiments/search", all), "experiments", "name"), "e Default ");
  EXPECT_EQ(NamesOf(OkInLab("POST", "/experiments/search", all), "experiments", "name"),
            "e Default ");
  const Json by_name = OkInLab("GET", "/experiments/get-by-name?experiment_name=e");
  EXPECT_EQ(TextAt(by_name, "experiment.experiment_id"), theirs);
  EXPECT_EQ(TextAt(by_name, "experiment.workspace"), "lab");
  EXPECT_EQ(TextAt(OkInLab("GET", "/experiments/get?experiment_id=0"), "experiment.name"),
            "Default");
  EXPECT_EQ(TextAt(OkInLab("GET", "/experiments/get?experiment_id=0"), "experiment.workspace"),
            "lab");
  EXPECT_EQ(TextAt(Ok("GET", "/experiments/get?experiment_id=0"), "experiment.experiment_id"), "0");
  EXPECT_EQ(Refused("GET", "/experiments/get?experiment_id=" + theirs),
            "404 RESOURCE_DOES_NOT_EXIST: No Experiment with id=" + theirs + " exists");
  EXPECT_EQ(Refused("POST", "/experiments/delete", R"({"experiment_id": ")" + theirs + "\"}"),
            "404 RESOURCE_DOES_NOT_EXIST: No Experiment with id=" + theirs + " exists");
  EXPECT_EQ(InLab("POST", "/runs/create", R"({"experiment_id": ")" + ours + "\"}").status, 404);
}

TEST_F(WorkspacesTest, RunsAndLoggedModelsAreFoundInTheirOwnOnly) {
  const std::string ours = MakeRun(R"({"run_name": "ours"})");
  const Json made = OkInLab("POST", "/runs/create", R"({"run_name": "theirs"})");
  const std::string theirs = TextAt(made, "run.info.run_id");
  const std::string id = TextAt(made, "run.info.experiment_id");
  const std::string missing = "404 RESOURCE_DOES_NOT_EXIST: Run with id=" + theirs + " not found";
  const std::string by_run = R"({"run_id": ")" + theirs + "\"";
  EXPECT_EQ(Refused("GET", "/runs/get?run_id=" + theirs), missing);
  EXPECT_EQ(Refused("POST", "/runs/set-tag", by_run + R"(, "key": "a", "value": "b"})"), missing);
  EXPECT_EQ(Refused("POST", "/runs/delete", by_run + "}"), missing);
  EXPECT_EQ(Refused("GET", "/metrics/get-history?metric_key=a&run_id=" + theirs), missing);
  EXPECT_EQ(Refused("GET", "/artifacts/list?run_id=" + theirs), missing);
  EXPECT_EQ(InLab("GET", "/runs/get?run_id=" + ours).status, 404);
  const std::string search = R"({"experiment_ids": ["0", ")" + id + "\"]}";
  EXPECT_EQ(NamesOf(Ok("POST", "/runs/search", search), "runs", "info.run_name"), "ours ");
  EXPECT_EQ(NamesOf(OkInLab("POST", "/runs/search", R"({"experiment_ids": ["0"]})"), "runs",
                    "info.run_name"),
            "theirs ");

  const Json model = OkInLab("POST", "/logged-models", R"({"name": "m"})");
  const std::string model_id = TextAt(model, "model.info.model_id");
  EXPECT_EQ(InLab("GET", "/logged-models/" + model_id).status, 200);
  EXPECT_EQ(Refused("GET", "/logged-models/" + model_id),
            "404 RESOURCE_DOES_NOT_EXIST: Logged model with ID '" + model_id + "' not found.");
  EXPECT_EQ(Refused("DELETE", "/logged-models/" + model_id).substr(0, 3), "404");
  EXPECT_EQ(NamesOf(Ok("POST", "/logged-models/search", search), "models", "info.name"), "");
  EXPECT_EQ(NamesOf(OkInLab("POST", "/logged-models/search", search), "models", "info.name"), "m ");
  EXPECT_EQ(Refused("POST", "/runs/log-metric",
                    R"({"run_id": ")" + ours + R"(", "key": "a", "value": 1, "timestamp": 1,
                        "model_id": ")" +
                        model_id + "\"}")
                .substr(0, 3),
            "404");

  Ok("POST", "/registered-models/create", R"({"name": "r"})");
  EXPECT_EQ(Refused("POST", "/model-versions/create",
                    R"({"name": "r", "source": "models:/)" + model_id + "\"}")
                .substr(0, 3),
            "404");
}

TEST_F(WorkspacesTest, AJobsTokenMeansTheJobsWorkspace) {
  const Json made = OkInLab("POST", "/runs/create", "{}");
  const std::string job = TextAt(made, "run.info.run_id");
  const Sent sent{{Caller::Kind::kJob, job}, "application/json", ""};
  const Json child =
      Ok("POST", "/runs/create",
         R"({"tags": [{"key": "mlflow.parentRunId", "value": ")" + job + "\"}]}", sent);
  EXPECT_EQ(TextAt(child, "run.info.experiment_id"), TextAt(made, "run.info.experiment_id"));
  const std::string id = TextAt(child, "run.info.run_id");
  Ok("POST", "/runs/log-metric",
     R"({"run_id": ")" + id + R"(", "key": "a", "value": 1, "timestamp": 1})", sent);
  EXPECT_EQ(InLab("GET", "/runs/get?run_id=" + id).status, 200);
  EXPECT_EQ(Refused("GET", "/runs/get?run_id=" + MakeRun(), "", sent).substr(0, 3), "404");
}

}  // namespace
}  // namespace lazurite::mlflow
