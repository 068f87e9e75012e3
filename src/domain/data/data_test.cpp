#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "domain/asset/asset_store.h"
#include "domain/data/data_resolver.h"
#include "domain/job/job_store.h"
#include "domain/schema/database_test.h"
#include "domain/workspace/resource_store.h"

namespace lazurite {
namespace {

const std::string kLong =
    "azureml://subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/lazurite/"
    "workspaces/default/datastores/";

class DataTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    auto blobs = BlobStore::Open(folder_ + "/stores");
    ASSERT_TRUE(blobs.ok());
    blobs_ = std::move(*blobs);
    blob_folder_ = blobs_->root() + "/workspaceblobstore";
    artifact_folder_ = blobs_->root() + "/workspaceartifactstore";
  }
  void AddAsset(AssetKind kind, const std::string& name, const std::string& uri) {
    Do([&](Transaction& transaction) {
      AssetVersion version;
      version.kind = kind;
      version.name = name;
      const bool is_model = kind == AssetKind::kModel;
      version.properties[is_model ? "modelUri" : "dataUri"] = uri;
      version.properties[is_model ? "modelType" : "dataType"] =
          is_model ? "custom_model" : "uri_folder";
      return AssetStore(kDefaultWorkspace).Insert(transaction, version, FromMillis(1));
    });
  }
  void AddJob() {
    Do([&](Transaction& transaction) {
      Job job;
      job.name = "j";
      job.properties.Set("outputs.given.uri", kLong + "workspaceblobstore/paths/given");
      job.properties.Set("outputs.open", nullptr);
      job.properties.Set("outputs.placed", nullptr);
      Json placed = Json::MakeObject();
      placed["name"] = "placed";
      placed["uri"] = "azureml://datastores/workspaceblobstore/paths/here/";
      job.detail["outputs"].Push(std::move(placed));
      return JobStore().Insert(transaction, job);
    });
  }
  Result<ResolvedData> Resolve(const std::string& uri, RemoteData remote = RemoteData::kRefused) {
    ResolvedData resolved;
    TRY(database_->ReadNow([&](Transaction& transaction) {
      ASSIGN_OR_RETURN(resolved, DataResolver(*blobs_, Scope()).Resolve(transaction, uri, remote));
      return Status();
    }));
    return resolved;
  }
  void ExpectPlace(const std::string& uri, const std::string& path, const std::string& long_uri) {
    const auto resolved = Resolve(uri);
    ASSERT_TRUE(resolved.ok()) << resolved.status().text();
    EXPECT_EQ(resolved->path, path) << uri;
    EXPECT_EQ(resolved->uri, long_uri) << uri;
  }

  std::string blob_folder_, artifact_folder_;
  std::unique_ptr<BlobStore> blobs_;
};

TEST_F(DataTest, DatastoresAreFolders) {
  ExpectPlace("azureml://datastores/workspaceblobstore/paths/a/b/", blob_folder_ + "/a/b",
              kLong + "workspaceblobstore/paths/a/b");
  ExpectPlace("azureml://datastores/WorkspaceBlobStore/paths/a", blob_folder_ + "/a",
              kLong + "workspaceblobstore/paths/a");
  ExpectPlace("azureml://datastores/workspaceblobstore", blob_folder_,
              kLong + "workspaceblobstore/paths/");
  ExpectPlace("runs:/r/model", artifact_folder_ + "/ExperimentRun/dcid.r/model",
              kLong + "workspaceartifactstore/paths/ExperimentRun/dcid.r/model");
}

TEST_F(DataTest, PathsOfThisMachineAreTaken) {
  ExpectPlace("/data/../data/x", "/data/x", "file:///data/x");
  ExpectPlace("file:///data/a%20b", "/data/a b", "file:///data/a%20b");
}

TEST_F(DataTest, NothingLeavesItsDatastore) {
  AddJob();
  for (const std::string uri : {"azureml://datastores/workspaceblobstore/paths/../x",
                                "azureml://datastores/workspaceblobstore/paths/a/../../../x",
                                "runs:/r/../../x", "azureml://jobs/j/outputs/given/paths/../../x",
                                "azureml://jobs/j/outputs/artifacts/paths/../../../x"}) {
    EXPECT_EQ(Resolve(uri).status().code(), Code::kInvalidArgument) << uri;
  }
}

TEST_F(DataTest, JobsAreGivenNothingOfTheHomeButDatastores) {
  const std::string home = DirName(blobs_->root());
  const auto check = [&](const std::string& uri, DataAccess access) {
    const auto resolved = Resolve(uri);
    return resolved.ok() ? CheckJobPlace(*blobs_, *resolved, access).code()
                         : resolved.status().code();
  };
  const std::string link = blob_folder_ + "/link";
  ASSERT_TRUE(MakeDirs(blob_folder_).ok());
  ASSERT_EQ(symlink(home.c_str(), link.c_str()), 0);
  for (const std::string& path : {home + "/tokens/owner", home, DirName(home), std::string("/"),
                                  "file://" + home + "/keys", link + "/tokens/owner"}) {
    EXPECT_EQ(check(path, DataAccess::kRead), Code::kPermissionDenied) << path;
  }
  EXPECT_EQ(check(blob_folder_ + "/a", DataAccess::kWrite), Code::kOk);
  EXPECT_EQ(check("/usr/share", DataAccess::kRead), Code::kOk);
}

