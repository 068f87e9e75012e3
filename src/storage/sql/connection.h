// One connection to a SQLite file, with its prepared statements. Internal to storage/sql.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/sql/database.h"

namespace lazurite::sql {

// What SQLite's last error on `connection` means for a caller, in words for a person.
Status ErrorStatus(sqlite3* connection);

class SqliteStatement final : public Statement {
 public:
  SqliteStatement(sqlite3* connection, sqlite3_stmt* statement)
      : connection_(connection), statement_(statement) {}
  ~SqliteStatement() override { sqlite3_finalize(statement_); }
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  Statement& Bind(int position, std::nullptr_t) override;
  Statement& Bind(int position, int64_t value) override;
  Statement& Bind(int position, double value) override;
  Statement& Bind(int position, std::string_view text) override;
  Statement& BindBlob(int position, std::string_view bytes) override;
  Result<bool> Step() override;
  void Reset() override;
  bool IsNull(int column) const override;
  int64_t Int(int column) const override;
  double Double(int column) const override;
  std::string Text(int column) const override;

  // Stands on a row: somebody may still be reading.
  bool IsBusy() const { return sqlite3_stmt_busy(statement_) != 0; }
  // Ready for another user: neither rows nor bound values of the last one are left.
  void Clear();
  // When it was prepared last, in the connection's count; 0 = not since the last EndUse.
  uint64_t used_at = 0;

 private:
  // SQLite refuses to bind a statement that ran and was not reset.
  void PrepareToBind();
  void Remember(int code);

  sqlite3* connection_;
  sqlite3_stmt* statement_;
  bool has_stepped_ = false;
  int bind_error_ = SQLITE_OK;
};

// For one thread at a time.
class SqliteConnection final : public Transaction {
 public:
  // Texts kept prepared; a program has some hundreds, so more means that texts are being made up.
  static constexpr size_t kStatementsMax = 1000;
  // Uses of one text at the same time (a loop over rows that runs the same query inside).
  static constexpr size_t kCopiesMax = 8;

  struct Options {
    std::string path;
    bool is_reader = false;
    int cache_kib = 2048;
    std::chrono::milliseconds busy_wait{5000};
  };

  static Result<std::unique_ptr<SqliteConnection>> Open(const Options& options);
  ~SqliteConnection() override;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  Result<Statement*> Prepare(std::string_view sql) override;
  int64_t LastInsertId() const override { return sqlite3_last_insert_rowid(handle_); }
  int64_t RowsChanged() const override { return sqlite3_changes64(handle_); }

  // Runs statements without parameters and rows.
  Status Execute(const char* sql);
  // Ends every use of a statement, so that the transaction can end.
  void EndUse();
  // False also when SQLite itself has given a transaction up (disk full, I/O error).
  bool InTransaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  sqlite3* handle() const { return handle_; }

 private:
  using Copies = std::vector<std::unique_ptr<SqliteStatement>>;

  explicit SqliteConnection(sqlite3* handle) : handle_(handle) {}
  Result<SqliteStatement*> AddCopy(Copies& copies, std::string_view sql);

  sqlite3* handle_;
  std::map<std::string, Copies, std::less<>> statements_;
  std::vector<SqliteStatement*> used_;
  uint64_t uses_ = 0;
};

}  // namespace lazurite::sql
