// Experiments, runs, what is logged to them, histories and search, as requests and answers.
#include "api/mlflow/mlflow_test_server.h"
#include "api/mlflow/spool_replay.h"

namespace lazurite::mlflow {
namespace {

const Sent kJob{{Caller::Kind::kJob, "brave_crab"}, "application/json", ""};

TEST_F(MlflowTest, MakesFindsRenamesAndDeletesExperiments) {
  EXPECT_EQ(Refused("GET", "/experiments/get-by-name?experiment_name=a%20b"),
            "404 RESOURCE_DOES_NOT_EXIST: Could not find experiment with name 'a b'");
  const Json made =
      Ok("POST", "/experiments/create", R"({"name": "a b", "tags": [{"key": "x", "value": "1"}]})");
  const std::string id = made.GetString("experiment_id");
  const Json got = Ok("GET", "/experiments/get-by-name?experiment_name=a%20b");
  EXPECT_EQ(TextAt(got, "experiment.artifact_location"), "mlflow-artifacts:/" + id);
  EXPECT_EQ(TextAt(got, "experiment.lifecycle_stage"), "active");
  EXPECT_EQ(Refused("POST", "/experiments/create", R"({"name": "a b"})"),
            "400 RESOURCE_ALREADY_EXISTS: Experiment(name=a b) already exists.");
  const std::string by_id = R"({"experiment_id": ")" + id + "\"";
  Ok("POST", "/experiments/update", by_id + R"(, "new_name": "c"})");
  Ok("POST", "/experiments/set-experiment-tag", by_id + R"(, "key": "k", "value": "v"})");
  Ok("POST", "/experiments/delete-experiment-tag", by_id + R"(, "key": "x"})");
  const Json renamed = Ok("GET", "/experiments/get?experiment_id=" + id);
  EXPECT_EQ(TextAt(renamed, "experiment.name"), "c");
  EXPECT_EQ(TextAt(renamed, "experiment.tags"), R"([{"key":"k","value":"v"}])");
  Ok("POST", "/experiments/delete", by_id + "}");
  EXPECT_EQ(TextAt(Ok("GET", "/experiments/get?experiment_id=" + id), "experiment.lifecycle_stage"),
            "deleted");
  EXPECT_EQ(Refused("POST", "/experiments/create", R"({"name": "c"})").substr(0, 27),
            "400 RESOURCE_ALREADY_EXISTS");
  Ok("POST", "/experiments/restore", by_id + "}");
  EXPECT_EQ(Refused("GET", "/experiments/get?experiment_id=99"),
            "404 RESOURCE_DOES_NOT_EXIST: No Experiment with id=99 exists");
}

TEST_F(MlflowTest, SearchesExperimentsPageByPage) {
  for (const char* name : {"Alpha", "beta", "gamma"}) {
    clock_.Advance(std::chrono::seconds(1));
    Ok("POST", "/experiments/create", std::string(R"({"name": ")") + name + "\"}");
  }
  const auto names = [this](const std::string& body) {
    const Json found = Ok("POST", "/experiments/search", body);
    std::string list;
    if (const Json* experiments = found.Find("experiments")) {
      for (const Json& one : experiments->array()) list += one.GetString("name") + " ";
    }
    return list;
  };
  EXPECT_EQ(names(R"({"max_results": 10})"), "gamma beta Alpha Default ");
  EXPECT_EQ(names(R"({"max_results": 10, "filter": "name ILIKE 'ALPHA'"})"), "Alpha ");
  EXPECT_EQ(names(R"({"max_results": 10, "order_by": ["name ASC"]})"), "Alpha Default beta gamma ");
  const Json first = Ok("POST", "/experiments/search", R"({"max_results": 3})");
  const std::string token = first.GetString("next_page_token");
  EXPECT_EQ(names(R"({"max_results": 3, "page_token": ")" + token + "\"}"), "Default ");
  EXPECT_NE(Refused("POST", "/experiments/search", "{}").find("'max_results'"), std::string::npos);
}

