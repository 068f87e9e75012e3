#include "domain/run/run_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "base/file.h"
#include "domain/run/artifact_place.h"
#include "domain/run/experiment_store.h"
#include "domain/run/logged_model_store.h"
#include "domain/run/metric_store.h"
#include "domain/run/run_search.h"
#include "domain/schema/database_test.h"

namespace lazurite {
namespace {

constexpr Time kNow = FromMillis(1'700'000'000'000);
using TheRun = Run;  // a test has a Run of its own

class RunStoreTest : public DatabaseTest {
 protected:
  std::string MakeRun(const std::string& id, int64_t start_ms = 5) {
    Do([&](Transaction& transaction) {
      NewRun run;
      run.id = id;
      run.start_ms = start_ms;
      return runs_.Create(transaction, run, ids_).status();
    });
    return id;
  }
  TheRun Load(const std::string& id) {
    TheRun run;
    Do([&](Transaction& transaction) -> Status {
      ASSIGN_OR_RETURN(run, runs_.Load(transaction, id));
      return {};
    });
    return run;
  }
  Status LogMetrics(const std::string& run, std::vector<Metric> metrics) {
    return Write(
        [&](Transaction& transaction) { return MetricStore().Append(transaction, run, metrics); });
  }
  static Metric Point(const std::string& key, double value, int64_t step, int64_t time = 1) {
    Metric metric;
    metric.key = key;
    metric.value = value;
    metric.step = step;
    metric.timestamp_ms = time;
    return metric;
  }
  std::vector<std::string> Search(std::string_view filter, std::vector<std::string> order = {}) {
    std::vector<std::string> found;
    RunQuery query;
    query.experiments = {0};
    auto clauses = ParseFilter(filter, RunSubject());
    auto by = ParseOrderBy(order, RunSubject());
    EXPECT_TRUE(clauses.ok() && by.ok()) << filter;
    query.filter = std::move(clauses).value();
    query.order = std::move(by).value();
    Do([&](Transaction& transaction) -> Status {
      ASSIGN_OR_RETURN(found, SearchRuns(transaction, query));
      return {};
    });
    return found;
  }

