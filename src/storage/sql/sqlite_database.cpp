#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "storage/sql/checkpointer.h"
#include "storage/sql/connection.h"
#include "storage/sql/database.h"
#include "storage/sql/migrate.h"
#include "storage/sql/work_queue.h"
#include "storage/sql/writer.h"

namespace lazurite {
namespace {

// The writer keeps the upper pages of every table and index at hand; used only when there is that
// much.
constexpr int kWriterCacheKib = 16384;

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(std::unique_ptr<sql::Writer> writer, size_t queue_max)
      : writer_(std::move(writer)), reads_(queue_max) {}
  ~SqliteDatabase() override {
    writer_.reset();
    reads_.Close();
    for (std::thread& reader : readers_) reader.join();
  }

  void AddReader(std::unique_ptr<sql::SqliteConnection> connection) {
    readers_.emplace_back([this, reader = std::shared_ptr(std::move(connection))] {
      while (std::optional<sql::QueuedWork> next = reads_.Pop()) {
        next->done(RunRead(*reader, next->work));
      }
    });
  }

  void Write(Work work, Done done) override { writer_->Write(std::move(work), std::move(done)); }
  void Read(Work work, Done done) override {
    sql::QueuedWork queued{std::move(work), std::move(done)};
    Status status = reads_.Push(queued);
    if (!status.ok()) queued.done(std::move(status));
  }
  void OnCommit(std::function<void(int64_t seq)> listener) override {
    writer_->SetListener(std::move(listener));
  }

 private:
  static Status RunRead(sql::SqliteConnection& reader, const Work& work) {
    TRY(reader.Execute("BEGIN"));
    Status status = sql::RunGuarded(work, reader);
    reader.EndUse();
    if (reader.InTransaction()) {
      const Status ended = reader.Execute("ROLLBACK");
      if (status.ok()) status = ended;
    }
    return status;
  }

  std::unique_ptr<sql::Writer> writer_;
  sql::WorkQueue reads_;
  std::vector<std::thread> readers_;
};

}  // namespace

Result<std::unique_ptr<Database>> OpenSqlite(const SqliteOptions& options,
                                             const std::vector<Migration>& migrations) {
  LAZURITE_CHECK(options.readers > 0 && options.works_per_commit_max > 0 && options.queue_max > 0);
  sql::SqliteConnection::Options connecting{.path = options.path, .busy_wait = options.busy_wait};
  connecting.cache_kib = kWriterCacheKib;
  ASSIGN_OR_RETURN(auto connection, sql::SqliteConnection::Open(connecting));
  TRY(sql::Migrate(*connection, options.path, migrations));
  auto writer = std::make_unique<sql::Writer>(std::move(connection), options);
  connecting = {.path = options.path, .busy_wait = options.busy_wait};
  ASSIGN_OR_RETURN(auto checkpointer, sql::Checkpointer::Start(connecting, writer->connection(),
                                                               options.log_pages_max));
  writer->Start(std::move(checkpointer));
  auto database = std::make_unique<SqliteDatabase>(std::move(writer), options.queue_max);
  connecting.is_reader = true;
  for (int i = 0; i < options.readers; ++i) {
    ASSIGN_OR_RETURN(auto reader, sql::SqliteConnection::Open(connecting));
    database->AddReader(std::move(reader));
  }
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace lazurite
