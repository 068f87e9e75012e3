// What tests of stores stand on: a folder and a database with the program's schema, for each test
// its own.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "base/file.h"
#include "domain/schema/schema.h"
#include "storage/sql/database.h"

namespace lazurite {

class DatabaseTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "database-XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    auto database = OpenSqlite({.path = folder_ + "/test.db"}, AllMigrations());
    ASSERT_TRUE(database.ok()) << database.status().text();
    database_ = std::move(*database);
  }
  void TearDown() override {
    database_.reset();
    ASSERT_TRUE(RemoveTree(folder_).ok());
  }

  Status Write(const Database::Work& work) { return database_->WriteNow(work); }
  // Runs in a write transaction and expects success.
  void Do(const Database::Work& work) {
    const Status status = Write(work);
    EXPECT_TRUE(status.ok()) << status.text();
  }

  std::string folder_;
  std::unique_ptr<Database> database_;
};

}  // namespace lazurite