TEST_F(MlflowTest, ListsWhatWasMadeLastFirstThoughTheClockIsSetBack) {
  for (const char* name : {"a", "b", "c"}) {
    Ok("POST", "/experiments/create", std::string(R"({"name": ")") + name + "\"}");
    Ok("POST", "/logged-models", std::string(R"({"name": ")") + name + "\"}");
    clock_.Set(clock_.Now() - std::chrono::hours(1));
  }
  std::string experiments;
  const Json found = Ok("POST", "/experiments/search", R"({"max_results": 9})");
  for (const Json& one : found.At("experiments")->array()) {
    experiments += one.GetString("name") + " ";
  }
  EXPECT_EQ(experiments, "c b a Default ");
  std::string models;
  const Json logged = Ok("POST", "/logged-models/search", R"({"experiment_ids": ["0"]})");
  for (const Json& one : logged.At("models")->array()) {
    models += TextAt(one, "info.name") + " ";
  }
  EXPECT_EQ(models, "c b a ");
}

TEST_F(MlflowTest, KeepsWhatIsLoggedOneByOneAndInBatches) {
  const std::string run = MakeRun(R"({"start_time": 5, "user_id": "ann",
      "tags": [{"key": "mlflow.runName", "value": "first"}]})");
  const std::string by_run = R"({"run_id": ")" + run + "\"";
  Ok("POST", "/runs/log-metric",
     by_run + R"(, "key": "loss", "value": 0.5, "timestamp": "7", "step": 3})");
  Ok("POST", "/runs/log-parameter", by_run + R"(, "key": "lr", "value": "0.1"})");
  Ok("POST", "/runs/set-tag", R"({"run_uuid": ")" + run + R"(", "key": "t", "value": "x"})");
  Ok("POST", "/runs/log-batch", by_run + R"(,
      "metrics": [{"key": "acc", "value": "NaN", "timestamp": 1},
                  {"key": "loss", "value": 0.4, "timestamp": 8, "step": 4}],
      "params": [{"key": "depth", "value": ""}],
      "tags": [{"key": "mlflow.runName", "value": "renamed"}]})");
  const Json got = Ok("GET", "/runs/get?run_id=" + run);
  EXPECT_EQ(TextAt(got, "run.info.run_name"), "renamed");
  EXPECT_EQ(TextAt(got, "run.info.start_time"), "5");
  EXPECT_EQ(TextAt(got, "run.data.metrics"),
            R"([{"key":"acc","value":"NaN","timestamp":1,"step":0},)"
            R"({"key":"loss","value":0.4,"timestamp":8,"step":4}])");
  EXPECT_EQ(TextAt(got, "run.data.params"),
            R"([{"key":"depth","value":""},{"key":"lr","value":"0.1"}])");
  EXPECT_EQ(TextAt(got, "run.inputs"), "{}");
  const Json history = Ok("GET", "/metrics/get-history?run_id=" + run + "&metric_key=loss");
  EXPECT_EQ(TextAt(history, "metrics"), R"([{"key":"loss","value":0.5,"timestamp":7,"step":3},)"
                                        R"({"key":"loss","value":0.4,"timestamp":8,"step":4}])");
  Ok("POST", "/runs/delete-tag", by_run + R"(, "key": "t"})");
  EXPECT_EQ(Refused("POST", "/runs/delete-tag", by_run + R"(, "key": "t"})").substr(0, 3), "404");
  const Json ended =
      Ok("POST", "/runs/update", by_run + R"(, "status": "FINISHED", "end_time": 9})");
  EXPECT_EQ(TextAt(ended, "run_info.status"), "FINISHED");
  EXPECT_EQ(TextAt(ended, "run_info.end_time"), "9");
}

TEST_F(MlflowTest, WritesABatchWholeOrNotAtAll) {
  const std::string run = MakeRun();
  const std::string by_run = R"({"run_id": ")" + run + "\"";
  Ok("POST", "/runs/log-parameter", by_run + R"(, "key": "lr", "value": "0.1"})");
  const std::string refused = Refused("POST", "/runs/log-batch", by_run + R"(,
      "metrics": [{"key": "a", "value": 1, "timestamp": 1}],
      "params": [{"key": "lr", "value": "0.2"}, {"key": "new", "value": "1"}]})");
  EXPECT_NE(refused.find("'old_value': '0.1', 'new_value': '0.2'"), std::string::npos) << refused;
  const Json got = Ok("GET", "/runs/get?run_id=" + run);
  EXPECT_EQ(got.At("run.data.metrics"), nullptr);
  EXPECT_EQ(got.At("run.data.params")->array().size(), 1u);
}

