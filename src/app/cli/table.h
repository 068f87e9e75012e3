// Tables for terminals and pipes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/cli/terminal.h"
#include "base/clock.h"
#include "base/json.h"

namespace lazurite::cli {

enum class CellStyle : unsigned char { kText, kId, kState, kTime, kBytes, kElapsed, kNumber };

struct Column {
  std::string_view title;
  std::string_view path;  // dotted, into the row's JSON; alternatives separated by "|"
  CellStyle style = CellStyle::kText;
  int rank = 1;  // the highest is dropped first when the width does not do
};

// The value at one of the paths, or null.
Json CellValue(const Json& row, std::string_view path);
// For a person: relative times, shortened ids, "3.1 GiB".
std::string CellText(const Json& value, CellStyle style, Time now);
// For a program: the full value; null is empty, objects and arrays are JSON.
std::string PlainText(const Json& value);

// Fitted to the terminal's width: columns of the highest rank are dropped, then the widest is cut.
std::string FormatTable(const std::vector<Column>& columns, const std::vector<Json>& rows,
                        const Terminal& terminal, Time now);
// One line a row, tabs between the full values, without a heading.
std::string FormatTabbed(const std::vector<Column>& columns, const std::vector<Json>& rows);

// Members of nested objects with dotted names, for showing one object.
std::vector<std::pair<std::string, Json>> FlattenObject(const Json& object);
std::string FormatFields(const Json& object, const Terminal& terminal);
std::string FormatFieldsTabbed(const Json& object);

// The colour of a state: running blue, completed green, failed red, waiting yellow; its icon before
// it.
Colour StateColour(std::string_view state);
std::string StateWord(std::string_view state);

}  // namespace lazurite::cli
