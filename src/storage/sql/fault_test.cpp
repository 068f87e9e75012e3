// The database under crashes, a full disk and a file that somebody else holds.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "storage/sql/database.h"

namespace lazurite {
namespace {

const std::vector<Migration> kSchema = {
    {1, "0001_items", "CREATE TABLE items (n INTEGER PRIMARY KEY, text TEXT NOT NULL)"}};

Status Put(Database& database, int64_t n, size_t bytes) {
  return database.WriteNow([=](Transaction& transaction) {
    ASSIGN_OR_RETURN(Statement * insert, transaction.Prepare("INSERT INTO items VALUES (?1, ?2)"));
    insert->Bind(1, n).Bind(2, std::string(bytes, 'x'));
    TRY(insert->Run());
    return transaction.RecordChange("item", std::to_string(n));
  });
}

std::string Answer(Database& database, const std::string& sql) {
  std::string answer;
  const Status status = database.ReadNow([&](Transaction& transaction) {
    ASSIGN_OR_RETURN(Statement * select, transaction.Prepare(sql));
    TRY(select->Step().status());
    answer = select->Text(0);
    return Status();
  });
  return status.ok() ? answer : status.text();
}

class SqlFaultTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "sql-fault-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(folder_).ok()); }
  std::string Path() const { return folder_ + "/test.db"; }

  // Runs `body` in a process of its own; its exit code, or -1 if it was killed.
  static int InChild(const std::function<int()>& body) {
    const pid_t child = fork();
    if (child == 0) _exit(body());
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string folder_;
};

// Writes items from `first` on with several writes at a time, and says each number that is durable
// into `out`.
[[noreturn]] void WriteForever(const std::string& path, int64_t first, int out) {
  auto database = OpenSqlite({.path = path}, kSchema);
  if (!database.ok()) _exit(2);
  std::atomic<int64_t> next = first;
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      while (true) {
        const int64_t n = next++;
        if (!Put(**database, n, 300).ok()) _exit(3);
        if (write(out, &n, sizeof n) != sizeof n) _exit(4);
      }
    });
  }
  writers.front().join();
  _exit(5);
}

TEST_F(SqlFaultTest, WhatWasAnsweredSurvivesAKillAtAnyTime) {
  std::vector<int64_t> answered;
  for (int round = 0; round < 5; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const int64_t first = round * 1'000'000;
    const pid_t child = fork();
    if (child == 0) WriteForever(Path(), first, ends[1]);
    close(ends[1]);
    int64_t n = 0;
    const int wanted = 20 + round * 37;
    for (int i = 0; i < wanted && read(ends[0], &n, sizeof n) == sizeof n; ++i) {
      answered.push_back(n);
    }
    kill(child, SIGKILL);
    while (read(ends[0], &n, sizeof n) == sizeof n) answered.push_back(n);
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "exit " << WEXITSTATUS(status);

    auto database = OpenSqlite({.path = Path()}, kSchema);
    ASSERT_TRUE(database.ok()) << database.status().text();
    EXPECT_EQ(Answer(**database, "PRAGMA integrity_check"), "ok");
    EXPECT_EQ(Answer(**database, "SELECT COUNT(*) FROM items"),
              Answer(**database, "SELECT COUNT(*) FROM changes"));
    for (const int64_t item : answered) {
      ASSERT_EQ(Answer(**database, "SELECT COUNT(*) FROM items WHERE n = " + std::to_string(item)),
                "1");
    }
  }
  EXPECT_GT(answered.size(), 400U);
}

// What a process says about itself that ran out of space and got some again.
enum Verdict : int {
  kFine = 0,
  kNotOpened,
  kNeverFull,
  kWrongCode,
  kNotRead,
  kNotRecovered,
  kLost
};

// Fills the space, then frees some with `make_room`.
int FillUp(const std::string& path, const std::function<void()>& make_room) {
  auto database = OpenSqlite({.path = path}, kSchema);
  if (!database.ok()) return kNotOpened;
  int64_t n = 0;
  Status status;
  while (n < 10'000 && status.ok()) status = Put(**database, n++, 2000);
  if (status.ok()) return kNeverFull;
  if (status.code() != Code::kNoSpace) return kWrongCode;
  const std::string count = Answer(**database, "SELECT COUNT(*) FROM items");
  if (count != std::to_string(n - 1)) return kNotRead;
  make_room();
  if (!Put(**database, n, 10).ok()) return kNotRecovered;
  return Answer(**database, "SELECT COUNT(*) FROM items") == std::to_string(n) ? kFine : kLost;
}

TEST_F(SqlFaultTest, ALimitOnFileSizesIsNoSpace) {
  const int verdict = InChild([this] {
    signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = rlim_t{1} << 20;
    setrlimit(RLIMIT_FSIZE, &limit);
    return FillUp(Path(), [&] {
      limit.rlim_cur = limit.rlim_max;
      setrlimit(RLIMIT_FSIZE, &limit);
    });
  });
  EXPECT_EQ(verdict, kFine);
}

TEST_F(SqlFaultTest, AFullDiskFailsWritesAndNothingElse) {
  constexpr int kNoMount = 77;
  const int verdict = InChild([this] {
    const bool is_alone = unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
    if (!is_alone || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return kNoMount;
    }
    if (mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=2m") != 0) return kNoMount;
    const std::string ballast = folder_ + "/ballast";
    if (!WriteFile(ballast, std::string(size_t{512} << 10, 'b')).ok()) return kNoMount;
    return FillUp(Path(), [&] { unlink(ballast.c_str()); });
  });
  if (verdict == kNoMount) GTEST_SKIP() << "no file system can be mounted here";
  EXPECT_EQ(verdict, kFine);
}

TEST_F(SqlFaultTest, AFileHeldByAnotherProcessIsTriedAgain) {
  auto database = OpenSqlite({.path = Path(), .busy_wait = std::chrono::milliseconds(50)}, kSchema);
  ASSERT_TRUE(database.ok()) << database.status().text();
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(Path().c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const Status held = Put(**database, 1, 10);
  EXPECT_EQ(held.code(), Code::kUnavailable);
  EXPECT_NE(held.text().find("another process"), std::string::npos) << held.text();
  EXPECT_EQ(Answer(**database, "SELECT COUNT(*) FROM items"), "0");
  ASSERT_EQ(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  const Status freed = Put(**database, 1, 10);
  EXPECT_TRUE(freed.ok()) << freed.text();
}

TEST_F(SqlFaultTest, ALongLogIsCutWhileTheWriterGoesOn) {
  auto database = OpenSqlite({.path = Path(), .log_pages_max = 512}, kSchema);
  ASSERT_TRUE(database.ok()) << database.status().text();
  // 16 MiB through a log of 2 MiB, or 4 and a transaction at most.
  for (int64_t n = 0; n < 64; ++n) ASSERT_TRUE(Put(**database, n, size_t{256} << 10).ok());
  const auto log_bytes = FileSize(Path() + "-wal");
  ASSERT_TRUE(log_bytes.ok());
  EXPECT_LT(*log_bytes, int64_t{5} << 20);
}

}  // namespace
}  // namespace lazurite