TEST_F(MlflowTest, SaysWhatIsWrongWithARequest) {
  const std::string run = MakeRun();
  struct Row {
    std::string route;
    std::string body;
    std::string answer;
  };
  const std::string by_run = R"({"run_id": ")" + run + "\"";
  const Row rows[] = {
      {"/runs/log-metric", by_run + R"(, "value": 1, "timestamp": 1})",
       "400 INVALID_PARAMETER_VALUE: Missing value for required parameter 'key'."},
      {"/runs/log-metric", by_run + R"(, "key": "a", "value": "x", "timestamp": 1})",
       "400 INVALID_PARAMETER_VALUE: Invalid value \"x\" for parameter 'value'"},
      {"/runs/log-metric", by_run + R"(, "key": "a//b", "value": 1, "timestamp": 1})",
       "400 INVALID_PARAMETER_VALUE: Invalid value \"a//b\" for parameter 'name'"},
      {"/runs/log-metric", by_run + R"(, "key": "a", "value": 1, "timestamp": -1})",
       "400 INVALID_PARAMETER_VALUE: Invalid value -1 for parameter 'timestamp'"},
      {"/runs/log-batch", by_run + R"(, "metrics": [{"key": 5, "value": 1, "timestamp": 1}]})",
       "400 INVALID_PARAMETER_VALUE: Invalid value 5 for parameter 'metrics[0].key'"},
      {"/runs/log-batch", by_run + R"(, "params": {"key": "a"}})",
       "400 INVALID_PARAMETER_VALUE: Invalid value {\"key\":\"a\"} for parameter 'params'"},
      {"/runs/log-metric", R"({"run_id": "nosuch", "key": "a", "value": 1, "timestamp": 1})",
       "404 RESOURCE_DOES_NOT_EXIST: Run with id=nosuch not found"},
      {"/runs/create", R"({"experiment_id": "x"})",
       "400 INVALID_PARAMETER_VALUE: Invalid experiment ID 'x'."},
      {"/runs/update", by_run + R"(, "status": "SLEEPING"})",
       "400 INVALID_PARAMETER_VALUE: Invalid value \"SLEEPING\" for parameter 'status'"},
      {"/runs/search", R"({"experiment_ids": ["0"], "max_results": 50001})",
       "400 INVALID_PARAMETER_VALUE: Invalid value 50001 for parameter 'max_results' supplied"},
      {"/runs/search", R"({"experiment_ids": ["0"], "page_token": "?"})",
       "400 INVALID_PARAMETER_VALUE: Invalid page token"},
      {"/runs/set-tag", "{not json", "400 INVALID_PARAMETER_VALUE: the request's body"},
      {"/runs/set-tag", "[1]", "400 INVALID_PARAMETER_VALUE: Bad Request."},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Refused("POST", row.route, row.body).substr(0, row.answer.size()), row.answer);
  }
  EXPECT_EQ(Refused("POST", "/runs/set-tag", "{}", {.content_type = "text/plain"}),
            "400 INVALID_PARAMETER_VALUE: Bad Request. Content-Type must be application/json.");
}

TEST_F(MlflowTest, SearchesRunsPageByPage) {
  for (int i = 0; i < 5; ++i) {
    const std::string run = MakeRun(R"({"start_time": )" + std::to_string(i) + "}");
    Ok("POST", "/runs/log-metric",
       R"({"run_id": ")" + run + R"(", "key": "a", "value": )" + std::to_string(i) +
           R"(, "timestamp": 1})");
  }
  const std::string query = R"({"experiment_ids": ["0"], "max_results": 2,
      "filter": "metrics.a >= 1", "order_by": ["metrics.a ASC"])";
  std::string seen;
  std::string token;
  for (int page = 0; page < 3; ++page) {
    const Json found = Ok("POST", "/runs/search", query + R"(, "page_token": ")" + token + "\"}");
    if (const Json* runs = found.Find("runs")) {
      for (const Json& run : runs->array()) {
        seen += run.At("data.metrics")->array()[0].Find("value")->Dump() + " ";
      }
    }
    token = found.GetString("next_page_token");
  }
  EXPECT_EQ(seen, "1.0 2.0 3.0 4.0 ");
  EXPECT_EQ(token, "");
}

