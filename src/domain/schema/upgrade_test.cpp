// Databases of before become what the stores expect, with all that was in them.
#include "domain/schema/database_test.h"

namespace lazurite {
namespace {

class UpgradeTest : public DatabaseTest {
 protected:
  // A database as it was at `number`.
  void OpenAt(int number) {
    database_.reset();
    std::vector<Migration> migrations = AllMigrations();
    migrations.resize(static_cast<size_t>(number));
    Open(migrations);
  }
  void Open(const std::vector<Migration>& migrations) {
    database_.reset();
    auto database = OpenSqlite({.path = folder_ + "/old.db"}, migrations);
    ASSERT_TRUE(database.ok()) << database.status().text();
    database_ = std::move(*database);
  }
  void Run(const std::vector<std::string>& statements) {
    Do([&](Transaction& transaction) -> Status {
      for (const std::string& sql : statements) {
        ASSIGN_OR_RETURN(Statement * statement, transaction.Prepare(sql));
        TRY(statement->Run());
      }
      return {};
    });
  }
  // The first column of the rows, each with a space behind it.
  std::string Column(const std::string& sql) {
    std::string column;
    Do([&](Transaction& transaction) -> Status {
      ASSIGN_OR_RETURN(Statement * query, transaction.Prepare(sql));
      while (true) {
        ASSIGN_OR_RETURN(const bool has_row, query->Step());
        if (!has_row) return {};
        column += query->Text(0) + " ";
      }
    });
    return column;
  }
  static std::string JobOf(const std::string& workspace, const std::string& name, int sequence) {
    return "INSERT INTO jobs (name, workspace, experiment, display_name, type, compute, state, "
           "created, created_by, modified, properties, sequence) VALUES ('" +
           name + "', '" + workspace + "', 'e', '', 'Command', '', 'Completed', 1, 'ann', 1, " +
           "'{}', " + std::to_string(sequence) + ")";
  }
  static std::string RunOf(const std::string& id, int experiment) {
    return "INSERT INTO runs (id, experiment, name, user, status, start_time, artifact_uri, "
           "is_job) VALUES ('" +
           id + "', " + std::to_string(experiment) + ", '', 'ann', 'FINISHED', 1, 'u', 1)";
  }
};

TEST_F(UpgradeTest, GivesExperimentsTheWorkspaceOfTheirJobs) {
  OpenAt(7);
  Run({"INSERT INTO resources VALUES ('workspace', 'lab', 'lab', '{}', '{}', 1, 'ann', 1)",
       "INSERT INTO experiments VALUES (1, 'shared', 'mlflow-artifacts:/1', 0, 1, 1)",
       "INSERT INTO experiments VALUES (2, 'theirs', 'mlflow-artifacts:/2', 0, 1, 1)",
       "INSERT INTO experiments VALUES (3, 'empty', 's3://b', 1, 1, 1)",
       "INSERT INTO experiment_tags VALUES (1, 'k', 'v')", JobOf("default", "ours", 1),
       JobOf("lab", "theirs", 2), JobOf("lab", "theirs_too", 3), RunOf("ours", 1),
       RunOf("theirs", 1), RunOf("theirs_too", 2),
       "INSERT INTO datasets VALUES (7, 1, 'd', 'x', 'local', 's', '', '')",
       "INSERT INTO run_datasets VALUES ('ours', 7, 0, NULL, '[]')",
       "INSERT INTO run_datasets VALUES ('theirs', 7, 0, NULL, '[]')",
       "INSERT INTO logged_models VALUES ('m-1', 1, 'a', 'u', 'READY', '', 'theirs', 0, 9, 9)",
       "INSERT INTO logged_models VALUES ('m-2', 1, 'b', 'u', 'READY', '', 'ours', 0, 5, 5)"});
  Open(AllMigrations());
  EXPECT_EQ(Column("SELECT workspace || '/' || name || '=' || id FROM experiments ORDER BY id"),
            "default/Default=0 default/shared=1 lab/theirs=2 default/empty=3 lab/shared=4 "
            "lab/Default=5 ");
  EXPECT_EQ(Column("SELECT id FROM experiments WHERE is_default = 1 ORDER BY id"), "0 5 ");
  EXPECT_EQ(Column("SELECT artifact_location FROM experiments WHERE id IN (3, 4) ORDER BY id"),
            "s3://b mlflow-artifacts:/4 ");
  EXPECT_EQ(Column("SELECT id || '=' || experiment FROM runs ORDER BY id"),
            "ours=1 theirs=4 theirs_too=2 ");
  EXPECT_EQ(Column("SELECT d.experiment FROM run_datasets i JOIN datasets d ON d.id = i.dataset "
                   "ORDER BY i.run"),
            "1 4 ");
  EXPECT_EQ(Column("SELECT id || '=' || experiment FROM logged_models ORDER BY sequence"),
            "m-2=1 m-1=4 ");
  EXPECT_EQ(Column("SELECT value FROM experiment_tags WHERE experiment = 1"), "v ");
  EXPECT_FALSE(Write([](Transaction& transaction) -> Status {
                 ASSIGN_OR_RETURN(Statement * query,
                                  transaction.Prepare("UPDATE runs SET experiment = 99"));
                 return query->Run();
               }).ok());
}

}  // namespace
}  // namespace lazurite
