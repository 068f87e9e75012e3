// Logged models, the registry and artifacts, as requests and answers.
#include "api/mlflow/mlflow_test_server.h"
#include "domain/asset/asset_store.h"
#include "domain/job/job_store.h"
#include "domain/run/experiment_store.h"
#include "domain/workspace/resource_store.h"

namespace lazurite::mlflow {
namespace {

const Sent kJob{{Caller::Kind::kJob, "brave_crab"}, "application/json", ""};
const std::string kArtifacts = "/api/2.0/mlflow-artifacts/artifacts";

class ModelTest : public MlflowTest {
 protected:
  // A logged model of a run of its own.
  std::string LogModel(const std::string& name) {
    run_ = MakeRun();
    const Json made = Ok("POST", "/logged-models",
                         R"({"experiment_id": "0", "name": ")" + name + R"(", "source_run_id": ")" +
                             run_ + R"(", "params": [{"key": "C", "value": "1.0"}]})");
    EXPECT_EQ(TextAt(made, "model.info.status"), "LOGGED_MODEL_PENDING");
    const std::string id = TextAt(made, "model.info.model_id");
    Ok("PATCH", "/logged-models/" + id,
       R"({"model_id": ")" + id + R"(", "status": "LOGGED_MODEL_READY"})");
    return id;
  }
  Json Register(const std::string& name, const std::string& model) {
    (void)Ask("POST", "/api/2.0/mlflow/registered-models/create", R"({"name": ")" + name + "\"}");
    return Ok("POST", "/model-versions/create",
              R"({"name": ")" + name + R"(", "source": "models:/)" + model + R"(", "model_id": ")" +
                  model + "\"}");
  }
  std::string run_;
};

TEST_F(ModelTest, LogsAModelWithItsParamsTagsAndMetrics) {
  const std::string id = LogModel("m");
  Ok("PATCH", "/logged-models/" + id + "/tags", R"({"tags": [{"key": "a", "value": "1"}]})");
  Ok("POST", "/logged-models/" + id + "/params", R"({"params": [{"key": "p", "value": "2"}]})");
  Ok("POST", "/runs/log-metric",
     R"({"run_id": ")" + run_ + R"(", "key": "acc", "value": 0.5, "timestamp": 1, "model_id": ")" +
         id + R"(", "dataset_name": "train", "dataset_digest": "x"})");
  const Json got = Ok("GET", "/logged-models/" + id);
  EXPECT_EQ(TextAt(got, "model.info.status"), "LOGGED_MODEL_READY");
  EXPECT_EQ(TextAt(got, "model.info.artifact_uri"),
            "mlflow-artifacts:/0/models/" + id + "/artifacts");
  EXPECT_EQ(TextAt(got, "model.data.params"),
            R"([{"key":"C","value":"1.0"},{"key":"p","value":"2"}])");
  EXPECT_EQ(got.At("model.data.metrics")->array()[0].GetString("dataset_name"), "train");
  const auto count = [this](const std::string& more) {
    const Json found =
        Ok("POST", "/logged-models/search", R"({"experiment_ids": ["0"])" + more + "}");
    return found.Find("models") == nullptr ? 0 : found.Find("models")->array().size();
  };
  EXPECT_EQ(count(R"(, "filter": "metrics.acc > 0.4 AND params.C = '1.0' AND name = 'm'")"), 1u);
  EXPECT_EQ(count(R"(, "filter": "metrics.acc > 0.4", "datasets": [{"dataset_name": "train"}])"),
            1u);
  EXPECT_EQ(count(R"(, "filter": "metrics.acc > 0.4", "datasets": [{"dataset_name": "test"}])"),
            0u);
  EXPECT_EQ(count(R"(, "order_by": [{"field_name": "metrics.acc", "ascending": false}])"), 1u);
  Ok("DELETE", "/logged-models/" + id + "/tags/a");
  Ok("DELETE", "/logged-models/" + id, R"({"model_id": ")" + id + "\"}");
  EXPECT_EQ(Refused("GET", "/logged-models/" + id),
            "404 RESOURCE_DOES_NOT_EXIST: Logged model with ID '" + id + "' not found.");
}