  RunStore runs_;
  SeededIdSource ids_{7};
};

using Ids = std::vector<std::string>;

TEST_F(RunStoreTest, GivesARunANameAndItsPlaceForArtifacts) {
  MakeRun("r1");
  const TheRun run = Load("r1");
  EXPECT_FALSE(run.info.name.empty());
  EXPECT_EQ(*FindValue(run.tags, kRunNameTag), run.info.name);
  EXPECT_EQ(run.info.artifact_uri, "mlflow-artifacts:/ExperimentRun/dcid.r1");
  EXPECT_EQ(run.info.status, RunStatus::kRunning);
}

TEST_F(RunStoreTest, KeepsParamsAsTheyWereFirstSaid) {
  MakeRun("r1");
  const auto log = [&](const std::string& value) {
    return Write([&](Transaction& transaction) {
      return runs_.LogParams(transaction, "r1", {{"lr", value}});
    });
  };
  EXPECT_TRUE(log("0.1").ok());
  EXPECT_TRUE(log("0.1").ok());
  const Status changed = log("0.2");
  EXPECT_EQ(changed.code(), Code::kInvalidArgument);
  EXPECT_NE(changed.text().find("Changing param values is not allowed. Param with key='lr' was "
                                "already logged with value='0.1'"),
            std::string::npos);
}

TEST_F(RunStoreTest, KeepsTheLatestMetricByStepThenTimeThenValue) {
  MakeRun("r1");
  EXPECT_TRUE(LogMetrics("r1", {Point("a", 3, 2), Point("a", 9, 1), Point("b", 1, 1, 5)}).ok());
  EXPECT_TRUE(LogMetrics("r1", {Point("a", 1, 2), Point("b", 2, 1, 4)}).ok());
  const TheRun run = Load("r1");
  ASSERT_EQ(run.metrics.size(), 2u);
  EXPECT_EQ(run.metrics[0].value, 3);
  EXPECT_EQ(run.metrics[1].value, 1);
}

TEST_F(RunStoreTest, KeepsNanAndClampsInfinities) {
  MakeRun("r1");
  EXPECT_TRUE(LogMetrics("r1", {Point("nan", NAN, 0), Point("inf", -INFINITY, 0)}).ok());
  const TheRun run = Load("r1");
  EXPECT_EQ(run.metrics[0].value, -std::numeric_limits<double>::max());
  EXPECT_TRUE(std::isnan(run.metrics[1].value));
}

TEST_F(RunStoreTest, PagesThroughAHistoryInOrderOfTimeAndDropsRepeatedPoints) {
  MakeRun("r1");
  std::vector<Metric> points;
  for (int i = 0; i < 10; ++i) points.push_back(Point("a", i, 10 - i, 100 + i));
  EXPECT_TRUE(LogMetrics("r1", points).ok());
  EXPECT_TRUE(LogMetrics("r1", points).ok());
  std::vector<double> seen;
  Do([&](Transaction& transaction) -> Status {
    seen.clear();
    PointCursor after;
    do {
      ASSIGN_OR_RETURN(const MetricPage page,
                       MetricStore().History(transaction, "r1", "a", after, 3));
      for (const Metric& metric : page.metrics) seen.push_back(metric.value);
      after = page.next;
    } while (after);
    return {};
  });
  EXPECT_EQ(seen, (std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST_F(RunStoreTest, FindsRunsByEveryKindOfClause) {
  for (int i = 1; i <= 4; ++i) {
    const std::string id = MakeRun("r" + std::to_string(i), i * 100);
    EXPECT_TRUE(LogMetrics(id, {Point("loss", 1.0 / i, 1)}).ok());
    Do([&](Transaction& transaction) -> Status {
      TRY(runs_.LogParams(transaction, id, {{"model", "ResNet" + std::to_string(i)}}));
      TRY(runs_.SetTags(transaction, id, {{"team", i % 2 == 0 ? "A" : "B"}}));
      ASSIGN_OR_RETURN(const RunInfo info, runs_.Get(transaction, id));
      if (i != 2) return {};
      return runs_.LogInputs(
          transaction, info,
          {{{"train", "d1", "code", "s", "", ""}, {{"mlflow.data.context", "fit"}}}}, {});
    });
  }
  EXPECT_TRUE(LogMetrics("r3", {Point("rare", NAN, 0)}).ok());
  EXPECT_TRUE(LogMetrics("r1", {Point("rare", 5, 0)}).ok());
  EXPECT_EQ(Search(""), (Ids{"r4", "r3", "r2", "r1"}));
  EXPECT_EQ(Search("metrics.loss < 0.5"), (Ids{"r4", "r3"}));
  EXPECT_EQ(Search("params.model LIKE 'ResNet_' AND tags.team = 'A'"), (Ids{"r4", "r2"}));
  EXPECT_EQ(Search("params.model LIKE 'resnet%'"), (Ids{}));
  EXPECT_EQ(Search("params.model ILIKE 'resnet%' AND start_time <= 200"), (Ids{"r2", "r1"}));
  EXPECT_EQ(Search("run_id IN ('r1', 'r3')"), (Ids{"r3", "r1"}));
  EXPECT_EQ(Search("run_id NOT IN ('r1', 'r3')"), (Ids{"r4", "r2"}));
  EXPECT_EQ(Search("datasets.name = 'train' AND dataset.context = 'fit'"), (Ids{"r2"}));
  EXPECT_EQ(Search("tags.nosuch IS NULL AND status = 'RUNNING'").size(), 4u);
  EXPECT_EQ(Search("params.nosuch != 'x'"), (Ids{}));
  EXPECT_EQ(Search("", {"metrics.rare ASC", "start_time ASC"}), (Ids{"r1", "r3", "r2", "r4"}));
  EXPECT_EQ(Search("", {"metrics.rare DESC", "start_time ASC"}), (Ids{"r1", "r3", "r2", "r4"}));
  EXPECT_EQ(Search("", {"tags.team ASC", "metrics.loss DESC"}), (Ids{"r2", "r4", "r1", "r3"}));
}

TEST_F(RunStoreTest, WritesNothingToDeletedRunsAndRestoresThem) {
  MakeRun("r1");
  const auto set_deleted = [&](bool is_deleted) {
    return Write(
        [&](Transaction& transaction) { return runs_.SetDeleted(transaction, "r1", is_deleted); });
  };
  EXPECT_TRUE(set_deleted(true).ok());
  EXPECT_EQ(Search(""), Ids{});
  const Status refused =
      Write([&](Transaction& transaction) { return runs_.GetActive(transaction, "r1").status(); });
  EXPECT_EQ(refused.text(), "The run r1 must be in the 'active' state. Current state is deleted.");
  EXPECT_TRUE(set_deleted(false).ok());
  EXPECT_EQ(Search(""), Ids{"r1"});
}

TEST_F(RunStoreTest, FollowsAJobThroughItsLife) {
  const JobRun job{"brave_crab_1", "exp", "my job", "ann", kNow, {{"team", "a"}, {"../", "bad"}}};
  const auto ensure = [&](Transaction& transaction) {
    return runs_.EnsureJobRun(transaction, job, ids_);
  };
  Do(ensure);
  Do(ensure);
  TheRun run = Load(job.job);
  EXPECT_EQ(run.info.status, RunStatus::kScheduled);
  EXPECT_EQ(run.info.name, "my job");
  EXPECT_EQ(*FindValue(run.tags, "team"), "a");
  Do([&](Transaction& transaction) { return runs_.StartJobRun(transaction, job.job, kNow); });
  EXPECT_EQ(Load(job.job).info.status, RunStatus::kRunning);
  Do([&](Transaction& transaction) {
    return runs_.Update(transaction, job.job, {RunStatus::kFinished, 7, std::nullopt}).status();
  });
  Do([&](Transaction& transaction) {
    return runs_.FinishJobRun(transaction, job.job, RunStatus::kFailed, kNow);
  });
  run = Load(job.job);
  EXPECT_EQ(run.info.status, RunStatus::kFailed);
  EXPECT_EQ(run.info.end_ms, ToMillis(kNow));
}

TEST_F(RunStoreTest, AJobWithTheNameOfADeletedOneGetsAFreshRun) {
  const JobRun job{"a", "exp", "", "ann", kNow, {}};
  const auto ensure = [&](Transaction& transaction) {
    return runs_.EnsureJobRun(transaction, job, ids_);
  };
  Do(ensure);
  Do([&](Transaction& transaction) {
    TRY(runs_.LogParams(transaction, "a", {{"p", "1"}}));
    return runs_.SetTags(transaction, "a", {{"t", "1"}});
  });
  EXPECT_TRUE(LogMetrics("a", {Point("m", 1, 0)}).ok());
  Do([&](Transaction& transaction) {
    TRY(runs_.FinishJobRun(transaction, "a", RunStatus::kFinished, kNow));
    return runs_.SetDeleted(transaction, "a", true);
  });
  Do(ensure);
  const TheRun run = Load("a");
  EXPECT_FALSE(run.info.is_deleted);
  EXPECT_EQ(run.info.status, RunStatus::kScheduled);
  EXPECT_FALSE(run.info.end_ms);
  EXPECT_TRUE(run.params.empty());
  EXPECT_TRUE(run.metrics.empty());
  EXPECT_EQ(FindValue(run.tags, "t"), nullptr);
  EXPECT_TRUE(LogMetrics("a", {Point("m", 2, 0)}).ok());
  EXPECT_EQ(Load("a").metrics.at(0).value, 2);
}

TEST_F(RunStoreTest, RestoresADeletedExperimentWithItsRunsForANewJob) {
  const ExperimentStore experiments;
  int64_t id = 0;
  Do([&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(id, experiments.GetOrCreate(transaction, "default", "exp", kNow));
    NewRun run;
    run.id = "r1";
    run.experiment = id;
    TRY(runs_.Create(transaction, run, ids_).status());
    return experiments.SetDeleted(transaction, id, true, kNow);
  });
  EXPECT_TRUE(Load("r1").info.is_deleted);
  const Status taken = Write([&](Transaction& transaction) {
    Experiment experiment;
    experiment.name = "exp";
    return experiments.Create(transaction, experiment, kNow).status();
  });
  EXPECT_EQ(taken.code(), Code::kConflict);
  Do([&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(const int64_t again,
                     experiments.GetOrCreate(transaction, "default", "exp", kNow));
    EXPECT_EQ(again, id);
    return {};
  });
  EXPECT_FALSE(Load("r1").info.is_deleted);
}

TEST_F(RunStoreTest, KeepsWhatIsMeasuredOnALoggedModelWithTheModel) {
  MakeRun("r1");
  LoggedModel model;
  Do([&](Transaction& transaction) -> Status {
    LoggedModel given;
    given.name = "m";
    given.source_run = "r1";
    given.params = {{"C", "1.0"}};
    ASSIGN_OR_RETURN(model, LoggedModelStore().Create(transaction, given, ids_, kNow));
    return {};
  });
  EXPECT_EQ(model.artifact_uri, "mlflow-artifacts:/0/models/" + model.id + "/artifacts");
  Metric metric = Point("acc", 0.5, 1);
  metric.model = model.id;
  metric.dataset_name = "train";
  metric.dataset_digest = "d1";
  Metric later = metric;
  later.step = 2;
  later.value = 0.7;
  EXPECT_TRUE(LogMetrics("r1", {metric, later}).ok());
  Do([&](Transaction& transaction) -> Status {
    const LoggedModelStore models;
    TRY(models.SetStatus(transaction, model.id, LoggedModelStatus::kReady, kNow));
    ASSIGN_OR_RETURN(model, models.Load(transaction, model.id));
    return {};
  });
  EXPECT_EQ(model.status, LoggedModelStatus::kReady);
  ASSERT_EQ(model.metrics.size(), 1u);
  EXPECT_EQ(model.metrics[0].value, 0.7);
  EXPECT_EQ(model.metrics[0].run, "r1");
  EXPECT_EQ(Load("r1").metrics[0].value, 0.7);
}

TEST(ArtifactPlace, LeadsFromAddressesToDatastoresAndBack) {
  const ArtifactPlace run = PlaceOfProxyPath("ExperimentRun/dcid.r1/model");
  EXPECT_EQ(run, (ArtifactPlace{"workspaceartifactstore", "ExperimentRun/dcid.r1/model"}));
  const ArtifactPlace other = PlaceOfProxyPath("datastores/workspaceblobstore/a/b");
  EXPECT_EQ(other, (ArtifactPlace{"workspaceblobstore", "a/b"}));
  EXPECT_EQ(ProxyPathOf(ProxyUri(run)), "ExperimentRun/dcid.r1/model");
  EXPECT_EQ(PlaceOfProxyPath(*ProxyPathOf(ProxyUri(other))), other);
  EXPECT_EQ(ProxyPathOf("mlflow-artifacts://host:1/a/b"), "a/b");
  EXPECT_EQ(ProxyPathOf("http://h:1/api/2.0/mlflow-artifacts/artifacts/a"), "a");
  EXPECT_EQ(ProxyPathOf("s3://bucket/a"), std::nullopt);
  EXPECT_EQ(RunOfProxyPath("ExperimentRun/dcid.r1/x/y"), "r1");
  EXPECT_EQ(RunOfProxyPath("0/models/m-1/artifacts"), "");
  EXPECT_EQ(ModelOfProxyPath("0/models/m-1/artifacts/MLmodel"), "m-1");
  EXPECT_EQ(ModelOfProxyPath("a/models/m-1"), "");
}

}  // namespace
}  // namespace lazurite
