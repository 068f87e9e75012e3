#include "domain/model/model_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "domain/job/job_store.h"
#include "domain/schema/database_test.h"
#include "domain/workspace/resource_id.h"

namespace lazurite {
namespace {

constexpr Time kNow = FromMillis(1'700'000'000'000);
const std::string kWorkspace =
    "azureml://subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/lazurite/"
    "workspaces/default/datastores/";

class ModelStoreTest : public DatabaseTest {
 protected:
  void AddVersions(const std::string& name, int count) {
    Do([&](Transaction& transaction) -> Status {
      RegisteredModel model;
      model.name = name;
      TRY(models_.Create(transaction, model, kNow).status());
      for (int i = 0; i < count; ++i) {
        ModelVersion version;
        version.name = name;
        version.source = version.model_uri = "s3://bucket/" + std::to_string(i);
        TRY(models_.CreateVersion(transaction, version, kNow).status());
      }
      return {};
    });
  }

  const ModelStore models_{kDefaultWorkspace};
  const AssetStore assets_{kDefaultWorkspace};
};

TEST_F(ModelStoreTest, KeepsAliasesWhereAzuresLabelsAre) {
  AddVersions("m", 2);
  Do([&](Transaction& transaction) -> Status {
    TRY(models_.SetAlias(transaction, "m", {"prod", "1"}, kNow));
    ASSIGN_OR_RETURN(const AssetVersion found,
                     assets_.FindByLabel(transaction, AssetKind::kModel, "m", "prod"));
    EXPECT_EQ(found.version, "1");
    ASSIGN_OR_RETURN(const ModelVersion version, models_.GetByAlias(transaction, "m", "prod"));
    EXPECT_EQ(version.aliases, std::vector<std::string>{"prod"});
    TRY(models_.DeleteAlias(transaction, "m", "prod", kNow));
    EXPECT_EQ(models_.GetByAlias(transaction, "m", "prod").status().code(), Code::kInvalidArgument);
    return {};
  });
  const Status missing = Write([&](Transaction& transaction) {
    return models_.SetAlias(transaction, "m", {"prod", "9"}, kNow);
  });
  EXPECT_EQ(missing.code(), Code::kNotFound);
}

TEST_F(ModelStoreTest, NeverGivesANumberTwice) {
  AddVersions("m", 2);
  Do([&](Transaction& transaction) -> Status {
    TRY(models_.DeleteVersion(transaction, "m", "1", kNow));
    TRY(models_.DeleteVersion(transaction, "m", "2", kNow));
    ModelVersion version;
    version.name = "m";
    version.source = "s3://bucket/x";
    ASSIGN_OR_RETURN(const ModelVersion made, models_.CreateVersion(transaction, version, kNow));
    EXPECT_EQ(made.version, "3");
    return {};
  });
}

TEST_F(ModelStoreTest, FindsTheNewestOfEachStage) {
  AddVersions("m", 3);
  Do([&](Transaction& transaction) -> Status {
    ASSIGN_OR_RETURN(const ModelVersion first, models_.GetVersion(transaction, "m", "1"));
    TRY(models_.SetStage(transaction, first, "staging", false, kNow).status());
    ASSIGN_OR_RETURN(const auto latest, models_.Latest(transaction, "m", {}));
    EXPECT_EQ(latest.size(), 2u);
    ASSIGN_OR_RETURN(const auto staged, models_.Latest(transaction, "m", {"Staging"}));
    EXPECT_EQ(staged.size(), 1u);
    EXPECT_EQ(models_.Latest(transaction, "m", {"none such"}).status().code(),
              Code::kInvalidArgument);
    const Status refused = models_.SetStage(transaction, first, "None", true, kNow).status();
    EXPECT_EQ(refused.code(), Code::kInvalidArgument);
    return {};
  });
}

TEST_F(ModelStoreTest, RefusesNamesThatPathsCannotHave) {
  for (const std::string& name :
       {std::string(), std::string(" "), std::string("a/b"), std::string("a:b"), std::string(".."),
        std::string("."), std::string("a\0b", 3), std::string("a\nb"), std::string("a\x7f"),
        std::string(256, 'a')}) {
    const Status status = Write([&](Transaction& transaction) {
      RegisteredModel model;
      model.name = name;
      return models_.Create(transaction, model, kNow).status();
    });
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << name;
  }
}

TEST(ModelUri, LeadsFromAzuresAddressesToTheArtifactProxyAndBack) {
  const std::string artifacts = kWorkspace + "workspaceartifactstore/paths/ExperimentRun/dcid.a/m";
  EXPECT_EQ(DownloadUri(artifacts), "mlflow-artifacts:/ExperimentRun/dcid.a/m");
  EXPECT_EQ(DownloadUri(ModelUriOf("default", "mlflow-artifacts:/ExperimentRun/dcid.a/m")),
            "mlflow-artifacts:/ExperimentRun/dcid.a/m");
  EXPECT_EQ(DownloadUri("azureml://datastores/workspaceblobstore/paths/x"),
            "mlflow-artifacts:/datastores/workspaceblobstore/x");
  EXPECT_EQ(DownloadUri("azureml://jobs/a/outputs/artifacts/paths/m"),
            "mlflow-artifacts:/ExperimentRun/dcid.a/m");
  EXPECT_EQ(DownloadUri("s3://bucket/x"), "s3://bucket/x");
  EXPECT_EQ(ModelUriOf("default", "s3://bucket/x"), "s3://bucket/x");
}

TEST_F(ModelStoreTest, AVersionTellsWhatDataItsJobRead) {
  Do([&](Transaction& transaction) -> Status {
    Job job;
    job.name = "brave_plum_1";
    Json input = Json::MakeObject();
    input["name"] = "data";
    input["asset"] = VersionId(Scope(), "data", "clothes", "3");
    job.detail["inputs"].Push(std::move(input));
    TRY(JobStore().Insert(transaction, job));
    RegisteredModel model;
    model.name = "m";
    TRY(models_.Create(transaction, model, kNow).status());
    ModelVersion version;
    version.name = "m";
    version.run = job.name;
    version.source = version.model_uri = "azureml://datastores/workspaceblobstore/paths/m";
    TRY(models_.CreateVersion(transaction, version, kNow).status());
    ASSIGN_OR_RETURN(const auto asset, assets_.Find(transaction, AssetKind::kModel, "m", "1"));
    EXPECT_EQ(asset->properties.At("properties.lazurite_data")->string(), "azureml:clothes:3");
    return {};
  });
}

}  // namespace
}  // namespace lazurite