TEST_F(ModelTest, RegistersVersionsThatAreModelAssets) {
  const std::string id = LogModel("m");
  EXPECT_EQ(TextAt(Register("reg", id), "model_version.version"), "1");
  const Json second = Register("reg", id);
  EXPECT_EQ(TextAt(second, "model_version.version"), "2");
  EXPECT_EQ(TextAt(second, "model_version.run_id"), run_);
  EXPECT_EQ(TextAt(second, "model_version.current_stage"), "None");
  EXPECT_EQ(
      TextAt(Ok("GET", "/model-versions/get-download-uri?name=reg&version=2"), "artifact_uri"),
      "mlflow-artifacts:/0/models/" + id + "/artifacts");
  EXPECT_EQ(TextAt(Ok("GET", "/registered-models/get?name=reg"), "registered_model.latest_versions")
                .find("\"version\":\"1\""),
            std::string::npos);
  std::optional<AssetVersion> asset;
  const Status read = database_->ReadNow([&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(
        asset, AssetStore(kDefaultWorkspace).Find(transaction, AssetKind::kModel, "reg", "2"));
    return {};
  });
  ASSERT_TRUE(read.ok() && asset) << read.text();
  EXPECT_EQ(asset->properties.GetString("modelType"), "mlflow_model");
  EXPECT_TRUE(
      asset->properties.GetString("modelUri")
          .ends_with("/datastores/workspaceartifactstore/paths/0/models/" + id + "/artifacts"));
  EXPECT_EQ(asset->properties.GetString("jobName"), run_);
}

TEST_F(ModelTest, ShowsModelsOfAzuresRoutesToMlflow) {
  const Status written = database_->WriteNow([&](Transaction& transaction) -> Status {
    AssetVersion asset;
    asset.kind = AssetKind::kModel;
    asset.name = "arm";
    asset.version = "7";
    asset.properties["modelUri"] = "azureml://jobs/brave_crab/outputs/model/paths/best";
    return AssetStore(kDefaultWorkspace).Insert(transaction, asset, kTestNow);
  });
  ASSERT_TRUE(written.ok()) << written.text();
  EXPECT_EQ(
      TextAt(Ok("GET", "/model-versions/get-download-uri?name=arm&version=7"), "artifact_uri"),
      "mlflow-artifacts:/datastores/workspaceblobstore/azureml/brave_crab/model/best");
  EXPECT_EQ(TextAt(Ok("GET", "/model-versions/get?name=arm&version=7"), "model_version.source"),
            "mlflow-artifacts:/datastores/workspaceblobstore/azureml/brave_crab/model/best");
}

TEST_F(ModelTest, KeepsTheModelsOfTwoWorkspacesApart) {
  const Status made = database_->WriteNow([](Transaction& transaction) -> Status {
    Resource lab;
    lab.kind = ResourceKind::kWorkspace;
    lab.workspace = lab.name = "lab";
    TRY(ResourceStore().Put(transaction, lab, kTestNow).status());
    Job job;
    job.name = "nice_job_1";
    job.workspace = "lab";
    TRY(JobStore().Insert(transaction, job));
    return ExperimentStore().GetOrCreateDefault(transaction, "lab", kTestNow).status();
  });
  ASSERT_TRUE(made.ok()) << made.text();
  const std::string lab =
      "/mlflow/v1.0/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/"
      "workspaces/";
  const std::string get = "/api/2.0/mlflow/registered-models/get?name=reg";
  Ok("POST", "/registered-models/create", R"({"name": "reg", "description": "ours"})");
  EXPECT_EQ(Ask("GET", lab + "lab" + get).status, 404);
  EXPECT_EQ(Ask("GET", lab + "none" + get).status, 404);
  const Sent by_job{.caller = {Caller::Kind::kJob, "nice_job_1"}};
  Ok("POST", "/registered-models/create", R"({"name": "reg", "description": "theirs"})", by_job);
  EXPECT_EQ(TextAt(Ask("GET", lab + "LAB" + get).json, "registered_model.description"), "theirs");
  EXPECT_EQ(TextAt(Ask("GET", get).json, "registered_model.description"), "ours");
  const Answer run = Ask("POST", lab + "lab/api/2.0/mlflow/runs/create", "{}");
  const std::string id = TextAt(run.json, "run.info.run_id");
  const Status read = database_->ReadNow([&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(const Job job, JobStore().Get(transaction, id));
    EXPECT_EQ(job.workspace, "lab");
    return {};
  });
  EXPECT_TRUE(read.ok()) << read.text();
}

