#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

#include "base/file.h"
#include "domain/asset/asset_store.h"
#include "domain/schema/database_test.h"

namespace lazurite {
namespace {

const Time kNow = FromMillis(1'700'000'000'000);
constexpr AssetKind kData = AssetKind::kData;

class AssetTest : public DatabaseTest {
 protected:
  static AssetVersion Version(const std::string& name, const std::string& version) {
    AssetVersion asset;
    asset.name = name;
    asset.version = version;
    asset.created_by = "me";
    asset.properties["dataUri"] = "azureml://datastores/workspaceblobstore/paths/x";
    return asset;
  }
  Result<std::string> Add(Transaction& transaction, AssetVersion version) {
    TRY(store_.Insert(transaction, version, kNow));
    return version.version;
  }
  static AssetQuery Query(const std::string& name = "") {
    AssetQuery query;
    query.name = name;
    return query;
  }

  AssetStore store_{"default"};
  AssetStore other_{"other"};
};

TEST_F(AssetTest, AVersionComesBackAsItWas) {
  Do([&](Transaction& transaction) {
    AssetVersion version = Version("d", "7");
    version.hash = "abc";
    version.is_anonymous = true;
    TRY(store_.Insert(transaction, version, kNow));
    ASSIGN_OR_RETURN(const auto found, store_.Find(transaction, kData, "d", "7"));
    EXPECT_TRUE(found.has_value());
    EXPECT_EQ(found->properties, version.properties);
    EXPECT_EQ(found->hash, "abc");
    EXPECT_EQ(found->created_by, "me");
    EXPECT_EQ(found->created, kNow);
    EXPECT_TRUE(found->is_anonymous);
    EXPECT_EQ(found->sequence, version.sequence);
    ASSIGN_OR_RETURN(const auto other_kind, store_.Find(transaction, AssetKind::kModel, "d", "7"));
    EXPECT_FALSE(other_kind.has_value());
    return Status();
  });
}

TEST_F(AssetTest, AnEmptyVersionBecomesTheNextInteger) {
  Do([&](Transaction& transaction) {
    std::vector<std::string> made;
    for (const char* version : {"", "", "9", "", "1.5-beta", "", "007", ""}) {
      ASSIGN_OR_RETURN(const std::string got, Add(transaction, Version("d", version)));
      made.push_back(got);
    }
    EXPECT_EQ(made, (std::vector<std::string>{"1", "2", "9", "10", "1.5-beta", "11", "007", "12"}));
    ASSIGN_OR_RETURN(const auto container, store_.FindContainer(transaction, kData, "d"));
    EXPECT_EQ(container->latest_version, "12");
    EXPECT_EQ(container->next_version, "13");
    return Status();
  });
}

TEST_F(AssetTest, AVersionIsMadeOnce) {
  Do([&](Transaction& transaction) {
    TRY(Add(transaction, Version("d", "1")).status());
    EXPECT_EQ(Add(transaction, Version("d", "1")).status().code(), Code::kConflict);
    AssetVersion huge = Version("d", "99999999999999999999999");
    TRY(Add(transaction, huge).status());
    ASSIGN_OR_RETURN(const std::string next, Add(transaction, Version("d", "")));
    EXPECT_EQ(next, "2");
    return Status();
  });
}

TEST_F(AssetTest, EveryChangeIsRecorded) {
  Do([&](Transaction& transaction) {
    AssetVersion version = Version("d", "");
    TRY(store_.Insert(transaction, version, kNow));
    TRY(store_.Save(transaction, version, kNow));
    TRY(store_.DeleteVersion(transaction, kData, "d", "1"));
    TRY(store_.DeleteContainer(transaction, kData, "d"));
    ASSIGN_OR_RETURN(Statement * select,
                     transaction.Prepare("SELECT kind || ' ' || object FROM changes ORDER BY seq"));
    std::string all;
    while (true) {
      ASSIGN_OR_RETURN(const bool more, select->Step());
      if (!more) break;
      all += select->Text(0) + "\n";
    }
    EXPECT_EQ(all, "data d:1\ndata d:1\ndata d:1\ndata d\n");
    return Status();
  });
}

TEST_F(AssetTest, LabelsFindVersions) {
  Do([&](Transaction& transaction) {
    for (int i = 0; i < 3; ++i) TRY(Add(transaction, Version("d", "")).status());
    ASSIGN_OR_RETURN(auto container, store_.FindContainer(transaction, kData, "d"));
    container->properties.Set("labels", Json::MakeObject());
    container->properties["labels"]["prod"] = "1";
    TRY(store_.SaveContainer(transaction, *container, kNow));
    ASSIGN_OR_RETURN(const auto prod, store_.FindByLabel(transaction, kData, "d", "prod"));
    EXPECT_EQ(prod.version, "1");
    ASSIGN_OR_RETURN(auto latest, store_.FindByLabel(transaction, kData, "d", "latest"));
    EXPECT_EQ(latest.version, "3");
    latest.is_archived = true;
    TRY(store_.Save(transaction, latest, kNow));
    ASSIGN_OR_RETURN(latest, store_.FindByLabel(transaction, kData, "d", "Latest"));
    EXPECT_EQ(latest.version, "2");
    const Status unknown = store_.FindByLabel(transaction, kData, "d", "test").status();
    EXPECT_EQ(unknown.code(), Code::kNotFound);
    EXPECT_NE(unknown.text().find("prod"), std::string::npos) << unknown.text();
    EXPECT_EQ(store_.FindByLabel(transaction, kData, "e", "latest").status().code(),
              Code::kNotFound);
    return Status();
  });
}

TEST_F(AssetTest, ReferencesAreResolved) {
  Do([&](Transaction& transaction) {
    TRY(Add(transaction, Version("d", "")).status());
    TRY(Add(transaction, Version("d", "")).status());
    const std::string arm =
        "/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/"
        "default/data/d/versions/1";
    for (const auto& [reference, version] :
         std::vector<std::pair<std::string, std::string>>{{"azureml:d:1", "1"},
                                                          {"d@latest", "2"},
                                                          {"azureml:d", "2"},
                                                          {arm, "1"},
                                                          {"azureml:" + arm, "1"}}) {
      ASSIGN_OR_RETURN(const auto found, store_.Resolve(transaction, kData, reference));
      EXPECT_EQ(found.version, version) << reference;
    }
    EXPECT_EQ(store_.Resolve(transaction, AssetKind::kModel, arm).status().code(),
              Code::kInvalidArgument);
    const Status no_version = store_.Resolve(transaction, kData, "d:5").status();
    EXPECT_EQ(no_version.text(), "data \"d\" has no version \"5\"");
    const Status no_name = store_.Resolve(transaction, kData, "x:5").status();
    EXPECT_EQ(no_name.text(), "no data is called \"x\"");
    EXPECT_EQ(store_
                  .Resolve(transaction, AssetKind::kEnvironment,
                           "azureml://registries/azureml/environments/e/versions/1")
                  .status()
                  .code(),
              Code::kNotFound);
    return Status();
  });
}

TEST_F(AssetTest, ListsFollowTheQuery) {
  Do([&](Transaction& transaction) {
    for (int i = 0; i < 5; ++i) TRY(Add(transaction, Version("d", "")).status());
    AssetVersion archived = Version("d", "");
    archived.is_archived = true;
    archived.hash = "h";
    TRY(Add(transaction, archived).status());
    AssetVersion anonymous = Version("made-up", "1");
    anonymous.is_anonymous = true;
    anonymous.hash = "h";
    TRY(Add(transaction, anonymous).status());
    const auto versions = [&](const AssetQuery& query) {
      std::string all;
      const auto found = store_.ListVersions(transaction, query);
      EXPECT_TRUE(found.ok()) << found.status().text();
      for (const auto& version : *found) all += version.version + " ";
      return all;
    };
    AssetQuery query = Query("d");
    EXPECT_EQ(versions(query), "5 4 3 2 1 ");
    query.archived_too = true;
    EXPECT_EQ(versions(query), "6 5 4 3 2 1 ");
    query.only_archived = true;
    EXPECT_EQ(versions(query), "6 ");
    query = Query("d");
    query.limit = 2;
    EXPECT_EQ(versions(query), "5 4 ");
    query.before_sequence = 4;
    EXPECT_EQ(versions(query), "3 2 ");
    query = Query();
    query.hash = "h";
    query.anonymous_too = query.archived_too = true;
    EXPECT_EQ(versions(query), "1 6 ");
    query.limit = 0;
    EXPECT_EQ(store_.ListVersions(transaction, query).status().code(), Code::kInvalidArgument);
    return Status();
  });
}

TEST_F(AssetTest, ContainersOfAnonymousVersionsAreHidden) {
  Do([&](Transaction& transaction) {
    AssetVersion anonymous = Version("a", "1");
    anonymous.is_anonymous = true;
    TRY(Add(transaction, anonymous).status());
    TRY(Add(transaction, Version("b", "1")).status());
    TRY(Add(transaction, Version("c", "1")).status());
    ASSIGN_OR_RETURN(auto archived, store_.FindContainer(transaction, kData, "c"));
    archived->is_archived = true;
    TRY(store_.SaveContainer(transaction, *archived, kNow));
    const auto names = [&](const AssetQuery& query) {
      std::string all;
      const auto found = store_.ListContainers(transaction, query);
      EXPECT_TRUE(found.ok()) << found.status().text();
      for (const auto& container : *found) all += container.name;
      return all;
    };
    AssetQuery query;
    EXPECT_EQ(names(query), "b");
    query.archived_too = true;
    EXPECT_EQ(names(query), "cb");
    query.before_sequence = 3;
    EXPECT_EQ(names(query), "b");
    query.before_sequence = 0;
    query.anonymous_too = true;
    EXPECT_EQ(names(query), "cba");
    ASSIGN_OR_RETURN(const auto elsewhere, other_.ListContainers(transaction, query));
    EXPECT_TRUE(elsewhere.empty());
    TRY(Add(transaction, Version("a", "2")).status());
    EXPECT_EQ(names(Query()), "ba");
    return Status();
  });
}

TEST_F(AssetTest, ADeletedVersionTakesItsLabelsWithIt) {
  Do([&](Transaction& transaction) {
    TRY(Add(transaction, Version("d", "")).status());
    TRY(Add(transaction, Version("d", "")).status());
    ASSIGN_OR_RETURN(auto container, store_.FindContainer(transaction, kData, "d"));
    container->properties["labels"]["prod"] = "2";
    container->properties["labels"]["old"] = "1";
    TRY(store_.SaveContainer(transaction, *container, kNow));
    TRY(store_.DeleteVersion(transaction, kData, "d", "2"));
    EXPECT_EQ(store_.DeleteVersion(transaction, kData, "d", "2").code(), Code::kNotFound);
    ASSIGN_OR_RETURN(container, store_.FindContainer(transaction, kData, "d"));
    EXPECT_EQ(container->properties.Dump(), R"({"labels":{"old":"1"}})");
    EXPECT_EQ(container->latest_version, "1");
    EXPECT_EQ(container->next_version, "2");
    return Status();
  });
}

TEST_F(AssetTest, ARenamedContainerKeepsItsVersions) {
  Do([&](Transaction& transaction) {
    TRY(Add(transaction, Version("d", "")).status());
    TRY(Add(transaction, Version("taken", "")).status());
    EXPECT_EQ(store_.RenameContainer(transaction, kData, "d", "taken").code(), Code::kConflict);
    EXPECT_EQ(store_.RenameContainer(transaction, kData, "x", "y").code(), Code::kNotFound);
    TRY(store_.RenameContainer(transaction, kData, "d", "e"));
    ASSIGN_OR_RETURN(const auto moved, store_.Find(transaction, kData, "e", "1"));
    EXPECT_TRUE(moved.has_value());
    ASSIGN_OR_RETURN(const auto old, store_.FindContainer(transaction, kData, "d"));
    EXPECT_FALSE(old.has_value());
    TRY(store_.DeleteContainer(transaction, kData, "e"));
    EXPECT_EQ(store_.DeleteContainer(transaction, kData, "e").code(), Code::kNotFound);
    return Status();
  });
}

TEST_F(AssetTest, TwoWorkspacesHoldEqualNames) {
  Do([&](Transaction& transaction) {
    AssetVersion ours = Version("d", "1");
    ours.properties["dataUri"] = "ours";
    AssetVersion theirs = Version("d", "1");
    theirs.properties["dataUri"] = "theirs";
    TRY(store_.Insert(transaction, ours, kNow));
    TRY(other_.Insert(transaction, theirs, kNow));
    AssetVersion second = Version("d", "");
    TRY(other_.Insert(transaction, second, kNow));
    EXPECT_EQ(second.version, "2");
    for (const std::string reference : {"azureml:d:1", "d@latest"}) {
      ASSIGN_OR_RETURN(const auto found, store_.Resolve(transaction, kData, reference));
      EXPECT_EQ(found.properties.GetString("dataUri"), "ours") << reference;
      EXPECT_EQ(found.workspace, "default");
    }
    ASSIGN_OR_RETURN(const auto container, store_.FindContainer(transaction, kData, "d"));
    EXPECT_EQ(container->latest_version, "1");
    EXPECT_EQ(container->next_version, "2");
    ours.properties["description"] = "new";
    TRY(store_.Save(transaction, ours, kNow));
    TRY(store_.RenameContainer(transaction, kData, "d", "e"));
    TRY(store_.DeleteContainer(transaction, kData, "e"));
    ASSIGN_OR_RETURN(const auto kept, AssetStore("OTHER").Find(transaction, kData, "d", "1"));
    EXPECT_TRUE(kept.has_value());
    EXPECT_EQ(kept->properties, theirs.properties);
    return Status();
  });
}

TEST_F(AssetTest, AnIdOfAnotherWorkspaceIsRefused) {
  Do([&](Transaction& transaction) {
    TRY(Add(transaction, Version("d", "1")).status());
    const std::string id =
        "/subscriptions/s/resourceGroups/g/providers/"
        "Microsoft.MachineLearningServices/workspaces/";
    EXPECT_TRUE(store_.Resolve(transaction, kData, id + "Default/data/d/versions/1").ok());
    const Status refused =
        other_.Resolve(transaction, kData, id + "default/data/d/versions/1").status();
    EXPECT_EQ(refused.code(), Code::kInvalidArgument);
    EXPECT_NE(refused.text().find("lies in workspace \"default\""), std::string::npos);
    return Status();
  });
}

TEST(AssetUpgrade, AssetsFromBeforeBelongToTheWorkspaceThatFirstHadTheirName) {
  std::string folder = testing::TempDir() + "upgrade-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string file = folder + "/test.db";
  std::vector<Migration> before = AllMigrations();
  before.resize(6);
  {
    auto database = OpenSqlite({.path = file}, before);
    ASSERT_TRUE(database.ok()) << database.status().text();
    const Status written = (*database)->WriteNow([](Transaction& transaction) -> Status {
      for (const std::string_view sql :
           {"INSERT INTO asset_containers (sequence, kind, workspace, name, is_anonymous,"
            " next_version, created, modified) VALUES (5, 'data', 'lab', 'd', 0, 3, 1, 1)",
            "INSERT INTO asset_versions (sequence, kind, workspace, name, version, is_anonymous,"
            " is_archived, hash, properties, created, created_by, modified)"
            " VALUES (9, 'data', 'default', 'd', '2', 0, 0, 'h', '{}', 1, 'me', 1)"}) {
        ASSIGN_OR_RETURN(Statement * insert, transaction.Prepare(sql));
        TRY(insert->Run());
      }
      return {};
    });
    ASSERT_TRUE(written.ok()) << written.text();
  }
  auto database = OpenSqlite({.path = file}, AllMigrations());
  ASSERT_TRUE(database.ok()) << database.status().text();
  const Status read = (*database)->WriteNow([](Transaction& transaction) -> Status {
    const AssetStore store("lab");
    ASSIGN_OR_RETURN(const AssetVersion found, store.Resolve(transaction, kData, "azureml:d:2"));
    EXPECT_EQ(found.sequence, 9);
    EXPECT_EQ(found.hash, "h");
    AssetVersion next;
    next.name = "d";
    TRY(store.Insert(transaction, next, kNow));
    EXPECT_EQ(next.version, "3");
    EXPECT_GT(next.sequence, 9);
    return {};
  });
  EXPECT_TRUE(read.ok()) << read.text();
  database->reset();
  EXPECT_TRUE(RemoveTree(folder).ok());
}

TEST_F(AssetTest, SavingWhatIsNotThereFails) {
  Do([&](Transaction& transaction) {
    EXPECT_EQ(store_.Save(transaction, Version("d", "1"), kNow).code(), Code::kNotFound);
    return Status();
  });
}

// Says how a query is done.
Result<std::string> Plan(Transaction& transaction, const std::string& sql) {
  ASSIGN_OR_RETURN(Statement * explain, transaction.Prepare("EXPLAIN QUERY PLAN " + sql));
  std::string plan;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, explain->Step());
    if (!more) return plan;
    plan += explain->Text(3) + "\n";
  }
}

