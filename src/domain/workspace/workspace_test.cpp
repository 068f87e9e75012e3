#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "domain/schema/database_test.h"
#include "domain/workspace/resource_id.h"
#include "domain/workspace/resource_store.h"

namespace lazurite {
namespace {

const std::string kWorkspaceArm =
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/w";
const std::string kWorkspaceUri = "azureml://subscriptions/s/resourcegroups/rg/workspaces/w";

TEST(ResourceIds, AreAzures) {
  const Scope scope{"s", "rg", "w"};
  EXPECT_EQ(WorkspaceId(scope), kWorkspaceArm);
  EXPECT_EQ(ResourceId(scope, "jobs", "j"), kWorkspaceArm + "/jobs/j");
  EXPECT_EQ(VersionId(scope, "data", "d", "1"), kWorkspaceArm + "/data/d/versions/1");
  EXPECT_EQ(DatastoreUri(scope, "store", "a/b"), kWorkspaceUri + "/datastores/store/paths/a/b");
}

struct ReferenceCase {
  std::string text;
  AssetReference expected;
};

TEST(AssetReference, IsReadInEveryForm) {
  const std::vector<ReferenceCase> cases = {
      {"name:1", {"", "", "name", "1", ""}},
      {"azureml:name:1", {"", "", "name", "1", ""}},
      {"AzureML:name:1.0.2-beta", {"", "", "name", "1.0.2-beta", ""}},
      {"azureml:name@latest", {"", "", "name", "", "latest"}},
      {"azureml:name@prod", {"", "", "name", "", "prod"}},
      {"azureml:name:latest", {"", "", "name", "", "latest"}},
      {"azureml:cpu-cluster", {"", "", "cpu-cluster", "", ""}},
      {"  local ", {"", "", "local", "", ""}},
      {"azureml:AzureML-sklearn-1.5@latest", {"", "", "AzureML-sklearn-1.5", "", "latest"}},
      {kWorkspaceArm + "/data/d/versions/3", {"data", "", "d", "3", ""}},
      {"azureml:" + kWorkspaceArm + "/Environments/e/labels/latest",
       {"environments", "", "e", "", "latest"}},
      {kWorkspaceArm + "/computes/c", {"computes", "", "c", "", ""}},
      {"/SUBSCRIPTIONS/s/RESOURCEGROUPS/rg/PROVIDERS/microsoft.machinelearningservices/WORKSPACES/"
       "w/"
       "MODELS/m/VERSIONS/2",
       {"models", "", "m", "2", ""}},
      {"azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
       {"environments", "azureml", "sklearn-1.5", "", "latest"}},
      {"azureml://registries/azureml/environments/eval/versions/24",
       {"environments", "azureml", "eval", "24", ""}},
      {"azureml://registries/r/models/m", {"models", "r", "m", "", ""}},
      {"azureml://locations/here/workspaces/guid/data/d/versions/1", {"data", "", "d", "1", ""}},
      {kWorkspaceUri + "/data/d/versions/1", {"data", "", "d", "1", ""}},
  };
  for (const ReferenceCase& row : cases) {
    const auto parsed = ParseAssetReference(row.text);
    ASSERT_TRUE(parsed.ok()) << parsed.status().text();
    EXPECT_EQ(parsed->collection, row.expected.collection) << row.text;
    EXPECT_EQ(parsed->registry, row.expected.registry) << row.text;
    EXPECT_EQ(parsed->name, row.expected.name) << row.text;
    EXPECT_EQ(parsed->version, row.expected.version) << row.text;
    EXPECT_EQ(parsed->label, row.expected.label) << row.text;
  }
}

TEST(AssetReference, AnArmIdNamesItsWorkspace) {
  const auto named = ParseAssetReference(kWorkspaceUri + "/data/d/versions/1");
  EXPECT_FALSE(named->workspace.empty());
  EXPECT_NE(kWorkspaceUri.find("/workspaces/" + named->workspace), std::string::npos);
  // Where a guid stands instead of the name.
  EXPECT_EQ(
      ParseAssetReference("azureml://locations/here/workspaces/guid/data/d/versions/1")->workspace,
      "");
  EXPECT_EQ(ParseAssetReference("azureml:d:1")->workspace, "");
}

TEST(AssetReference, RefusesWhatNamesNoAsset) {
  for (const std::string text : {"",
                                 " ",
                                 "azureml:",
                                 ":1",
                                 "name:",
                                 "name@",
                                 "a:b:c",
                                 "a@b@c",
                                 "a:1@b",
                                 "./folder",
                                 "a/b",
                                 "/subscriptions/s",
                                 "/home/me/data",
                                 "azureml://",
                                 "azureml://registries/r",
                                 "azureml://registries/r/environments/e/versions",
                                 "azureml://registries/r/nonsense/e",
                                 "azureml://registries/r/environments/e/versions/1/more",
                                 "${{inputs.x}}",
                                 "a\nb"}) {
    const auto parsed = ParseAssetReference(text);
    EXPECT_EQ(parsed.status().code(), Code::kInvalidArgument) << text;
  }
}

struct UriCase {
  std::string text;
  DataUri::Kind kind;
  std::string store_or_job, path, output;
};

TEST(DataUri, IsReadInEveryForm) {
  using Kind = DataUri::Kind;
  const std::vector<UriCase> cases = {
      {"azureml://datastores/d/paths/a/b.csv", Kind::kDatastore, "d", "a/b.csv", ""},
      {"azureml://datastores/d/paths/a/b/", Kind::kDatastore, "d", "a/b", ""},
      {"azureml://datastores/d/paths/", Kind::kDatastore, "d", "", ""},
      {"azureml://datastores/d", Kind::kDatastore, "d", "", ""},
      {"AZUREML://DATASTORES/d/PATHS/A b", Kind::kDatastore, "d", "A b", ""},
      {kWorkspaceUri + "/datastores/d/paths/a", Kind::kDatastore, "d", "a", ""},
      {kWorkspaceArm + "/datastores/d/paths/a", Kind::kDatastore, "d", "a", ""},
      {"azureml://datastores/d/paths/../x", Kind::kDatastore, "d", "../x", ""},
      {"azureml://jobs/j/outputs/o", Kind::kJobOutput, "j", "", "o"},
      {"azureml://jobs/j/outputs/artifacts/paths/model/", Kind::kJobOutput, "j", "model",
       "artifacts"},
      {kWorkspaceUri + "/jobs/j/outputs/o/paths/a/b", Kind::kJobOutput, "j", "a/b", "o"},
      {"runs:/r/model/MLmodel", Kind::kRun, "r", "model/MLmodel", ""},
      {"runs:/r", Kind::kRun, "r", "", ""},
      {"file:///data/a%20b", Kind::kLocal, "", "/data/a b", ""},
      {"file://localhost/data", Kind::kLocal, "", "/data", ""},
      {"/data/a", Kind::kLocal, "", "/data/a", ""},
      {"https://host/x", Kind::kRemote, "", "", ""},
      {"wasbs://c@a.blob.core.windows.net/x", Kind::kRemote, "", "", ""},
      {"azureml:wasbs://c@a.blob.core.windows.net/x", Kind::kRemote, "", "", ""},
      {"s3://bucket/x", Kind::kRemote, "", "", ""},
  };
  for (const UriCase& row : cases) {
    const auto uri = ParseDataUri(row.text);
    ASSERT_TRUE(uri.ok()) << uri.status().text();
    EXPECT_EQ(uri->kind, row.kind) << row.text;
    EXPECT_EQ(uri->text, row.text);
    EXPECT_EQ(uri->datastore + uri->job, row.store_or_job) << row.text;
    EXPECT_EQ(uri->path, row.path) << row.text;
    EXPECT_EQ(uri->output, row.output) << row.text;
  }
}

TEST(DataUri, MayNameAnAsset) {
  for (const std::string text :
       {"azureml:d:1", "d:1", "azureml://locations/l/workspaces/w/data/d/versions/1"}) {
    const auto uri = ParseDataUri(text);
    ASSERT_TRUE(uri.ok()) << uri.status().text();
    EXPECT_EQ(uri->kind, DataUri::Kind::kAsset);
    EXPECT_EQ(uri->asset.name, "d");
    EXPECT_EQ(uri->asset.version, "1");
  }
  const auto model = ParseDataUri("models:/m@champion");
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(model->asset.collection, "models");
  EXPECT_EQ(model->asset.label, "champion");
  EXPECT_EQ(ParseDataUri("models:/m/latest")->asset.label, "latest");
  EXPECT_EQ(ParseDataUri("models:/m/3")->asset.version, "3");
}

TEST(DataUri, RefusesWhatIsNoPlace) {
  for (const std::string text :
       {"", "data.csv", "./data", "azureml://", "azureml://datastores", "azureml://datastores/d/x",
        "azureml://jobs/j", "azureml://jobs/j/outputs", "azureml://jobs/j/outputs/o/x", "runs:/",
        "file://host/x", "file:///%zz", "file:relative", "models:/m", "models:/m/1/2",
        "azureml://nonsense/x", "a:b:c"}) {
    const auto uri = ParseDataUri(text);
    EXPECT_EQ(uri.status().code(), Code::kInvalidArgument) << text;
  }
}

class ResourceStoreTest : public DatabaseTest {
 protected:
  static Resource Compute(const std::string& name, int size) {
    Resource compute;
    compute.kind = ResourceKind::kCompute;
    compute.name = name;
    compute.created_by = "me";
    compute.envelope["location"] = "here";
    compute.properties["size"] = size;
    return compute;
  }