TEST_F(MlflowTest, ShowsEvenlySpreadStepsOfSeveralRuns) {
  std::string runs;
  for (int r = 0; r < 2; ++r) {
    const std::string run = MakeRun();
    runs += "&run_ids=" + run;
    std::string metrics;
    for (int step = 0; step < 10; ++step) {
      metrics += std::string(step == 0 ? "" : ",") + R"({"key": "a", "value": 1, "timestamp": 1,
          "step": )" +
                 std::to_string(step) + "}";
    }
    Ok("POST", "/runs/log-batch", R"({"run_id": ")" + run + R"(", "metrics": [)" + metrics + "]}");
  }
  const Json shown =
      Ok("GET", "/metrics/get-history-bulk-interval?metric_key=a&max_results=5" + runs);
  std::string steps;
  for (const Json& metric : shown.Find("metrics")->array()) {
    steps += std::to_string(metric.GetInt("step")) + " ";
  }
  EXPECT_EQ(steps, "0 2 4 6 8 9 0 2 4 6 8 9 ");
}

TEST_F(MlflowTest, PagesThroughALongHistory) {
  const std::string run = MakeRun();
  std::string metrics;
  for (int step = 0; step < 7; ++step) {
    metrics += std::string(step == 0 ? "" : ",") + R"({"key": "a", "value": 0.1, "timestamp": 1,
        "step": )" +
               std::to_string(step) + "}";
  }
  Ok("POST", "/runs/log-batch", R"({"run_id": ")" + run + R"(", "metrics": [)" + metrics + "]}");
  std::string steps;
  std::string token;
  do {
    const Json page = Ok("GET", "/metrics/get-history?run_id=" + run +
                                    "&metric_key=a&max_results=3&page_token=" + UrlEncode(token));
    for (const Json& metric : page.Find("metrics")->array()) {
      steps += std::to_string(metric.GetInt("step")) + " ";
    }
    token = page.GetString("next_page_token");
  } while (!token.empty());
  EXPECT_EQ(steps, "0 1 2 3 4 5 6 ");
  EXPECT_EQ(Ok("GET", "/metrics/get-history?run_id=" + run + "&metric_key=b").Dump(), "{}");
}

TEST_F(MlflowTest, DeletesAndRestoresRuns) {
  const std::string run = MakeRun();
  Ok("POST", "/runs/delete", R"({"run_id": ")" + run + "\"}");
  EXPECT_EQ(
      Refused("POST", "/runs/set-tag", R"({"run_id": ")" + run + R"(", "key": "a", "value": "b"})"),
      "400 INVALID_PARAMETER_VALUE: The run " + run +
          " must be in the 'active' state. Current state is deleted.");
  const std::string deleted = R"({"experiment_ids": ["0"], "run_view_type": "DELETED_ONLY"})";
  EXPECT_EQ(Ok("POST", "/runs/search", deleted).Find("runs")->array().size(), 1u);
  Ok("POST", "/runs/restore", R"({"run_id": ")" + run + "\"}");
  EXPECT_EQ(Ok("POST", "/runs/search", deleted).Find("runs"), nullptr);
}

TEST_F(MlflowTest, LinksDatasetsAndModelsToRuns) {
  const std::string run = MakeRun();
  const std::string inputs = R"({"run_id": ")" + run + R"(", "datasets": [{
      "tags": [{"key": "mlflow.data.context", "value": "train"}],
      "dataset": {"name": "d", "digest": "x", "source_type": "code", "source": "s"}}],
      "models": [{"model_id": "m-1"}]})";
  Ok("POST", "/runs/log-inputs", inputs);
  Ok("POST", "/runs/log-inputs", inputs);
  Ok("POST", "/runs/outputs",
     R"({"run_id": ")" + run + R"(", "models": [{"model_id": "m-2", "step": 3}]})");
  const Json got = Ok("GET", "/runs/get?run_id=" + run);
  EXPECT_EQ(TextAt(got, "run.inputs.dataset_inputs"),
            R"([{"tags":[{"key":"mlflow.data.context","value":"train"}],"dataset":)"
            R"({"name":"d","digest":"x","source_type":"code","source":"s"}}])");
  EXPECT_EQ(TextAt(got, "run.inputs.model_inputs"), R"([{"model_id":"m-1"}])");
  EXPECT_EQ(TextAt(got, "run.outputs.model_outputs"), R"([{"model_id":"m-2","step":3}])");
}

