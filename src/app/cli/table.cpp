#include "app/cli/table.h"

#include <cmath>

#include "base/text.h"

namespace lazurite::cli {
namespace {

constexpr size_t kIdWidthMax = 30;
constexpr size_t kColumnWidthMin = 6;
constexpr std::string_view kGap = "  ";

std::string RelativeTime(const std::string& text, Time now) {
  const std::optional<Time> time = ParseTime(text);
  if (!time) return text;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - *time).count();
  if (seconds < 0) return text.substr(0, 16);
  if (seconds < 60) return std::to_string(seconds) + " s ago";
  if (seconds < 3600) return std::to_string(seconds / 60) + " min ago";
  if (seconds < 86400) return std::to_string(seconds / 3600) + " h ago";
  if (seconds < 30 * 86400) return std::to_string(seconds / 86400) + " d ago";
  return text.substr(0, 10);
}

// A table as texts, before it is fitted.
struct Grid {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> cells;  // by column
  std::vector<size_t> widths;

  size_t Width() const {
    size_t width = 0;
    for (const size_t column : widths) width += column + kGap.size();
    return width < kGap.size() ? 0 : width - kGap.size();
  }
  void Drop(size_t at) {
    const auto offset = static_cast<std::ptrdiff_t>(at);
    columns.erase(columns.begin() + offset);
    cells.erase(cells.begin() + offset);
    widths.erase(widths.begin() + offset);
  }
};

Grid MakeGrid(const std::vector<Column>& columns, const std::vector<Json>& rows, Time now) {
  Grid grid;
  for (const Column& column : columns) {
    std::vector<std::string> cells;
    size_t width = DisplayWidth(column.title);
    bool is_empty = true;
    for (const Json& row : rows) {
      cells.push_back(CellText(CellValue(row, column.path), column.style, now));
      width = std::max(width, DisplayWidth(cells.back()));
      is_empty = is_empty && cells.back().empty();
    }
    if (is_empty && !rows.empty() && column.rank > 1) continue;
    grid.columns.push_back(column);
    grid.cells.push_back(std::move(cells));
    grid.widths.push_back(width);
  }
  return grid;
}

// The widest column among those of a rank from `rank` on, or nothing.
std::optional<size_t> Widest(const Grid& grid, int rank) {
  std::optional<size_t> widest;
  for (size_t i = 0; i < grid.columns.size(); ++i) {
    if (grid.columns[i].rank < rank) continue;
    if (!widest || grid.widths[i] > grid.widths[*widest]) widest = i;
  }
  return widest;
}

// How much could be cut off the long texts without making them too short to be read. Names and
// states are not among them.
size_t Slack(const Grid& grid) {
  const std::optional<size_t> widest = Widest(grid, 2);
  if (!widest || grid.widths[*widest] <= 3 * kColumnWidthMin) return 0;
  return grid.widths[*widest] - 3 * kColumnWidthMin;
}

void Fit(Grid& grid, size_t width) {
  while (grid.columns.size() > 1 && grid.Width() > width + Slack(grid)) {
    size_t last = 0;
    for (size_t i = 1; i < grid.columns.size(); ++i) {
      if (grid.columns[i].rank >= grid.columns[last].rank) last = i;
    }
    if (grid.columns[last].rank <= 1) break;
    grid.Drop(last);
  }
  for (int rank = 2; rank >= 0; --rank) {
    while (grid.Width() > width) {
      const std::optional<size_t> widest = Widest(grid, rank);
      if (!widest || grid.widths[*widest] <= kColumnWidthMin) break;
      --grid.widths[*widest];
    }
  }
}

std::string Padded(std::string_view text, size_t width, bool is_last) {
  std::string out = FitWidth(text, width);
  if (!is_last) out.append(width - std::min(width, DisplayWidth(out)), ' ');
  return out;
}

void Flatten(const std::string& prefix, const Json& value,
             std::vector<std::pair<std::string, Json>>& out) {
  if (value.is_object() && !value.object().empty()) {
    for (const auto& [key, member] : value.object()) {
      Flatten(prefix.empty() ? key : prefix + "." + key, member, out);
    }
  } else if (!prefix.empty()) {
    out.emplace_back(prefix, value);
  }
}

}  // namespace

Json CellValue(const Json& row, std::string_view path) {
  for (const std::string_view alternative : Split(path, '|')) {
    const Json* found = row.At(alternative);
    if (found != nullptr && !found->is_null()) return *found;
  }
  return {};
}

std::string PlainText(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.string();
  return value.Dump();
}

