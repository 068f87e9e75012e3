// What group commit brings: durable writes of one row by many writers at once, all that wait in one
// commit against each in a commit of its own. A folder on the disk to measure is the only argument.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/file.h"
#include "storage/sql/database.h"

namespace lazurite {
namespace {

constexpr std::chrono::seconds kRun{3};

struct Figures {
  double writes_per_s = 0, p50_ms = 0, p99_ms = 0;
};

Status WriteRow(Database& database, int64_t writer) {
  return database.WriteNow([writer](Transaction& transaction) {
    ASSIGN_OR_RETURN(Statement * insert,
                     transaction.Prepare("INSERT INTO items (writer, text) VALUES (?1, ?2)"));
    insert->Bind(1, writer).Bind(2, "some text of ordinary length");
    return insert->Run();
  });
}

Figures FiguresOf(std::vector<double> times_ms) {
  std::sort(times_ms.begin(), times_ms.end());
  const auto at = [&](double share) {
    return times_ms[static_cast<size_t>(share * static_cast<double>(times_ms.size() - 1))];
  };
  return {static_cast<double>(times_ms.size()) / static_cast<double>(kRun.count()), at(0.5),
          at(0.99)};
}

Result<Figures> Measure(const std::string& folder, int writers, size_t works_per_commit_max) {
  using Clock = std::chrono::steady_clock;
  const std::string path = folder + "/bench.db";
  for (const std::string_view suffix : {"", "-wal", "-shm"}) {
    unlink((path + std::string(suffix)).c_str());
  }
  ASSIGN_OR_RETURN(
      const auto database,
      OpenSqlite({.path = path, .works_per_commit_max = works_per_commit_max},
                 {{1, "0001_items",
                   "CREATE TABLE items (id INTEGER PRIMARY KEY, writer INTEGER, text TEXT)"}}));
  std::vector<std::vector<double>> times(static_cast<size_t>(writers));
  std::vector<std::thread> threads;
  const auto end = Clock::now() + kRun;
  for (int writer = 0; writer < writers; ++writer) {
    threads.emplace_back([&, writer] {
      while (true) {
        const auto begin = Clock::now();
        if (begin >= end || !WriteRow(*database, writer).ok()) return;
        const std::chrono::duration<double, std::milli> took = Clock::now() - begin;
        times[static_cast<size_t>(writer)].push_back(took.count());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<double> all;
  for (const auto& own : times) all.insert(all.end(), own.begin(), own.end());
  if (all.empty()) return Internal("nothing could be written");
  return FiguresOf(std::move(all));
}

Status Run(const std::string& folder) {
  std::printf("%8s  %28s  %28s\n", "writers", "alone: writes/s (p50/p99 ms)",
              "grouped: writes/s (p50/p99)");
  for (const int writers : {1, 8, 64}) {
    ASSIGN_OR_RETURN(const Figures solo, Measure(folder, writers, 1));
    ASSIGN_OR_RETURN(const Figures group, Measure(folder, writers, 1024));
    std::printf("%8d  %12.0f (%.2f/%.2f)  %15.0f (%.2f/%.2f)   x %.1f\n", writers,
                solo.writes_per_s, solo.p50_ms, solo.p99_ms, group.writes_per_s, group.p50_ms,
                group.p99_ms, group.writes_per_s / solo.writes_per_s);
  }
  return {};
}

}  // namespace
}  // namespace lazurite

int main(int argc, char** argv) {
  std::string folder = std::string(argc > 1 ? argv[1] : "/tmp") + "/sql-bench-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    std::perror(folder.c_str());
    return 1;
  }
  const lazurite::Status status = lazurite::Run(folder);
  const lazurite::Status removed = lazurite::RemoveTree(folder);
  if (status.ok() && removed.ok()) return 0;
  std::fprintf(stderr, "%s%s\n", status.text().c_str(), removed.text().c_str());
  return 1;
}