TEST_F(ModelTest, ResolvesSourcesOfRunsAndOtherVersions) {
  const std::string id = LogModel("m");
  Register("reg", id);
  Ok("POST", "/registered-models/create", R"({"name": "copy"})");
  Ok("POST", "/model-versions/create", R"({"name": "copy", "source": "models:/reg/1"})");
  Ok("POST", "/model-versions/create",
     R"({"name": "copy", "source": "runs:/)" + run_ + R"(/model"})");
  EXPECT_EQ(
      TextAt(Ok("GET", "/model-versions/get-download-uri?name=copy&version=1"), "artifact_uri"),
      "mlflow-artifacts:/0/models/" + id + "/artifacts");
  EXPECT_EQ(
      TextAt(Ok("GET", "/model-versions/get-download-uri?name=copy&version=2"), "artifact_uri"),
      "mlflow-artifacts:/ExperimentRun/dcid." + run_ + "/model");
  for (const std::string source :
       {"/etc", "file:///etc", "models:/m-none", "mlflow-artifacts:/a/../b", "a/%2e%2e/b"}) {
    const std::string refused = Refused("POST", "/model-versions/create",
                                        R"({"name": "copy", "source": ")" + source + "\"}");
    EXPECT_EQ(refused[0], '4') << source << ": " << refused;
  }
}

TEST_F(ModelTest, KeepsAliasesTagsAndStages) {
  const std::string id = LogModel("m");
  Register("reg", id);
  Register("reg", id);
  Ok("POST", "/registered-models/alias", R"({"name": "reg", "alias": "champion", "version": "2"})");
  EXPECT_EQ(TextAt(Ok("GET", "/registered-models/alias?name=reg&alias=champion"),
                   "model_version.aliases"),
            R"(["champion"])");
  EXPECT_EQ(Refused("POST", "/registered-models/alias",
                    R"({"name": "reg", "alias": "v3", "version": "2"})"),
            "400 INVALID_PARAMETER_VALUE: Version alias name 'v3' is reserved.");
  EXPECT_EQ(Refused("GET", "/registered-models/alias?name=reg&alias=none"),
            "400 INVALID_PARAMETER_VALUE: Registered model alias none not found.");
  Ok("POST", "/model-versions/set-tag",
     R"({"name": "reg", "version": "1", "key": "ok", "value": "yes"})");
  Ok("POST", "/registered-models/set-tag", R"({"name": "reg", "key": "task", "value": "x"})");
  const auto move = [this](const std::string& version, const std::string& archive) {
    return TextAt(
        Ok("POST", "/model-versions/transition-stage",
           R"({"name": "reg", "version": ")" + version +
               R"(", "stage": "production", "archive_existing_versions": )" + archive + "}"),
        "model_version.current_stage");
  };
  EXPECT_EQ(move("1", "false"), "Production");
  EXPECT_EQ(move("2", "true"), "Production");
  const Json first = Ok("GET", "/model-versions/get?name=reg&version=1");
  EXPECT_EQ(TextAt(first, "model_version.current_stage"), "Archived");
  EXPECT_EQ(TextAt(first, "model_version.tags"), R"([{"key":"ok","value":"yes"}])");
  Ok("DELETE", "/model-versions/delete", R"({"name": "reg", "version": "2"})");
  EXPECT_EQ(Ok("GET", "/registered-models/get?name=reg").At("registered_model.aliases"), nullptr);
  EXPECT_EQ(TextAt(Register("reg", id), "model_version.version"), "3");
}

