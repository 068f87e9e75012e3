#include "engine/tracking/tracking.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "domain/run/logged_model_store.h"
#include "domain/run/run_store.h"
#include "domain/schema/database_test.h"

namespace lazurite::tracking {
namespace {

constexpr Time kNow = FromMillis(1'700'000'000'000);
const Writer kAnybody;
const Writer kJob{"brave_crab"};

class TrackingTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    MakeRun("r1", "");
    MakeRun("r2", "brave_crab");
  }
  void MakeRun(const std::string& id, const std::string& made_by) {
    Do([&](Transaction& transaction) {
      NewRun run;
      run.id = id;
      run.made_by = made_by;
      return RunStore().Create(transaction, run, ids_).status();
    });
  }
  Status Log(const std::string& run, const Batch& batch, const Writer& writer = kAnybody) {
    return Write(
        [&](Transaction& transaction) { return LogBatch(transaction, run, batch, writer); });
  }
  Result<ModelVersion> Register(const std::string& source) {
    Result<ModelVersion> made = Internal("not made");
    const Status status = Write([&](Transaction& transaction) {
      ModelVersion version;
      version.name = "reg";
      version.source = source;
      made = RegisterVersion(transaction, "default", version, kNow);
      return made.status();
    });
    return made;
  }

  SeededIdSource ids_{7};
};

TEST_F(TrackingTest, RefusesBatchesBeyondTheirLimits) {
  Batch batch;
  batch.params.resize(kBatchParamsMax + 1, {"a", "b"});
  EXPECT_NE(Log("r1", batch).text().find("at most 100 params. Got 101 params"), std::string::npos);
  batch.params = {{"a", "1"}, {"a", "1"}};
  EXPECT_NE(Log("r1", batch).text().find("Duplicate parameter keys"), std::string::npos);
  batch = {};
  batch.metrics.resize(kBatchMetricsMax + 1);
  EXPECT_EQ(Log("r1", batch).code(), Code::kInvalidArgument);
}

TEST_F(TrackingTest, CutsLongValuesWhereMlflowDoes) {
  Batch batch;
  batch.params = {{"a", std::string(kParamValueMax + 5, 'x')}};
  batch.tags = {{"t", std::string(kTagValueMax + 5, 'x')}};
  EXPECT_TRUE(Log("r1", batch).ok());
  Do([&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(const auto run, RunStore().Load(transaction, "r1"));
    EXPECT_EQ(FindValue(run.params, "a")->size(), kParamValueMax);
    EXPECT_EQ(FindValue(run.tags, "t")->size(), kTagValueMax);
    return {};
  });
}

TEST_F(TrackingTest, LetsAJobWriteToTheRunsItMade) {
  EXPECT_TRUE(Log("r2", {{}, {}, {{"a", "b"}}}, kJob).ok());
  EXPECT_EQ(Log("r1", {{}, {}, {{"a", "b"}}}, kJob).code(), Code::kPermissionDenied);
  Do([&](Transaction& transaction) -> Status {
    LoggedModel model;
    model.source_run = "r1";
    ASSIGN_OR_RETURN(model, LoggedModelStore().Create(transaction, model, ids_, kNow));
    EXPECT_EQ(CheckMayWriteModel(transaction, model.id, kJob).code(), Code::kPermissionDenied);
    EXPECT_TRUE(CheckMayWriteModel(transaction, model.id, kAnybody).ok());
    return {};
  });
}

TEST_F(TrackingTest, TakesEachReplayIdOnceAndForgetsOldOnes) {
  const auto take = [&](Time now) {
    bool is_new = false;
    Do([&](Transaction& transaction) -> Status {
      ASSIGN_OR_RETURN(is_new, TakeReplayId(transaction, "id", now));
      return {};
    });
    return is_new;
  };
  EXPECT_TRUE(take(kNow));
  EXPECT_FALSE(take(kNow + kReplayMemory));
  EXPECT_TRUE(take(kNow + kReplayMemory + std::chrono::milliseconds(1)));
}

TEST_F(TrackingTest, KeepsTheHistoryOfModelsThatOldClientsLog) {
  const std::string model =
      R"({"artifact_path": "m", "flavors": {}, "utc_time_created": "x", "run_id": "r1"})";
  const auto log = [&](const std::string& json) {
    return Write(
        [&](Transaction& transaction) { return LogModelJson(transaction, "r1", json, kAnybody); });
  };
  EXPECT_TRUE(log(model).ok());
  EXPECT_TRUE(log(model).ok());
  EXPECT_EQ(log("{").code(), Code::kInvalidArgument);
  EXPECT_EQ(log(R"({"artifact_path": "m"})").code(), Code::kInvalidArgument);
  Do([&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(const auto run, RunStore().Load(transaction, "r1"));
    const auto history = Json::Parse(*FindValue(run.tags, "mlflow.log-model.history"));
    EXPECT_EQ(history->array().size(), 2u);
    return {};
  });
}

TEST_F(TrackingTest, RegistersFromRunsModelsAndOtherStoragesButNotFromLocalFiles) {
  Do([&](Transaction& transaction) {
    RegisteredModel model;
    model.name = "reg";
    return ModelStore("default").Create(transaction, model, kNow).status();
  });
  const auto of_run = Register("runs:/r1/model");
  ASSERT_TRUE(of_run.ok()) << of_run.status().text();
  EXPECT_EQ(of_run->run, "r1");
  EXPECT_EQ(DownloadUri(of_run->model_uri), "mlflow-artifacts:/ExperimentRun/dcid.r1/model");
  EXPECT_EQ(Register("models:/reg/1")->model_uri, of_run->model_uri);
  EXPECT_EQ(Register("s3://bucket/m")->model_uri, "s3://bucket/m");
  for (const char* source :
       {"/etc", "file:///etc", "etc", "s3://bucket/../x", "models:/m-1", "models:/reg/9"}) {
    EXPECT_FALSE(Register(source).ok()) << source;
  }
}

}  // namespace
}  // namespace lazurite::tracking