TEST_F(MlflowTest, LetsAJobWriteOnlyToItsOwnRuns) {
  const std::string foreign = MakeRun();
  const std::string own = MakeRun("{}", kJob);
  const auto tag = [](const std::string& run) {
    return R"({"run_id": ")" + run + R"(", "key": "a", "value": "b"})";
  };
  Ok("POST", "/runs/set-tag", tag(own), kJob);
  EXPECT_EQ(Refused("POST", "/runs/set-tag", tag(foreign), kJob).substr(0, 22),
            "403 PERMISSION_DENIED:");
  EXPECT_EQ(Refused("POST", "/runs/delete", tag(foreign), kJob).substr(0, 3), "403");
  EXPECT_EQ(Refused("POST", "/experiments/delete", R"({"experiment_id": "0"})", kJob).substr(0, 3),
            "403");
  Ok("GET", "/runs/get?run_id=" + foreign, "", kJob);
}

TEST_F(MlflowTest, TakesAReplayedCallOnce) {
  const std::string run = MakeRun();
  const std::string body =
      R"({"run_id": ")" + run + R"(", "key": "a", "value": 1, "timestamp": 1})";
  const Sent first{.replay_id = "id-1"};
  EXPECT_EQ(Ok("POST", "/runs/log-metric", body, first).Dump(), "{}");
  Ok("POST", "/runs/delete", R"({"run_id": ")" + run + "\"}");
  EXPECT_EQ(Ok("POST", "/runs/log-metric", body, first).Dump(), "{}");
  EXPECT_EQ(Refused("POST", "/runs/log-metric", body, {.replay_id = "id-2"}).substr(0, 3), "400");
}

TEST_F(MlflowTest, ReplaysASpoolIntoTheJobsRun) {
  const std::string run = MakeRun("{}", kJob);
  SpoolEntry entry{
      "id-1", "/api/2.0/mlflow/runs/log-batch",
      R"({"run_id": ")" + run + R"(", "metrics": [{"key": "a", "value": 2, "timestamp": 1}]})",
      kTestNow, 0};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(*ApplySpoolEntry(*database_, entry, "brave_crab", kTestNow), "");
  }
  EXPECT_EQ(TextAt(Ok("GET", "/runs/get?run_id=" + run), "run.data.metrics"),
            R"([{"key":"a","value":2.0,"timestamp":1,"step":0}])");
  entry.id = "id-2";
  entry.body = R"({"run_id": "nosuch", "metrics": []})";
  EXPECT_EQ(*ApplySpoolEntry(*database_, entry, "brave_crab", kTestNow),
            "Run with id=nosuch not found");
  entry.id = "id-3";
  entry.path = "/api/2.0/mlflow/runs/delete";
  entry.body = R"({"run_id": ")" + run + "\"}";
  EXPECT_NE(*ApplySpoolEntry(*database_, entry, "brave_crab", kTestNow), "");
  entry.is_readable = false;
  EXPECT_NE(*ApplySpoolEntry(*database_, entry, "brave_crab", kTestNow), "");
  EXPECT_EQ(TextAt(Ok("GET", "/runs/get?run_id=" + run), "run.info.lifecycle_stage"), "active");
}

TEST_F(MlflowTest, TellsClientsWhatItIs) {
  EXPECT_EQ(Ask("GET", "/health").text, "OK");
  EXPECT_EQ(Ask("GET", "/version").status, 200);
  const Answer info = Ask("GET", "/api/3.0/mlflow/server-info");
  EXPECT_FALSE(info.json.GetBool("multipart_uploads_enabled", true));
}

}  // namespace
}  // namespace lazurite::mlflow