TEST_F(ModelTest, FindsModelsAndVersions) {
  const std::string id = LogModel("m");
  for (const char* name : {"a-1", "a-2", "b"}) Register(name, id);
  Register("a-1", id);
  Ok("POST", "/registered-models/create",
     R"({"name": "prompt", "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]})");
  const auto models = [this](const std::string& query) {
    const Json found = Ok("GET", "/registered-models/search" + query);
    std::string names;
    if (const Json* list = found.Find("registered_models")) {
      for (const Json& model : list->array()) names += model.GetString("name") + " ";
    }
    return names;
  };
  EXPECT_EQ(models(""), "a-1 a-2 b ");
  EXPECT_EQ(models("?order_by=name%20DESC&filter=name%20LIKE%20%27a%25%27"), "a-2 a-1 ");
  EXPECT_EQ(models("?filter=tag.%60mlflow.prompt.is_prompt%60%20%21%3D%20%27true%27"),
            "a-1 a-2 b ");
  const Json page = Ok("GET", "/registered-models/search?max_results=2");
  EXPECT_EQ(models("?max_results=2&page_token=" + UrlEncode(page.GetString("next_page_token"))),
            "b ");
  const Json versions = Ok("GET", "/model-versions/search?filter=name%3D%27a-1%27");
  ASSERT_EQ(versions.Find("model_versions")->array().size(), 2u);
  EXPECT_EQ(versions.Find("model_versions")->array()[0].GetString("version"), "2");
  Ok("POST", "/registered-models/rename", R"({"name": "b", "new_name": "c"})");
  EXPECT_EQ(TextAt(Ok("GET", "/model-versions/get?name=c&version=1"), "model_version.name"), "c");
  Ok("DELETE", "/registered-models/delete", R"({"name": "c"})");
  EXPECT_EQ(Refused("GET", "/registered-models/get?name=c"),
            "404 RESOURCE_DOES_NOT_EXIST: Registered Model with name=c not found");
}

TEST_F(ModelTest, CarriesArtifactsUpAndDown) {
  const std::string run = MakeRun();
  const std::string place = "/ExperimentRun/dcid." + run;
  EXPECT_EQ(Ask("PUT", kArtifacts + place + "/a%20b/per%2520cent.txt", "hello").status, 200);
  EXPECT_EQ(Ask("PUT", kArtifacts + place + "/empty.bin", "").status, 200);
  const Answer got = Ask("GET", kArtifacts + place + "/a%20b/per%2520cent.txt");
  EXPECT_EQ(got.text, "hello");
  EXPECT_EQ(got.headers.Get("Content-Type"), "text/plain");
  EXPECT_TRUE(Exists(home_ + "/datastores/workspaceartifactstore" + place + "/a b/per%20cent.txt"));
  EXPECT_EQ(Ask("GET", kArtifacts + "?path=" + place.substr(1)).text,
            R"({"files":[{"path":"a b","is_dir":true},{"path":"empty.bin","is_dir":false}]})");
  EXPECT_EQ(Ask("GET", kArtifacts + "?path=nosuch").text, "{}");
  const Json listed = Ok("GET", "/artifacts/list?run_id=" + run + "&path=a%20b");
  EXPECT_EQ(TextAt(listed, "files"),
            R"([{"path":"a b/per%20cent.txt","is_dir":false,"file_size":5}])");
  EXPECT_EQ(TextAt(listed, "root_uri"), "mlflow-artifacts:" + place);
  EXPECT_EQ(Ask("GET", "/get-artifact?run_id=" + run + "&path=a%20b%2Fper%2520cent.txt").text,
            "hello");
  const Answer missing = Ask("GET", kArtifacts + place + "/none");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.json.GetString("error_code"), "RESOURCE_DOES_NOT_EXIST");
  EXPECT_EQ(Ask("DELETE", kArtifacts + place + "/a%20b").status, 200);
  EXPECT_EQ(Ask("GET", kArtifacts + place + "/a%20b/per%2520cent.txt").status, 404);
}

