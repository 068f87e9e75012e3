#include "app/cli/printer.h"

#include "app/cli/jmespath.h"
#include "base/text.h"
#include "base/yaml.h"

namespace lazurite::cli {
namespace {

std::string NameOf(const Json& item) {
  if (item.is_string()) return item.string();
  const std::string version = PlainText(CellValue(item, "version"));
  const std::string name = PlainText(CellValue(item, "name"));
  return version.empty() ? name : name + ":" + version;
}

std::string FormatNames(const Json& value) {
  if (!value.is_array()) return NameOf(value) + "\n";
  std::string out;
  for (const Json& item : value.array()) out += NameOf(item) + "\n";
  return out;
}

std::string FormatLines(const Json& value) {
  if (!value.is_array()) return value.Dump() + "\n";
  std::string out;
  for (const Json& item : value.array()) out += item.Dump() + "\n";
  return out;
}

// Columns for a result that a query has reshaped: the members of its objects, in order.
std::vector<Column> ColumnsOf(const Json::Array& rows) {
  std::vector<Column> columns;
  for (const Json& row : rows) {
    if (!row.is_object()) continue;
    for (const auto& [key, value] : row.object()) {
      const bool is_known = std::any_of(columns.begin(), columns.end(),
                                        [&](const Column& c) { return c.title == key; });
      if (!is_known) columns.push_back({key, key});
    }
  }
  return columns;
}

std::string FormatRows(const Json::Array& rows, std::vector<Column> columns,
                       const Terminal& terminal, Time now, bool for_person) {
  const bool are_objects =
      std::any_of(rows.begin(), rows.end(), [](const Json& row) { return row.is_object(); });
  if (!are_objects) {
    std::string out;
    for (const Json& row : rows) {
      if (row.is_array()) {
        std::vector<std::string> cells;
        for (const Json& cell : row.array()) cells.push_back(PlainText(cell));
        out += Join(cells, "\t") + "\n";
      } else {
        out += PlainText(row) + "\n";
      }
    }
    return out;
  }
  if (columns.empty()) columns = ColumnsOf(rows);
  return for_person ? FormatTable(columns, rows, terminal, now) : FormatTabbed(columns, rows);
}

std::string AzCell(const Json& value) {
  if (value.is_array()) return std::to_string(value.array().size());
  if (value.is_object()) return "";
  if (value.is_null()) return "None";
  if (value.is_bool()) return value.bool_value() ? "True" : "False";
  return PlainText(value);
}

std::string AzRow(const Json& row) {
  std::vector<std::string> cells;
  if (row.is_object()) {
    for (const auto& [key, value] : row.object()) cells.push_back(AzCell(value));
  } else if (row.is_array()) {
    for (const Json& value : row.array()) cells.push_back(AzCell(value));
  } else if (row.is_bool()) {
    cells.push_back(row.bool_value() ? "true" : "false");
  } else {
    cells.push_back(AzCell(row));
  }
  return Join(cells, "\t") + "\n";
}

void AppendColoured(std::string& out, const Json& value, const Terminal& terminal, size_t indent) {
  const std::string margin(indent + 2, ' ');
  if (value.is_object() && !value.object().empty()) {
    out += "{\n";
    for (size_t i = 0; i < value.object().size(); ++i) {
      const auto& [key, member] = value.object()[i];
      out += margin + terminal.Out(Json(key).Dump(), Colour::kBlue) + ": ";
      AppendColoured(out, member, terminal, indent + 2);
      out += i + 1 < value.object().size() ? ",\n" : "\n";
    }
    out += std::string(indent, ' ') + "}";
  } else if (value.is_array() && !value.array().empty()) {
    out += "[\n";
    for (size_t i = 0; i < value.array().size(); ++i) {
      out += margin;
      AppendColoured(out, value.array()[i], terminal, indent + 2);
      out += i + 1 < value.array().size() ? ",\n" : "\n";
    }
    out += std::string(indent, ' ') + "]";
  } else {
    const Colour colour = value.is_string()   ? Colour::kGreen
                          : value.is_number() ? Colour::kCyan
                                              : Colour::kYellow;
    out += terminal.Out(value.Dump(), colour);
  }
}

}  // namespace

std::string FormatAzTsv(const Json& value) {
  if (value.is_null()) return "";
  if (!value.is_array()) return AzRow(value);
  std::string out;
  for (const Json& row : value.array()) out += AzRow(row);
  return out;
}

std::string FormatColouredJson(const Json& value, const Terminal& terminal) {
  std::string out;
  AppendColoured(out, value, terminal, 0);
  return out + "\n";
}

Result<Printer> Printer::Make(const Arguments& arguments, const Terminal& terminal) {
  Printer printer;
  printer.form_ = arguments.Get("--output");
  printer.query_ = arguments.Get("--query");
  printer.terminal_ = terminal;
  if (!printer.query_.empty()) TRY(JmesPath::Parse(printer.query_).status());
  return printer;
}

Result<std::string> Printer::Format(const Json& result, const View& view, Time now) const {
  Json value = result;
  std::vector<Column> columns = view.columns;
  if (!query_.empty()) {
    ASSIGN_OR_RETURN(const JmesPath query, JmesPath::Parse(query_));
    ASSIGN_OR_RETURN(value, query.Search(result));
    // Items that are still whole keep their columns.
    const bool is_whole = value.is_array() && !value.array().empty() && !columns.empty() &&
                          !CellValue(value.array()[0], columns[0].path).is_null() &&
                          value.array()[0].Find("id") != nullptr;
    if (!is_whole) columns.clear();
    if (value.is_null() && (form_.empty() || form_ == "tsv" || form_ == "table"))
      return std::string();
  }
  if (form_ == "none") return std::string();
  if (form_ == "json") return value.Dump(2) + "\n";
  if (form_ == "jsonc") return FormatColouredJson(value, terminal_);
  if (form_ == "jsonl") return FormatLines(value);
  if (form_ == "yaml" || form_ == "yamlc") return WriteYaml(value);
  if (form_ == "name") return FormatNames(value);
  if (form_ == "tsv") return FormatAzTsv(value);
  const bool for_person = form_ == "table" || terminal_.is_out_terminal;
  if (value.is_array()) {
    if (value.array().empty()) {
      if (!view.empty_note.empty()) terminal_.Note(view.empty_note);
      return std::string();
    }
    return FormatRows(value.array(), std::move(columns), terminal_, now, for_person);
  }
  if (!value.is_object()) return PlainText(value) + "\n";
  if (form_ == "table" && !view.columns.empty() && query_.empty()) {
    return FormatTable(view.columns, {value}, terminal_, now);
  }
  return for_person ? FormatFields(value, terminal_) : FormatFieldsTabbed(value);
}

}  // namespace lazurite::cli
