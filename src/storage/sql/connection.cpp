#include "storage/sql/connection.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace lazurite::sql {
namespace {

// The pages of a reader are few: the system caches the file. Deleted content need not be
// overwritten.
constexpr const char* kSetUp =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA secure_delete = OFF;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA journal_size_limit = 67108864;"
    "PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA foreign_keys = ON;";

Code ConstraintCode(int extended) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return Code::kConflict;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return Code::kFailedPrecondition;
    default:
      return Code::kInternal;
  }
}

// SQLite says SQLITE_FULL for ENOSPC alone; a quota or a limit on file sizes comes as an I/O error.
bool IsOutOfSpace(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

}  // namespace

Status ErrorStatus(sqlite3* connection) {
  // SQLite notes the system's error of most calls, but not of COMMIT.
  const int system_error = IsOutOfSpace(errno) ? errno : sqlite3_system_errno(connection);
  const int extended = sqlite3_extended_errcode(connection);
  const std::string text = sqlite3_errmsg(connection);
  const auto out_of_space = [&] {
    return Status(Code::kNoSpace,
                  "no space is left for the database; make room and try again (" + text + ")");
  };
  switch (extended & 0xff) {
    case SQLITE_CONSTRAINT:
      return {ConstraintCode(extended), text};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Unavailable("the database is held by another process (" + text + ")");
    case SQLITE_FULL:
      return out_of_space();
    case SQLITE_IOERR:
      if (IsOutOfSpace(system_error)) return out_of_space();
      [[fallthrough]];
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PROTOCOL:
      return Unavailable("the database cannot be read or written (" + text + ")");
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return {Code::kResourceExhausted, text};
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return FailedPrecondition("the database is damaged; restore it from a backup (" + text + ")");
    default:
      return Internal("database: " + text);
  }
}

void SqliteStatement::PrepareToBind() {
  if (has_stepped_) Reset();
}

void SqliteStatement::Remember(int code) {
  if (code != SQLITE_OK && bind_error_ == SQLITE_OK) bind_error_ = code;
}

Statement& SqliteStatement::Bind(int position, std::nullptr_t) {
  PrepareToBind();
  Remember(sqlite3_bind_null(statement_, position));
  return *this;
}

Statement& SqliteStatement::Bind(int position, int64_t value) {
  PrepareToBind();
  Remember(sqlite3_bind_int64(statement_, position, value));
  return *this;
}

Statement& SqliteStatement::Bind(int position, double value) {
  PrepareToBind();
  Remember(sqlite3_bind_double(statement_, position, value));
  return *this;
}

Statement& SqliteStatement::Bind(int position, std::string_view text) {
  PrepareToBind();
  // A null pointer would bind NULL.
  const char* data = text.data() == nullptr ? "" : text.data();
  Remember(
      sqlite3_bind_text64(statement_, position, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& SqliteStatement::BindBlob(int position, std::string_view bytes) {
  PrepareToBind();
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  Remember(sqlite3_bind_blob64(statement_, position, data, bytes.size(), SQLITE_TRANSIENT));
  return *this;
}

Result<bool> SqliteStatement::Step() {
  if (bind_error_ != SQLITE_OK) {
    return Status(bind_error_ == SQLITE_TOOBIG ? Code::kResourceExhausted : Code::kInternal,
                  std::string("binding a value: ") + sqlite3_errstr(bind_error_));
  }
  has_stepped_ = true;
  errno = 0;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  const Status status = ErrorStatus(connection_);
  Reset();
  return status;
}

void SqliteStatement::Reset() {
  sqlite3_reset(statement_);
  has_stepped_ = false;
}

void SqliteStatement::Clear() {
  Reset();
  sqlite3_clear_bindings(statement_);
  bind_error_ = SQLITE_OK;
}

bool SqliteStatement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

int64_t SqliteStatement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

double SqliteStatement::Double(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string SqliteStatement::Text(int column) const {
  const void* data = sqlite3_column_type(statement_, column) == SQLITE_BLOB
                         ? sqlite3_column_blob(statement_, column)
                         : sqlite3_column_text(statement_, column);
  if (data == nullptr) return {};
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
  return {static_cast<const char*>(data), size};
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const Options& options) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(options.path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(handle));
  if (handle == nullptr) return Status(Code::kResourceExhausted, "no memory for the database");
  if (code != SQLITE_OK) return ErrorStatus(handle).With("opening " + options.path);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, static_cast<int>(options.busy_wait.count()));
  std::string set_up = kSetUp;
  set_up += "PRAGMA cache_size = -" + std::to_string(options.cache_kib) + ";";
  if (options.is_reader) set_up += "PRAGMA query_only = ON;";
  Status status = connection->Execute(set_up.c_str());
  if (!status.ok()) return std::move(status).With("opening " + options.path);
  return connection;
}

SqliteConnection::~SqliteConnection() {
  statements_.clear();
  sqlite3_close(handle_);
}

Status SqliteConnection::Execute(const char* sql) {
  errno = 0;
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return ErrorStatus(handle_);
  }
  return {};
}

Result<SqliteStatement*> SqliteConnection::AddCopy(Copies& copies, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return ErrorStatus(handle_);
  if (statement == nullptr) return Internal("database: an empty statement was prepared");
  copies.push_back(std::make_unique<SqliteStatement>(handle_, statement));
  return copies.back().get();
}

Result<Statement*> SqliteConnection::Prepare(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) found = statements_.emplace(std::string(sql), Copies()).first;
  Copies& copies = found->second;
  SqliteStatement* chosen = nullptr;
  for (const auto& copy : copies) {
    if (!copy->IsBusy()) chosen = copy.get();
  }
  if (chosen == nullptr && copies.size() < kCopiesMax) {
    ASSIGN_OR_RETURN(chosen, AddCopy(copies, sql));
  }
  if (chosen == nullptr) {
    // Uses nest: the latest one is over (it looked up one row and was left there), the first ones
    // may go on.
    chosen = std::max_element(copies.begin(), copies.end(), [](const auto& a, const auto& b) {
               return a->used_at < b->used_at;
             })->get();
  }
  chosen->Clear();
  if (chosen->used_at == 0) used_.push_back(chosen);
  chosen->used_at = ++uses_;
  return chosen;
}

void SqliteConnection::EndUse() {
  for (SqliteStatement* statement : used_) {
    statement->Clear();
    statement->used_at = 0;
  }
  used_.clear();
  if (statements_.size() > kStatementsMax) statements_.clear();
}

}  // namespace lazurite::sql
