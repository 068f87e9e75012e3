#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "storage/sql/database.h"

namespace lazurite {
namespace {

const std::vector<Migration> kSchema = {
    {1, "0001_items", "CREATE TABLE items (key TEXT PRIMARY KEY, value) WITHOUT ROWID"},
    {2, "0002_parts",
     "CREATE TABLE parts (item TEXT REFERENCES items (key), n INTEGER CHECK (n > 0));"
     "CREATE INDEX parts_by_item ON parts (item);"},
};

class SqlTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "sql-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    options_.path = folder_ + "/test.db";
    Open();
  }
  void TearDown() override {
    database_.reset();
    ASSERT_TRUE(RemoveTree(folder_).ok());
  }
  void Open(const std::vector<Migration>& migrations = kSchema) {
    database_.reset();
    auto database = OpenSqlite(options_, migrations);
    ASSERT_TRUE(database.ok()) << database.status().text();
    database_ = std::move(*database);
  }

  static Status Put(Transaction& transaction, std::string_view key, int64_t value) {
    ASSIGN_OR_RETURN(Statement * insert, transaction.Prepare("INSERT INTO items VALUES (?1, ?2)"));
    insert->Bind(1, key).Bind(2, value);
    return insert->Run();
  }
  Status PutNow(const std::string& key, int64_t value) {
    return database_->WriteNow(
        [=](Transaction& transaction) { return Put(transaction, key, value); });
  }
  // The only value that a query without parameters gives.
  int64_t Number(const std::string& sql) {
    int64_t number = -1;
    const Status status = database_->ReadNow([&](Transaction& transaction) {
      ASSIGN_OR_RETURN(Statement * select, transaction.Prepare(sql));
      ASSIGN_OR_RETURN(const bool has_row, select->Step());
      if (has_row) number = select->Int(0);
      return Status();
    });
    EXPECT_TRUE(status.ok()) << status.text();
    return number;
  }
  Status Run(const std::string& sql) {
    return database_->WriteNow([&](Transaction& transaction) {
      ASSIGN_OR_RETURN(Statement * statement, transaction.Prepare(sql));
      return statement->Run();
    });
  }

  std::string folder_;
  SqliteOptions options_;
  std::unique_ptr<Database> database_;
};

// Holds the writer's thread until let go, so that works pile up behind it.
class Gate {
 public:
  explicit Gate(Database& database) {
    database.Write(
        [this](Transaction&) {
          entered_.set_value();
          opened_.get_future().wait();
          return Status();
        },
        [this](Status) { left_.set_value(); });
    entered_.get_future().wait();
  }
  void Open() {
    opened_.set_value();
    left_.get_future().wait();
  }

 private:
  std::promise<void> entered_, opened_, left_;
};

TEST_F(SqlTest, KeepsWhatWasWritten) {
  ASSERT_TRUE(PutNow("a", 1).ok());
  Open();
  EXPECT_EQ(Number("SELECT value FROM items WHERE key = 'a'"), 1);
}

TEST_F(SqlTest, ValuesComeBackAsTheyWere) {
  const std::string bytes("\0\xff\n", 3);
  const Status written = database_->WriteNow([&](Transaction& transaction) {
    ASSIGN_OR_RETURN(Statement * insert, transaction.Prepare("INSERT INTO items VALUES (?1, ?2)"));
    insert->Bind(1, "int").Bind(2, INT64_MIN);
    TRY(insert->Run());
    insert->Bind(1, "double").Bind(2, 0.1);
    TRY(insert->Run());
    insert->Bind(1, "infinity").Bind(2, INFINITY);
    TRY(insert->Run());
    insert->Bind(1, "null").Bind(2, nullptr);
    TRY(insert->Run());
    insert->Bind(1, "empty").Bind(2, std::string_view());
    TRY(insert->Run());
    insert->Bind(1, "text").Bind(2, "na\xc3\xafve");
    TRY(insert->Run());
    insert->Bind(1, "blob").BindBlob(2, bytes);
    return insert->Run();
  });
  ASSERT_TRUE(written.ok()) << written.text();
  const Status read = database_->ReadNow([&](Transaction& transaction) {
    ASSIGN_OR_RETURN(Statement * select,
                     transaction.Prepare("SELECT value FROM items WHERE key = ?1"));
    const auto at = [&](const char* key) -> Statement& {
      select->Bind(1, key);
      EXPECT_TRUE(select->Step().ok());
      return *select;
    };
    EXPECT_EQ(at("int").Int(0), INT64_MIN);
    EXPECT_EQ(at("double").Double(0), 0.1);
    EXPECT_EQ(at("infinity").Double(0), INFINITY);
    EXPECT_TRUE(at("null").IsNull(0));
    EXPECT_FALSE(at("empty").IsNull(0));
    EXPECT_EQ(at("empty").Text(0), "");
    EXPECT_EQ(at("text").Text(0), "na\xc3\xafve");
    EXPECT_EQ(at("blob").Text(0), bytes);
    return Status();
  });
  EXPECT_TRUE(read.ok()) << read.text();
}