  ResourceStore store_;
};

TEST_F(ResourceStoreTest, ReplacingKeepsWhoMadeItAndHowItIsWritten) {
  Do([&](Transaction& transaction) {
    ASSIGN_OR_RETURN(const bool is_new,
                     store_.Put(transaction, Compute("CPU-Cluster", 1), FromMillis(1000)));
    EXPECT_TRUE(is_new);
    Resource again = Compute("cpu-cluster", 2);
    again.created_by = "you";
    ASSIGN_OR_RETURN(const bool is_new_again, store_.Put(transaction, again, FromMillis(2000)));
    EXPECT_FALSE(is_new_again);
    ASSIGN_OR_RETURN(const auto found,
                     store_.Find(transaction, ResourceKind::kCompute, "Default", "CPU-CLUSTER"));
    EXPECT_TRUE(found.has_value());
    EXPECT_EQ(found->name, "CPU-Cluster");
    EXPECT_EQ(found->properties.GetInt("size"), 2);
    EXPECT_EQ(found->envelope.GetString("location"), "here");
    EXPECT_EQ(found->created_by, "me");
    EXPECT_EQ(ToMillis(found->created), 1000);
    EXPECT_EQ(ToMillis(found->modified), 2000);
    return Status();
  });
}

TEST_F(ResourceStoreTest, WorkspacesLieInThemselves) {
  Do([&](Transaction& transaction) {
    for (const char* name : {"b", "a"}) {
      Resource workspace;
      workspace.kind = ResourceKind::kWorkspace;
      workspace.name = name;
      TRY(store_.Put(transaction, workspace, Time()).status());
    }
    Resource elsewhere = Compute("c", 1);
    elsewhere.workspace = "b";
    TRY(store_.Put(transaction, elsewhere, Time()).status());
    ASSIGN_OR_RETURN(const auto workspaces,
                     store_.List(transaction, ResourceKind::kWorkspace, "whatever"));
    EXPECT_EQ(workspaces.size(), 2U);
    EXPECT_EQ(workspaces[0].name, "a");
    EXPECT_EQ(workspaces[0].workspace, "a");
    ASSIGN_OR_RETURN(const auto computes, store_.List(transaction, ResourceKind::kCompute, "a"));
    EXPECT_TRUE(computes.empty());
    return Status();
  });
}

TEST_F(ResourceStoreTest, WhatIsDeletedIsGone) {
  Do([&](Transaction& transaction) {
    TRY(store_.Put(transaction, Compute("c", 1), Time()).status());
    ASSIGN_OR_RETURN(const bool first,
                     store_.Delete(transaction, ResourceKind::kCompute, "default", "C"));
    ASSIGN_OR_RETURN(const bool second,
                     store_.Delete(transaction, ResourceKind::kCompute, "default", "c"));
    EXPECT_TRUE(first);
    EXPECT_FALSE(second);
    return Status();
  });
}

}  // namespace
}  // namespace lazurite