std::string CellText(const Json& value, CellStyle style, Time now) {
  if (value.is_null()) return "";
  switch (style) {
    case CellStyle::kId:
      return FitWidth(Printable(PlainText(value)), kIdWidthMax);
    case CellStyle::kState:
      return StateWord(PlainText(value));
    case CellStyle::kTime:
      return RelativeTime(PlainText(value), now);
    case CellStyle::kBytes:
      return value.is_int() ? FormatBytes(value.int_value()) : "";
    case CellStyle::kElapsed: {
      const std::optional<Time> since = ParseTime(PlainText(value));
      return since ? FormatElapsed(std::max(Duration(0), Duration(now - *since))) : "";
    }
    default:
      return Printable(PlainText(value));
  }
}

Colour StateColour(std::string_view state) {
  if (state == "Completed" || state == "Succeeded") return Colour::kGreen;
  if (state == "Failed" || state == "NotResponding") return Colour::kRed;
  if (state == "Canceled" || state == "CancelRequested") return Colour::kDim;
  if (state == "Running" || state == "Finalizing") return Colour::kBlue;
  return Colour::kYellow;
}

std::string StateWord(std::string_view state) {
  std::string_view icon = "·";
  if (state == "Completed" || state == "Succeeded") icon = "✓";
  if (state == "Failed") icon = "✗";
  if (state == "NotResponding") icon = "?";
  if (state == "Canceled" || state == "CancelRequested") icon = "-";
  if (state == "Running" || state == "Finalizing") icon = "▶";
  return std::string(icon) + " " + std::string(state);
}

std::string FormatTable(const std::vector<Column>& columns, const std::vector<Json>& rows,
                        const Terminal& terminal, Time now) {
  Grid grid = MakeGrid(columns, rows, now);
  Fit(grid, static_cast<size_t>(terminal.width));
  std::string out;
  for (size_t i = 0; i < grid.columns.size(); ++i) {
    const bool is_last = i + 1 == grid.columns.size();
    out += terminal.Out(Padded(grid.columns[i].title, grid.widths[i], is_last), Colour::kBold);
    out += is_last ? "\n" : kGap;
  }
  for (size_t row = 0; row < rows.size(); ++row) {
    std::string line;
    for (size_t i = 0; i < grid.columns.size(); ++i) {
      const bool is_last = i + 1 == grid.columns.size();
      std::string cell = Padded(grid.cells[i][row], grid.widths[i], is_last);
      if (grid.columns[i].style == CellStyle::kState) {
        cell =
            terminal.Out(cell, StateColour(PlainText(CellValue(rows[row], grid.columns[i].path))));
      }
      line += cell;
      if (!is_last) line += kGap;
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

std::string FormatTabbed(const std::vector<Column>& columns, const std::vector<Json>& rows) {
  std::string out;
  for (const Json& row : rows) {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) out += '\t';
      out +=
          ReplaceAll(ReplaceAll(PlainText(CellValue(row, columns[i].path)), "\t", " "), "\n", " ");
    }
    out += '\n';
  }
  return out;
}

std::vector<std::pair<std::string, Json>> FlattenObject(const Json& object) {
  std::vector<std::pair<std::string, Json>> out;
  Flatten("", object, out);
  return out;
}

std::string FormatFields(const Json& object, const Terminal& terminal) {
  const auto fields = FlattenObject(object);
  size_t width = 0;
  for (const auto& [name, value] : fields) width = std::max(width, DisplayWidth(name));
  width = std::min(width, static_cast<size_t>(terminal.width) / 2);
  std::string out;
  for (const auto& [name, value] : fields) {
    if (value.is_null() || ((value.is_object() || value.is_array()) && value.Dump().size() == 2)) {
      continue;
    }
    out += terminal.Out(Padded(name, width, false), Colour::kBold) + std::string(kGap);
    // Texts of several lines (conda files, commands) keep their lines.
    const std::string whole = PlainText(value);
    std::string text;
    for (const std::string_view line : Split(whole, '\n')) {
      if (!text.empty()) text += "\n" + std::string(width + kGap.size(), ' ');
      text += Printable(line);
    }
    while (text.ends_with(' ') || text.ends_with('\n')) text.pop_back();
    const bool is_state = name == "status" || name == "state" || name == "provisioning_state";
    out += (is_state ? terminal.Out(text, StateColour(text)) : text) + "\n";
  }
  return out;
}

std::string FormatFieldsTabbed(const Json& object) {
  std::string out;
  for (const auto& [name, value] : FlattenObject(object)) {
    out += name + "\t" + ReplaceAll(PlainText(value), "\n", "\\n") + "\n";
  }
  return out;
}

}  // namespace lazurite::cli