TEST_F(SqlTest, AFailingWorkLeavesNothing) {
  const Status status = database_->WriteNow([](Transaction& transaction) {
    TRY(Put(transaction, "a", 1));
    return InvalidArgument("changed my mind");
  });
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM items"), 0);
}

TEST_F(SqlTest, AWorkThatThrowsFailsAlone) {
  const Status status = database_->WriteNow([](Transaction& transaction) {
    TRY(Put(transaction, "a", 1));
    throw std::runtime_error("oops");
    return Status();
  });
  EXPECT_EQ(status.code(), Code::kInternal);
  EXPECT_TRUE(PutNow("a", 2).ok());
}

TEST_F(SqlTest, ConstraintsHaveTheirOwnCodes) {
  ASSERT_TRUE(PutNow("a", 1).ok());
  EXPECT_EQ(PutNow("a", 2).code(), Code::kConflict);
  EXPECT_EQ(Run("INSERT INTO parts VALUES ('nobody', 1)").code(), Code::kFailedPrecondition);
  EXPECT_EQ(Run("INSERT INTO parts VALUES ('a', 0)").code(), Code::kInternal);
  EXPECT_EQ(Run("INSERT INTO nowhere VALUES (1)").code(), Code::kInternal);
}

TEST_F(SqlTest, AConflictMayBeHandledWithinTheWork) {
  ASSERT_TRUE(PutNow("a", 1).ok());
  const Status status = database_->WriteNow([](Transaction& transaction) {
    EXPECT_EQ(Put(transaction, "a", 2).code(), Code::kConflict);
    return Put(transaction, "b", 2);
  });
  EXPECT_TRUE(status.ok()) << status.text();
  EXPECT_EQ(Number("SELECT SUM(value) FROM items"), 3);
}

TEST_F(SqlTest, WorksThatWaitShareOneCommit) {
  std::atomic<int> commits = 0;
  std::atomic<int64_t> newest = 0;
  database_->OnCommit([&](int64_t seq) {
    ++commits;
    newest = seq;
  });
  Gate gate(*database_);
  std::promise<void> finished;
  std::atomic<int> done = 0, failed = 0;
  constexpr int kWorks = 100;
  for (int i = 0; i < kWorks; ++i) {
    database_->Write(
        [i](Transaction& transaction) {
          TRY(Put(transaction, std::to_string(i), i));
          TRY(transaction.RecordChange("item", std::to_string(i)));
          return i % 10 == 3 ? NotFound("no luck") : Status();
        },
        [&](Status status) {
          if (!status.ok()) ++failed;
          if (++done == kWorks) finished.set_value();
        });
  }
  gate.Open();
  finished.get_future().wait();
  EXPECT_EQ(failed, 10);
  EXPECT_LT(commits, 20);
  EXPECT_EQ(newest, 90);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM items"), 90);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM changes WHERE kind = 'item'"), 90);
}

TEST_F(SqlTest, AFullQueueRefuses) {
  options_.queue_max = 2;
  Open();
  Gate gate(*database_);
  std::atomic<int> done = 0;
  Status last;
  for (int i = 0; i < 3; ++i) {
    database_->Write([](Transaction&) { return Status(); },
                     [&](Status status) {
                       ++done;
                       if (!status.ok()) last = status;
                     });
  }
  EXPECT_EQ(done, 1);
  EXPECT_EQ(last.code(), Code::kResourceExhausted);
  gate.Open();
  ASSERT_TRUE(PutNow("a", 1).ok());
  EXPECT_EQ(done, 3);
}

TEST_F(SqlTest, ClosingFinishesWhatWaits) {
  std::atomic<int> done = 0;
  for (int i = 0; i < 50; ++i) {
    database_->Write(
        [i](Transaction& transaction) { return Put(transaction, std::to_string(i), 1); },
        [&](Status status) { done += status.ok() ? 1 : 0; });
  }
  Open();
  EXPECT_EQ(done, 50);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM items"), 50);
}

TEST_F(SqlTest, AReaderSeesOneMomentWhileTheWriterGoesOn) {
  ASSERT_TRUE(PutNow("a", 1).ok());
  const Status status = database_->ReadNow([&](Transaction& transaction) {
    const auto count = [&]() -> Result<int64_t> {
      ASSIGN_OR_RETURN(Statement * select, transaction.Prepare("SELECT COUNT(*) FROM items"));
      TRY(select->Step().status());
      return select->Int(0);
    };
    ASSIGN_OR_RETURN(const int64_t before, count());
    TRY(PutNow("b", 2));
    ASSIGN_OR_RETURN(const int64_t after, count());
    EXPECT_EQ(before, 1);
    EXPECT_EQ(after, 1);
    return Status();
  });
  ASSERT_TRUE(status.ok()) << status.text();
  EXPECT_EQ(Number("SELECT COUNT(*) FROM items"), 2);
}

TEST_F(SqlTest, AReaderCannotWrite) {
  const Status status = database_->ReadNow(
      [](Transaction& transaction) { return transaction.RecordChange("item", "a"); });
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(Number("SELECT COUNT(*) FROM changes"), 0);
}