TEST_F(AssetTest, ListsNeverSortTheTable) {
  Do([&](Transaction& transaction) {
    for (const std::string where :
         {"kind = 'data' AND sequence < 9", "kind = 'data' AND sequence < 9 AND name = 'd'",
          "kind = 'data' AND sequence < 9 AND hash = 'h' AND hash <> ''"}) {
      ASSIGN_OR_RETURN(
          const std::string plan,
          Plan(transaction, "SELECT * FROM asset_versions WHERE workspace = 'default' AND " +
                                where +
                                " AND is_archived = 0 AND is_anonymous = 0"
                                " ORDER BY sequence DESC LIMIT 10"));
      EXPECT_NE(plan.find("INDEX asset_versions_by"), std::string::npos) << plan;
      EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << plan;
    }
    ASSIGN_OR_RETURN(const std::string plan,
                     Plan(transaction,
                          "SELECT * FROM asset_containers WHERE kind = 'data'"
                          " AND workspace = 'default' AND sequence < 9"
                          " AND is_anonymous = 0 AND is_archived = 0"
                          " ORDER BY sequence DESC LIMIT 10"));
    EXPECT_NE(plan.find("asset_containers_listed"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << plan;
    return Status();
  });
}

}  // namespace
}  // namespace lazurite
