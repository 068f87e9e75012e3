#include "domain/run/run_search.h"

#include <variant>

#include "base/text.h"

namespace lazurite {
namespace {

// SQL text and the values for its question marks, in their order.
struct Sql {
  std::string text;
  std::vector<std::variant<int64_t, double, std::string>> values;

  Sql& Add(std::string_view piece) {
    text += piece;
    return *this;
  }
  template <typename T>
  Sql& Value(T value) {
    text += '?';
    values.emplace_back(std::move(value));
    return *this;
  }
};

// LIKE with regard to case, as SQLite's GLOB.
std::string GlobOf(std::string_view like) {
  std::string glob;
  for (const char c : like) {
    if (c == '%') {
      glob += '*';
    } else if (c == '_') {
      glob += '?';
    } else if (c == '*' || c == '?' || c == '[') {
      glob += std::string("[") + c + "]";
    } else {
      glob += c;
    }
  }
  return glob;
}

std::string_view SignOf(Comparator comparator) {
  switch (comparator) {
    case Comparator::kEqual:
      return " = ";
    case Comparator::kNotEqual:
      return " <> ";
    case Comparator::kLess:
      return " < ";
    case Comparator::kLessOrEqual:
      return " <= ";
    case Comparator::kGreater:
      return " > ";
    case Comparator::kGreaterOrEqual:
      return " >= ";
    case Comparator::kLike:
      return " GLOB ";
    case Comparator::kILike:
      return " LIKE ";
    case Comparator::kIn:
      return " IN ";
    case Comparator::kNotIn:
      return " NOT IN ";
    case Comparator::kIsNull:
      return " IS NULL";
    case Comparator::kIsNotNull:
      return " IS NOT NULL";
  }
  return " = ";
}

std::string_view ColumnOf(std::string_view attribute) {
  struct Row {
    std::string_view attribute;
    std::string_view column;
  };
  static constexpr Row kRows[] = {{"run_id", "r.id"},
                                  {"run_name", "r.name"},
                                  {"user_id", "r.user"},
                                  {"status", "r.status"},
                                  {"artifact_uri", "r.artifact_uri"},
                                  {"start_time", "r.start_time"},
                                  {"end_time", "r.end_time"}};
  for (const Row& row : kRows) {
    if (row.attribute == attribute) return row.column;
  }
  return "NULL";
}

bool IsTime(std::string_view attribute) {
  return attribute == "start_time" || attribute == "end_time";
}

// "<column> <comparator> <value>" for a text.
void AddText(Sql& sql, std::string_view column, const FilterClause& clause) {
  sql.Add(column).Add(SignOf(clause.comparator));
  if (clause.comparator == Comparator::kIn || clause.comparator == Comparator::kNotIn) {
    sql.Add("(");
    for (size_t i = 0; i < clause.values.size(); ++i) {
      if (i > 0) sql.Add(", ");
      sql.Value(clause.values[i]);
    }
    sql.Add(")");
  } else if (clause.comparator == Comparator::kLike) {
    sql.Value(GlobOf(clause.values[0]));
  } else if (!clause.values.empty()) {
    sql.Value(clause.values[0]);
  }
}

void AddPair(Sql& sql, std::string_view table, const FilterClause& clause) {
  const bool is_absence = clause.comparator == Comparator::kIsNull;
  sql.Add(is_absence ? "NOT EXISTS (SELECT 1 FROM " : "EXISTS (SELECT 1 FROM ").Add(table);
  sql.Add(" p WHERE p.run = r.id AND p.key = ").Value(clause.key);
  if (!is_absence) {
    sql.Add(" AND ");
    AddText(sql, "p.value", clause);
  }
  sql.Add(")");
}

// NaN is a NULL: it equals nothing.
void AddMetric(Sql& sql, const FilterClause& clause) {
  sql.Add("EXISTS (SELECT 1 FROM run_metrics m WHERE m.run = r.id AND m.key = ").Value(clause.key);
  sql.Add(" AND (m.value").Add(SignOf(clause.comparator)).Value(clause.number);
  if (clause.comparator == Comparator::kNotEqual) sql.Add(" OR m.value IS NULL");
  sql.Add("))");
}

void AddClause(Sql& sql, const FilterClause& clause) {
  switch (clause.entity) {
    case FilterEntity::kMetric:
      return AddMetric(sql, clause);
    case FilterEntity::kParam:
      return AddPair(sql, "run_params", clause);
    case FilterEntity::kTag:
      return AddPair(sql, "run_tags", clause);
    case FilterEntity::kDataset:
      sql.Add(
          "EXISTS (SELECT 1 FROM run_datasets i JOIN datasets d ON d.id = i.dataset WHERE "
          "i.run = r.id AND ");
      AddText(sql, clause.key == "context" ? "i.context" : "d." + clause.key, clause);
      sql.Add(")");
      return;
    case FilterEntity::kAttribute:
      break;
  }
  if (!IsTime(clause.key)) return AddText(sql, ColumnOf(clause.key), clause);
  sql.Add(ColumnOf(clause.key)).Add(SignOf(clause.comparator)).Value(clause.number);
}

// What is absent comes last in both directions; of metrics NaN comes right before that.
void AddOrder(Sql& sql, const OrderBy& by) {
  const std::string_view direction = by.is_ascending ? " ASC, " : " DESC, ";
  if (by.entity == FilterEntity::kAttribute) {
    const std::string_view column = ColumnOf(by.key);
    sql.Add(column).Add(" IS NULL, ").Add(column).Add(direction);
    return;
  }
  const std::string_view table = by.entity == FilterEntity::kMetric  ? "run_metrics"
                                 : by.entity == FilterEntity::kParam ? "run_params"
                                                                     : "run_tags";
  const std::string from = " FROM " + std::string(table) + " o WHERE o.run = r.id AND o.key = ";
  sql.Add("coalesce((SELECT o.value IS NULL").Add(from).Value(by.key).Add("), 2), ");
  sql.Add("(SELECT o.value").Add(from).Value(by.key).Add(")").Add(direction);
}

Sql Compile(const RunQuery& query) {
  Sql sql;
  sql.Add("SELECT r.id FROM runs r WHERE r.experiment IN (");
  for (size_t i = 0; i < query.experiments.size(); ++i) {
    if (i > 0) sql.Add(", ");
    sql.Value(query.experiments[i]);
  }
  sql.Add(")");
  if (query.view != RunView::kAll) {
    sql.Add(query.view == RunView::kDeletedOnly ? " AND r.is_deleted = 1"
                                                : " AND r.is_deleted = 0");
  }
  for (const FilterClause& clause : query.filter) {
    sql.Add(" AND ");
    AddClause(sql, clause);
  }
  sql.Add(" ORDER BY ");
  bool is_by_start = false;
  for (const OrderBy& by : query.order) {
    AddOrder(sql, by);
    is_by_start |= by.entity == FilterEntity::kAttribute && by.key == "start_time";
  }
  if (!is_by_start) sql.Add("r.start_time DESC, ");
  sql.Add("r.id LIMIT ").Value(query.limit).Add(" OFFSET ").Value(query.offset);
  return sql;
}

}  // namespace

const FilterSubject& RunSubject() {
  static const FilterSubject subject = {
      .attributes = {{"run_id", false, true, {}},
                     {"run_name", false, false, {"run name", "Run name", "Run Name"}},
                     {"user_id", false, false, {"User", "user"}},
                     {"status", false, false, {}},
                     {"artifact_uri", false, false, {}},
                     {"start_time", true, false, {"created", "Created"}},
                     {"end_time", true, false, {}}},
      .has_metrics = true,
      .has_params = true,
      .has_tags = true,
      .has_datasets = true,
      .order_only = {}};
  return subject;
}

Result<std::vector<std::string>> SearchRuns(Transaction& transaction, const RunQuery& query) {
  std::vector<std::string> found;
  if (query.experiments.empty()) return found;
  const Sql sql = Compile(query);
  ASSIGN_OR_RETURN(Statement * statement, transaction.Prepare(sql.text));
  for (size_t i = 0; i < sql.values.size(); ++i) {
    const int position = static_cast<int>(i) + 1;
    std::visit([&](const auto& value) { statement->Bind(position, value); }, sql.values[i]);
  }
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, statement->Step());
    if (!has_row) return found;
    found.push_back(statement->Text(0));
  }
}

}  // namespace lazurite