TEST_F(SqlTest, TheSameQueryMayRunWithinItself) {
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(PutNow(key, 1).ok());
  int pairs = 0;
  const Status status = database_->ReadNow([&](Transaction& transaction) {
    constexpr std::string_view kAll = "SELECT key FROM items ORDER BY key";
    ASSIGN_OR_RETURN(Statement * outer, transaction.Prepare(kAll));
    std::string keys;
    while (true) {
      ASSIGN_OR_RETURN(const bool more, outer->Step());
      if (!more) break;
      keys += outer->Text(0);
      // Twelve lookups of one row that are left standing: more than are kept.
      for (int i = 0; i < 12; ++i) {
        ASSIGN_OR_RETURN(Statement * inner, transaction.Prepare(kAll));
        ASSIGN_OR_RETURN(const bool has_row, inner->Step());
        pairs += has_row && inner->Text(0) == "a" ? 1 : 0;
      }
    }
    EXPECT_EQ(keys, "abc");
    return Status();
  });
  EXPECT_TRUE(status.ok()) << status.text();
  EXPECT_EQ(pairs, 36);
}

TEST_F(SqlTest, ARowThatWasNotReadToTheEndDoesNotHinderTheCommit) {
  const Status status = database_->WriteNow([](Transaction& transaction) {
    ASSIGN_OR_RETURN(
        Statement * insert,
        transaction.Prepare("INSERT INTO items VALUES ('a', 1), ('b', 2) RETURNING value"));
    return insert->Step().status();
  });
  ASSERT_TRUE(status.ok()) << status.text();
  EXPECT_EQ(Number("SELECT COUNT(*) FROM items"), 2);
}

TEST_F(SqlTest, MigrationsRunOnceAndInOrder) {
  ASSERT_TRUE(PutNow("a", 1).ok());
  std::vector<Migration> more = kSchema;
  more.push_back({7, "0007_more", "ALTER TABLE items ADD COLUMN note TEXT DEFAULT 'x'"});
  Open(more);
  Open(more);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM items WHERE note = 'x'"), 1);
  EXPECT_EQ(Number("SELECT MAX(number) FROM migrations"), 7);
}

TEST_F(SqlTest, WhatAnOlderDatabaseWasIsKeptBeside) {
  ASSERT_TRUE(PutNow("a", 1).ok());
  std::vector<Migration> more = kSchema;
  for (int number = 3; number < 8; ++number) {
    more.push_back({number, "next", "UPDATE items SET value = value + 1"});
    Open(more);
    Open(more);
  }
  EXPECT_EQ(Number("SELECT value FROM items"), 6);
  database_.reset();
  const std::vector<std::string> kept = {"test.db", "test.db.schema-4", "test.db.schema-5",
                                         "test.db.schema-6"};
  EXPECT_EQ(ListDir(folder_).value(), kept);
  ASSERT_TRUE(Rename(options_.path + ".schema-5", options_.path).ok());
  more.resize(4);
  ASSERT_EQ(more.back().number, 4);
  EXPECT_EQ(OpenSqlite(options_, more).status().code(), Code::kFailedPrecondition);
  more.push_back({5, "next", "UPDATE items SET value = value + 1"});
  Open(more);
  EXPECT_EQ(Number("SELECT value FROM items"), 4) << "the copy is the whole database of then";
}

TEST_F(SqlTest, AFailingMigrationChangesNothing) {
  database_.reset();
  std::vector<Migration> bad = kSchema;
  bad.push_back({3, "0003_good", "CREATE TABLE third (x)"});
  bad.push_back({4, "0004_bad", "CREATE TABLE fourth (x); NONSENSE"});
  const auto opened = OpenSqlite(options_, bad);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.status().text().find("0004_bad"), std::string::npos) << opened.status().text();
  Open();
  EXPECT_EQ(Number("SELECT COUNT(*) FROM sqlite_master WHERE name IN ('third', 'fourth')"), 0);
}

TEST_F(SqlTest, ANewerDatabaseIsRefusedWithTheWayOut) {
  database_.reset();
  const auto opened = OpenSqlite(options_, {kSchema[0]});
  ASSERT_EQ(opened.status().code(), Code::kFailedPrecondition);
  EXPECT_NE(opened.status().text().find("LAZURITE_HOME"), std::string::npos);
}

TEST_F(SqlTest, AFileThatIsNoDatabaseIsRefused) {
  database_.reset();
  ASSERT_TRUE(RemoveTree(folder_).ok());
  ASSERT_TRUE(MakeDirs(folder_).ok());
  ASSERT_TRUE(WriteFile(options_.path, std::string(8192, 'x')).ok());
  EXPECT_EQ(OpenSqlite(options_, kSchema).status().code(), Code::kFailedPrecondition);
}

TEST_F(SqlTest, OldChangesAreCut) {
  const Status filled =
      Run("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 101500)"
          " INSERT INTO changes (time, kind, object) SELECT 0, 'item', i FROM n");
  ASSERT_TRUE(filled.ok()) << filled.text();
  EXPECT_EQ(Number("SELECT COUNT(*) FROM changes"), 100'000);
  EXPECT_EQ(Number("SELECT MAX(seq) FROM changes"), 101'500);
}

}  // namespace
}  // namespace lazurite