TEST_F(DataTest, JobsReadUploadsAndDoNotWriteThem) {
  for (const std::string path : {"LocalUpload/abc/x", "LocalUpload", ""}) {
    const auto place = Resolve("azureml://datastores/workspaceblobstore/paths/" + path);
    ASSERT_TRUE(place.ok()) << place.status().text();
    EXPECT_TRUE(CheckJobPlace(*blobs_, *place, DataAccess::kRead).ok()) << path;
    EXPECT_EQ(CheckJobPlace(*blobs_, *place, DataAccess::kWrite).code(), Code::kPermissionDenied)
        << path;
  }
  const auto other = Resolve("azureml://datastores/workspaceblobstore/paths/LocalUploads/a");
  EXPECT_TRUE(CheckJobPlace(*blobs_, *other, DataAccess::kWrite).ok());
}

TEST_F(DataTest, UnknownThingsAreNamed) {
  const Status datastore = Resolve("azureml://datastores/mine/paths/a").status();
  EXPECT_EQ(datastore.code(), Code::kNotFound);
  EXPECT_NE(datastore.text().find("\"mine\""), std::string::npos);
  EXPECT_NE(datastore.text().find("workspaceblobstore"), std::string::npos);
  EXPECT_EQ(Resolve("azureml:d:1").status().code(), Code::kNotFound);
  EXPECT_EQ(Resolve("azureml://jobs/j/outputs/o").status().code(), Code::kNotFound);
  AddJob();
  const Status output = Resolve("azureml://jobs/j/outputs/o").status();
  EXPECT_EQ(output.code(), Code::kNotFound);
  EXPECT_NE(output.text().find("placed"), std::string::npos) << output.text();
}

TEST_F(DataTest, PlacesOfOtherServicesAreRefused) {
  Do([](Transaction& transaction) {
    Resource datastore;
    datastore.name = "lake";
    datastore.properties["datastoreType"] = "AzureDataLakeGen2";
    return ResourceStore().Put(transaction, datastore, FromMillis(1)).status();
  });
  const Status status = Resolve("azureml://datastores/Lake/paths/a").status();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_NE(status.text().find("AzureDataLakeGen2"), std::string::npos);
  EXPECT_EQ(Resolve("https://host/x").status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(Resolve("s3://bucket/x", RemoteData::kGiven).status().code(),
            Code::kFailedPrecondition);
}

TEST_F(DataTest, AddressesOfWebServersAreGivenToThoseWhoAskForThem) {
  AddAsset(AssetKind::kData, "web", "https://host/x.csv");
  for (const std::string& uri : {std::string("azureml:web:1"), std::string("https://host/x.csv")}) {
    const auto resolved = Resolve(uri, RemoteData::kGiven);
    ASSERT_TRUE(resolved.ok()) << resolved.status().text();
    EXPECT_EQ(resolved->uri, "https://host/x.csv");
    EXPECT_EQ(resolved->path, "");
  }
}

TEST_F(DataTest, APlaceIsKnownByWhatRegisteredItFirst) {
  AddAsset(AssetKind::kData, "own", "file:///data/x");
  AddAsset(AssetKind::kData, "other", "azureml:own:1");
  const auto resolved = Resolve("azureml:other:1");
  ASSERT_TRUE(resolved.ok()) << resolved.status().text();
  EXPECT_EQ(resolved->asset, VersionId(Scope(), "data", "other", "1"));
  EXPECT_EQ(resolved->registered, VersionId(Scope(), "data", "own", "1"));
  EXPECT_EQ(Resolve("file:///data/x")->registered, "");
}

TEST_F(DataTest, OutputsOfJobsAreFound) {
  AddJob();
  ExpectPlace("azureml://jobs/j/outputs/given/paths/a", blob_folder_ + "/given/a",
              kLong + "workspaceblobstore/paths/given/a");
  ExpectPlace("azureml://jobs/j/outputs/open", blob_folder_ + "/azureml/j/open",
              kLong + "workspaceblobstore/paths/azureml/j/open");
  ExpectPlace("azureml://jobs/j/outputs/placed/paths/x", blob_folder_ + "/here/x",
              kLong + "workspaceblobstore/paths/here/x");
  for (const std::string name : {"artifacts", "default"}) {
    ExpectPlace("azureml://jobs/j/outputs/" + name + "/paths/model",
                artifact_folder_ + "/ExperimentRun/dcid.j/model",
                kLong + "workspaceartifactstore/paths/ExperimentRun/dcid.j/model");
  }
}

TEST_F(DataTest, AssetsLeadToTheirContent) {
  AddAsset(AssetKind::kData, "d", "azureml://datastores/workspaceblobstore/paths/d");
  AddAsset(AssetKind::kModel, "m", "runs:/r/model");
  const auto data = Resolve("azureml:d@latest");
  ASSERT_TRUE(data.ok()) << data.status().text();
  EXPECT_EQ(data->path, blob_folder_ + "/d");
  EXPECT_EQ(data->type, "uri_folder");
  EXPECT_EQ(data->asset, VersionId(Scope(), "data", "d", "1"));
  for (const std::string& uri : {std::string("azureml:m:1"), std::string("models:/m/1"),
                                 VersionId(Scope(), "models", "m", "1")}) {
    const auto model = Resolve(uri);
    ASSERT_TRUE(model.ok()) << model.status().text();
    EXPECT_EQ(model->path, artifact_folder_ + "/ExperimentRun/dcid.r/model");
    EXPECT_EQ(model->type, "custom_model");
    EXPECT_EQ(model->asset, VersionId(Scope(), "models", "m", "1"));
  }
  EXPECT_EQ(Resolve(VersionId(Scope(), "environments", "e", "1")).status().code(),
            Code::kInvalidArgument);
}

TEST_F(DataTest, ARingOfAssetsEnds) {
  AddAsset(AssetKind::kData, "a", "azureml:b:1");
  AddAsset(AssetKind::kData, "b", "azureml:a:1");
  EXPECT_EQ(Resolve("azureml:a:1").status().code(), Code::kFailedPrecondition);
}

}  // namespace
}  // namespace lazurite