TEST_F(ModelTest, KeepsArtifactsInsideTheirPlaces) {
  for (const std::string path : {"/a/%2e%2e/%2e%2e/x", "/%2e%2e/x", "/a%23b"}) {
    EXPECT_EQ(Ask("PUT", kArtifacts + path, "x").status, 400) << path;
    EXPECT_EQ(Ask("GET", kArtifacts + path).status, 400) << path;
  }
  EXPECT_EQ(Ask("GET", kArtifacts + "?path=..").status, 400);
  EXPECT_EQ(Ask("PUT", kArtifacts + "/datastores/workspaceblobstore/x", "x").status, 403);
  const std::string foreign = MakeRun();
  const std::string own = MakeRun("{}", kJob);
  const std::string model = LogModel("foreign");
  EXPECT_EQ(Ask("PUT", kArtifacts + "/ExperimentRun/dcid." + own + "/x", "x", kJob).status, 200);
  EXPECT_EQ(Ask("PUT", kArtifacts + "/ExperimentRun/dcid." + foreign + "/x", "x", kJob).status,
            403);
  EXPECT_EQ(Ask("PUT", kArtifacts + "/0/models/" + model + "/artifacts/x", "x", kJob).status, 403);
  EXPECT_EQ(Ask("DELETE", kArtifacts + "/ExperimentRun", "", kJob).status, 403);
}

TEST_F(ModelTest, FollowsNoLinkThatAJobHasLeft) {
  const std::string place = "/ExperimentRun/dcid." + MakeRun();
  EXPECT_EQ(Ask("PUT", kArtifacts + place + "/real.txt", "x").status, 200);
  const std::string folder = home_ + "/datastores/workspaceartifactstore" + place;
  ASSERT_TRUE(MakeDirs(home_ + "/tokens").ok());
  ASSERT_TRUE(WriteFile(home_ + "/tokens/owner", "secret").ok());
  ASSERT_EQ(symlink((home_ + "/tokens/owner").c_str(), (folder + "/file").c_str()), 0);
  ASSERT_EQ(symlink((home_ + "/tokens").c_str(), (folder + "/folder").c_str()), 0);
  ASSERT_EQ(symlink("real.txt", (folder + "/within").c_str()), 0);
  for (const std::string name : {"/file", "/folder/owner", "/within"}) {
    const Answer answer = Ask("GET", kArtifacts + place + name);
    EXPECT_EQ(answer.status, 403) << name;
    EXPECT_NE(answer.json.GetString("message").find("link"), std::string::npos) << answer.text;
  }
  EXPECT_EQ(Ask("GET", kArtifacts + "?path=" + place.substr(1) + "/folder").status, 403);
  EXPECT_EQ(Ask("PUT", kArtifacts + place + "/folder/owner", "mine").status, 403);
  EXPECT_EQ(Ask("PUT", kArtifacts + place + "/folder/new/x", "mine").status, 403);
  EXPECT_EQ(Ask("DELETE", kArtifacts + place + "/folder/owner").status, 403);
  EXPECT_EQ(ReadFile(home_ + "/tokens/owner").value(), "secret");
  EXPECT_FALSE(Exists(home_ + "/tokens/new"));
  EXPECT_EQ(Ask("GET", kArtifacts + "?path=" + place.substr(1)).text,
            R"({"files":[{"path":"real.txt","is_dir":false,"file_size":1}]})");
}

TEST_F(ModelTest, RefusesMultipartInTheWordsThatClientsKnow) {
  const Answer answer =
      Ask("POST", "/api/2.0/mlflow-artifacts/mpu/create/a", R"({"path": "x", "num_parts": 2})");
  EXPECT_EQ(answer.status, 501);
  EXPECT_EQ(answer.json.GetString("error_code"), "NOT_IMPLEMENTED");
  EXPECT_TRUE(answer.json.GetString("message").starts_with(
      "Multipart upload is not supported for the current artifact"));
}

}  // namespace
}  // namespace lazurite::mlflow
